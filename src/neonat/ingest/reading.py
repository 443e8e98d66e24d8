"""What the store has to be told about frames, by `medibus` and the gateway's envelope."""

import struct
from collections.abc import Callable, Iterator

from medibus import requests
from medibus.catalog import DEVICES, lookup
from medibus.frame import SOH, FrameError, frame_of
from medibus.items import items
from neonat.gateway.envelope import parse_held, parse_record, parse_stamp
from neonat.store import (
    BAD,
    CELLS,
    PREFIX,
    WHOLE,
    Boot,
    Cell,
    Clock,
    Drop,
    Identity,
    Meaning,
    Name,
    Note,
)

# Measured data and limits: what changes lies in the four bytes of each cell.
_IN_CELLS = frozenset((*requests.DATA, *requests.LOW_LIMITS, *requests.HIGH_LIMITS))
# Answers that stay the same for minutes or hours; everything else is told apart by its code only.
_STEADY = frozenset((*requests.ALARMS, requests.SETTINGS, requests.TEXTS, requests.IDENTIFY))
_TRACKED = frozenset((*requests.ALARMS, requests.SETTINGS, requests.TEXTS))
_SHORT = 8
_PRINTABLE = bytes(range(0x20, 0x7F))
# 30 years, and the year 9900: beyond, no text of a time and no integer of a table can hold them.
_UPTIME_MAX = 10**12 - 1
_CLOCK_MAX = 250_246_000_000_000

_KEPT = 4096
_KEPT_BYTES = 512

Split = tuple[bytes, bytes | None]


class FrameReader:
    """`neonat.store.Reader` for MEDIBUS. One for each thread that uses it."""

    def __init__(self) -> None:
        self._known: dict[bytes, Split] = {}
        self._cells: dict[int, Callable[[bytes], tuple[bytes, ...]]] = {}

    def split(self, data: bytes) -> Split:
        """The shape and the body of a record's data; no bytes make it raise."""
        known = self._known.get(data)
        if known is not None:
            return known
        found = self._split(data)
        if found[1] is None and len(data) <= _KEPT_BYTES:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[data] = found
        return found

    def _split(self, data: bytes) -> Split:
        if data[:1] == b"!":
            word, blank, rest = data.partition(b" ")
            if len(word) <= 16:
                return PREFIX + word + blank, rest
            return PREFIX + b"!", data[1:]
        try:
            frame_of(data)
        except FrameError:
            return BAD, data
        code = data[1]
        if data[0] == SOH:
            if code in _IN_CELLS and self._in_cells(data):
                return self._cut(data)
            if code in _STEADY or code in _IN_CELLS:
                return WHOLE + data, None
        if len(data) <= _SHORT:
            return WHOLE + data, None
        return PREFIX + data[:2], data[2:]

    def _in_cells(self, data: bytes) -> bool:
        size = len(data) - 4
        return size > 0 and size % 6 == 0 and not data[2:].strip(_PRINTABLE)

    def _cut(self, data: bytes) -> Split:
        count = (len(data) - 4) // 6
        cut = self._cells.get(count)
        if cut is None:
            cut = self._cells[count] = struct.Struct("2s" + "2s4s" * count + "2s").unpack
        parts = cut(data)
        return CELLS + parts[0] + b"".join(parts[1:-1:2]), b"".join(parts[2::2]) + parts[-1]

    def meaning(self, shape: bytes) -> Meaning:
        """What a shape holds; its cells carry no names, those are the catalog's."""
        form, rest = shape[:1], shape[1:]
        if form == BAD:
            return Meaning("", False, ())
        if rest[:1] == b"!":
            return Meaning("!", False, ())
        if rest[:1] != bytes((SOH,)):
            return Meaning("", False, ())
        code = rest[1]
        request = f"{code:02X}"
        if form == CELLS:
            return Meaning(request, False, tuple(_fields(code, rest[2:])))
        if form == PREFIX:
            return Meaning(request, False, ())
        frame = frame_of(rest)
        cells = tuple(_cells(items(frame)))
        identity = _identity(cells, items(frame))
        tracked = code in _TRACKED or identity is not None
        return Meaning(request, tracked, cells, identity)

    def note(self, data: bytes) -> Note | None:
        """What a gateway record says that the store must know; None for all else."""
        try:
            return _note(*parse_record(str(data, "ascii")))
        except (ValueError, KeyError):
            return None

    def names(self) -> Iterator[Name]:
        """The catalog of all device models; `device` is empty for the default table.

        A device that is known but has no table gets a row without a name, so that it is not
        taken for one that is not known.
        """
        for device in ("", *DEVICES):
            yield Name(device, "device", None, "", DEVICES.get(device), None)
            for row in lookup(device or None).ROWS:
                kind, codepage, code, name, unit = row[:5]
                yield Name(device, kind, codepage, code, name, unit)
                if kind == "reading":
                    yield Name(device, "limit", codepage, code, name, unit)


def _fields(code: int, cells: bytes) -> Iterator[Cell]:
    """The cells of a shape whose fields lie in the body."""
    pages = {**requests.DATA, **requests.LOW_LIMITS, **requests.HIGH_LIMITS}
    kind = "reading" if code in requests.DATA else "limit"
    side = None
    if kind == "limit":
        side = "low" if code in requests.LOW_LIMITS else "high"
    for at in range(0, len(cells), 2):
        yield Cell(kind, str(cells[at : at + 2], "ascii"), pages[code], side)


def _cells(found: list) -> Iterator[Cell]:
    for item in found:
        kind = item.kind
        if kind == "reading":
            yield Cell(kind, item.code, item.codepage, raw=item.raw, value=item.value)
        elif kind == "limit":
            yield Cell(kind, item.code, item.codepage, item.side, raw=item.raw, value=item.value)
        elif kind == "setting":
            yield Cell(kind, item.code, raw=item.raw, value=item.value)
        elif kind == "alarm":
            yield Cell(kind, item.code, item.codepage, priority=item.priority, text=item.phrase)
        elif kind == "text":
            yield Cell(kind, item.code, text=item.text)
        elif kind == "identity":
            yield Cell(kind, item.id, text=item.name)


def _identity(cells: tuple[Cell, ...], found: list) -> Identity | None:
    for item in found:
        if item.kind == "identity" and item.id:
            return Identity(item.id, item.name, item.revision)
    return None


def _note(word: str, values: dict[str, str]) -> Note | None:
    if word == "boot":
        return Boot(tuple(parse_held(values.get("held", ""))))
    if word == "drop":
        boot = values.get("boot")
        return Drop(None if boot is None else int(boot), int(values["first"]), int(values["last"]))
    if word == "clock":
        return _clock(
            parse_stamp(values["at"]), int(values["uptime"]), int(values.get("step", "0"))
        )
    return None


def _clock(at: int, uptime: int, step: int) -> Clock | None:
    """None for what no clock can be: it would leave a whole boot without times."""
    if 0 <= at <= _CLOCK_MAX and 0 <= uptime <= _UPTIME_MAX and abs(step) <= _CLOCK_MAX:
        return Clock(at, uptime, step)
    return None
