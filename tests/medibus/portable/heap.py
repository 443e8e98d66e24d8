"""How much memory is in use, under either runtime."""

import gc

try:
    import tracemalloc
except ImportError:
    tracemalloc = None


def in_use():
    """Bytes in use after collection; under CPython those since the first call."""
    gc.collect()
    if tracemalloc:
        tracemalloc.start()
        return tracemalloc.get_traced_memory()[0]
    return gc.mem_alloc()
