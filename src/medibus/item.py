"""The items that frames are made of, by kind; the keys are those of commands.md."""

from collections import namedtuple

from .identity import Identity as Identity

Reading = namedtuple("Reading", ("kind", "code", "codepage", "name", "value", "unit", "raw"))
Limit = namedtuple("Limit", ("kind", "code", "codepage", "name", "value", "unit", "raw", "side"))
Setting = namedtuple("Setting", ("kind", "code", "name", "value", "unit", "raw"))
Alarm = namedtuple("Alarm", ("kind", "code", "codepage", "priority", "phrase"))
Text = namedtuple("Text", ("kind", "code", "text"))
Clock = namedtuple("Clock", ("kind", "value", "raw"))
Stream = namedtuple("Stream", ("kind", "code", "interval_us", "low", "high", "steps", "raw"))
Raw = namedtuple("Raw", ("kind", "raw"))

_FIELDS = {
    "reading": ("code", "codepage", "name", "value", "unit", "raw"),
    "limit": ("code", "codepage", "name", "value", "unit", "raw", "side"),
    "setting": ("code", "name", "value", "unit", "raw"),
    "alarm": ("code", "codepage", "priority", "phrase"),
    "text": ("code", "text"),
    "clock": ("value", "raw"),
    "identity": ("id", "name", "revision"),
    "stream": ("code", "interval_us", "low", "high", "steps", "raw"),
    "raw": ("raw",),
}


def as_dict(item: tuple) -> "dict[str, object]":
    """An item with the keys of commands.md; a clock shows `raw` only where it has no value."""
    kind = item[0]
    out = {"kind": kind}
    at = 1
    for field in _FIELDS[kind]:
        out[field] = item[at]
        at += 1
    if kind == "clock" and item[1] is not None:
        del out["raw"]
    return out


def number(field: str) -> "int | float | None":
    """The number of a field, None when it holds none.

    Trimmed, it is a sign or none, digits, and at most one point; an int when it has no point.
    """
    text = field.strip(" ")
    digits = text[1:] if text[:1] in ("+", "-") else text
    whole = digits.replace(".", "", 1)
    if not whole or len(whole) > 18:
        return None
    for char in whole:
        if char not in "0123456789":
            return None
    return int(text) if len(whole) == len(digits) else float(text)
