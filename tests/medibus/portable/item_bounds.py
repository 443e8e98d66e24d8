"""Memory of the items under values that are always new."""

from heap import in_use

from medibus.frame import Frame, response
from medibus.items import items


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
