"""What lies in a gateway's spool, read from outside while it may be written or killed."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

from neonat.gateway import unpack
from neonat.gateway.files import Files
from neonat.gateway.segment import decode

# How long records may wait in RAM under MicroPython: `spool_delay_ms` of its boards.
DELAY_MS = 2000


def paths(folder: Path) -> list[Path]:
    """The files of all segments."""
    return sorted(path for path in folder.glob("*.???") if path.suffix in (".log", ".pak"))


def size(folder: Path) -> int:
    """Bytes of all segments."""
    found = 0
    for path in paths(folder):
        with contextlib.suppress(FileNotFoundError):
            found += path.stat().st_size
    return found


def records(folder: Path) -> Iterator[tuple[int, int, str]]:
    """(boot, seq, data) of every whole record."""
    files = Files(str(folder), functools.partial(open, buffering=0), None)
    for path in paths(folder):
        with contextlib.suppress(FileNotFoundError):
            if path.suffix == ".log":
                found = [decode(line) for line in path.read_bytes().split(b"\n")]
                yield from (item[1:] for item in found if item)
            else:
                yield from packed(files, path.name)


def packed(files: Files, name: str) -> Iterator[tuple[int, int, str]]:
    """The records of one packed segment."""
    segment = unpack.scan(files, name)
    reader = unpack.Reader(files, segment)
    while reader.item:
        yield segment.boot, reader.item[1], reader.item[2]
        reader.next()
