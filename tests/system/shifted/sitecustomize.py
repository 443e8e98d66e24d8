"""A process that finds this on its path sees a wall clock that a test sets: seconds in a file."""

import os
import time

_FILE = os.environ["NEONAT_TEST_CLOCK"]
_real = time.time_ns


def _shifted() -> int:
    try:
        with open(_FILE, encoding="ascii") as file:
            ahead = float(file.read() or 0)
    except (OSError, ValueError):
        ahead = 0.0
    return _real() + int(ahead * 1e9)


time.time_ns = _shifted
time.time = lambda: _shifted() / 1e9
