"""Items of a fixed width, and those that ETX ends, made one cell at a time.

A cell always makes the same item, so they are remembered where there is room: a measured value
comes back soon even where it drifts.
"""

try:
    from struct import Struct
except ImportError:
    Struct = None  # type: ignore[assignment, misc]

from .escape import plain
from .item import Alarm, Limit, Reading, Setting, Stream, Text, number
from .remember import remembered

_ETX = b"\x03"


if Struct is not None:

    def _cutter(width: int):
        """What cuts data of a length into cells, by that length."""

        def make(length: int):
            rest = length % width
            last = "%ds" % rest if rest else ""
            return Struct(("%ds" % width) * (length // width) + last).unpack

        return remembered(make)

    def fixed(width: int, make):
        """A reader of data that is a row of cells of `width` bytes; the last may be cut short."""
        cell = remembered(make).__getitem__
        cut = _cutter(width)

        def read(data: bytes) -> list:
            return list(map(cell, cut[len(data)](data)))

        return read

else:

    def fixed(width: int, make):
        """A reader of data that is a row of cells of `width` bytes; the last may be cut short."""

        def read(data: bytes) -> list:
            return [make(data[at : at + width]) for at in range(0, len(data), width)]

        return read


def texts():
    """A reader of text messages: code 2, length 1, text, ETX.

    The ETX decides where a text ends; with it the length says nothing more.
    """
    cell = remembered(_text).__getitem__

    def read(data: bytes) -> list:
        return list(map(cell, filter(None, data.split(_ETX))))

    return read


def _text(cell: bytes) -> Text:
    return Text("text", plain(cell[:2]), plain(cell[3:]))


def meaning(model, kind: str, page: "int | None", code: str) -> tuple:
    """Name and unit of a code in a model's table, (None, None) when it is not there."""
    for row in model.ROWS:
        if row[2] == code and row[0] == kind and row[1] == page:
            return row[3], row[4]
    return None, None


def reading(model, page: int):
    """Makes a Reading of code 2, value 4; a field cut short has no value."""

    def make(cell: bytes) -> Reading:
        code = plain(cell[:2])
        name, unit = meaning(model, "reading", page, code)
        raw = plain(cell[2:])
        value = number(raw) if len(cell) == 6 else None
        return Reading("reading", code, page, name, value, unit, raw)

    return make


def limit(model, page: int, side: str):
    """Makes a Limit of code 2, value 4, named as the reading that it bounds."""
    made = reading(model, page)

    def make(cell: bytes) -> Limit:
        _, code, _, name, value, unit, raw = made(cell)
        return Limit("limit", code, page, name, value, unit, raw, side)

    return make


def setting(model):
    """Makes a Setting of code 2, value 5; a field cut short has no value."""

    def make(cell: bytes) -> Setting:
        code = plain(cell[:2])
        name, unit = meaning(model, "setting", None, code)
        raw = plain(cell[2:])
        value = number(raw) if len(cell) == 7 else None
        return Setting("setting", code, name, value, unit, raw)

    return make


def alarm(page: int):
    """Makes an Alarm of priority 1, code 2, phrase 12."""

    def make(cell: bytes) -> Alarm:
        phrase = plain(cell[3:]).rstrip(" ")
        return Alarm("alarm", plain(cell[1:3]), page, plain(cell[:1]), phrase)

    return make


def stream(cell: bytes) -> Stream:
    """Real-time stream: code 2, interval in µs 8, min 5, max 5, greatest binary value 3 hex."""
    text = plain(cell)
    code, raw = text[:2], text[2:]
    if len(cell) != 23 or len(text) != 23:
        return Stream("stream", code, None, None, None, None, raw)
    steps = None
    if not text[20:].strip("0123456789ABCDEF"):
        steps = int(text[20:], 16)
    return Stream(
        "stream", code, number(raw[:8]), number(raw[8:13]), number(raw[13:18]), steps, raw
    )
