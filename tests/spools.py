"""What lies in a gateway's spool, read from outside while it may be written or killed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from neonat.gateway.segment import decode

# How long records may wait in RAM under MicroPython: `spool_delay_ms` of its boards.
DELAY_MS = 2000


def size(folder: Path) -> int:
    """Bytes of all segments."""
    found = 0
    for path in folder.glob("*.log"):
        with contextlib.suppress(FileNotFoundError):
            found += path.stat().st_size
    return found


def records(folder: Path) -> Iterator[tuple[int, int, str]]:
    """(boot, seq, data) of every whole record."""
    for path in sorted(folder.glob("*.log")):
        with contextlib.suppress(FileNotFoundError):
            for line in path.read_bytes().split(b"\n"):
                found = decode(line)
                if found:
                    yield found[1], found[2], found[3]
