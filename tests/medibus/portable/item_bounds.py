"""Memory of the items under values that are always new."""

import gc

from medibus.frame import Frame, response
from medibus.items import items

try:
    import tracemalloc
except ImportError:
    tracemalloc = None


def in_use():
    gc.collect()
    if tracemalloc:
        tracemalloc.start()
        return tracemalloc.get_traced_memory()[0]
    return gc.mem_alloc()


def test_new_values_do_not_grow_the_items_without_end():
    def read(number):
        cell = b"65%04d" % number
        return items(Frame(response(0x24, cell * 3)[:-1]))

    for number in range(3000):
        read(number)
    before = in_use()
    for number in range(3000, 6000):
        read(number)
    assert in_use() - before < 2000000
