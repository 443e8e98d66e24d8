"""The device's own date and time (medibus.md, "Commands", 28)."""

from .escape import plain
from .item import Clock
from .remember import remembered

# English and German; for March medibus.md has no German word, and what Germans write is clear.
_MONTHS = (
    ("JAN",),
    ("FEB",),
    ("MAR", "MRZ", "MAE"),
    ("APR",),
    ("MAY", "MAI"),
    ("JUN",),
    ("JUL",),
    ("AUG",),
    ("SEP",),
    ("OCT", "OKT"),
    ("NOV",),
    ("DEC", "DEZ"),
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def clock(data: bytes) -> "list[Clock]":
    """The local time of the device, without a zone; `value` is None when it is no time."""
    if len(data) == 17:
        # `18:54:5403-APR-19`; its parts come again and again, so that they are remembered.
        date = _dates[data[8:]]
        minute = _minutes[data[:6]]
        second = _seconds[data[6:8]]
        if date and minute and second:
            return [Clock("clock", date + minute + second, data.decode())]
    return [Clock("clock", _value(plain(data)), plain(data))] if data else []


def _date_part(part: bytes) -> "str | None":
    value = _value("00:00 " + plain(part))
    return value[:11] if value else None


def _minute_part(part: bytes) -> "str | None":
    text = plain(part)
    time = _time(text[:5]) if text[5:] == ":" else None
    return "%02d:%02d:" % time[:2] if time and text[2] == ":" else None


def _second_part(part: bytes) -> "str | None":
    second = _digits(plain(part), 59)
    return None if second is None else "%02d" % second


_dates = remembered(_date_part)
_minutes = remembered(_minute_part)
_seconds = remembered(_second_part)


def _value(text: str) -> "str | None":
    # The date is the last thing with two dashes: whatever stands before its day is the time.
    parts = text.strip(" ").split("-")
    if len(parts) != 3:
        return None
    before = parts[0].strip(" ")
    day = _digits(before[-2:].strip(" "), 31)
    month = _month(parts[1].strip(" "))
    year = _digits(parts[2].strip(" "), 99)
    time = _time(before[:-2].strip(" "))
    if not day or month is None or year is None or time is None:
        return None
    leap = month == 2 and year % 4 == 0
    if day > _DAYS[month - 1] + (1 if leap else 0):
        return None
    return "20%02d-%02d-%02dT%02d:%02d:%02d" % ((year, month, day) + time)


def _time(text: str) -> "tuple[int, int, int] | None":
    parts = text.split(":")
    if not 2 <= len(parts) <= 3:
        return None
    hour = _digits(parts[0].strip(" "), 23)
    minute = _digits(parts[1].strip(" "), 59)
    second = _digits(parts[2].strip(" "), 59) if len(parts) == 3 else 0
    if hour is None or minute is None or second is None:
        return None
    return hour, minute, second


def _digits(text: str, highest: int) -> "int | None":
    if not 1 <= len(text) <= 2:
        return None
    for char in text:
        if char not in "0123456789":
            return None
    value = int(text)
    return value if value <= highest else None


def _month(text: str) -> "int | None":
    for at in range(12):
        if text.upper() in _MONTHS[at]:
            return at + 1
    return None
