"""The line on the wire, `ID|timestamp|boot.seq|data`, and the gateway's records: write and read."""

from neonat.gateway.identifier import valid_gateway
from neonat.gateway.writing import (
    LINE_MAX,
    acks,
    held_text,
    line,
    quote,
    record,
    stamp,
    unset_stamp,
)

__all__ = (
    "LINE_MAX",
    "MESSAGE_MAX",
    "NUMBER_MAX",
    "ack_lines",
    "held_text",
    "line",
    "parse_ack",
    "parse_held",
    "parse_line",
    "parse_record",
    "parse_stamp",
    "parse_time",
    "quote",
    "record",
    "stamp",
    "unquote",
    "unset_stamp",
    "valid_gateway",
)

MESSAGE_MAX = 16384
NUMBER_MAX = 4294967295

_DAY = 86400000


def _days(year: int, month: int, day: int) -> int:
    if month < 3:
        year -= 1
        month += 12
    past = 365 * year + year // 4 - year // 100 + year // 400
    return past + (153 * (month - 3) + 2) // 5 + day - 719469


def _digits(text: str, limit: int = 20) -> int:
    if not 0 < len(text) <= limit or not all("0" <= char <= "9" for char in text):
        raise ValueError("not a number: " + repr(text[:32]))
    return int(text)


def parse_stamp(text: str) -> int:
    """Milliseconds since 1970 of a stamp exactly as `stamp` writes it; ValueError for any other."""
    if len(text) != 24:
        raise ValueError("not a timestamp: " + repr(text[:32]))
    days = _days(_digits(text[0:4]), _digits(text[5:7]), _digits(text[8:10]))
    minutes = _digits(text[11:13]) * 60 + _digits(text[14:16])
    at = days * _DAY + (minutes * 60 + _digits(text[17:19])) * 1000 + _digits(text[20:23])
    if stamp(at) != text:
        raise ValueError("not a timestamp: " + repr(text[:32]))
    return at


def parse_time(text: str) -> "tuple[int | None, int | None]":
    """(UTC ms, None) of a timestamp, (None, ms since boot) of a `+12345`; ValueError otherwise.

    No gateway runs for 30 years: more would put the start of its boot out of all calendars.
    """
    if text[:1] == "+":
        return None, _digits(text[1:], 12)
    return parse_stamp(text), None


def parse_line(text: str) -> "tuple[str, str, int, int, str]":
    """(gateway, time, boot, seq, data) of one envelope; ValueError with the reason."""
    fields = text.split("|", 3)
    if len(fields) != 4:
        raise ValueError("fewer than four fields")
    gateway, time, number, data = fields
    if not valid_gateway(gateway):
        raise ValueError("not a gateway's name")
    parse_time(time)
    boot, dot, seq = number.partition(".")
    if not dot:
        raise ValueError("no boot.seq")
    pair = _digits(boot, 10), _digits(seq, 10)
    if not (1 <= pair[0] <= NUMBER_MAX and 1 <= pair[1] <= NUMBER_MAX):
        raise ValueError("boot.seq out of range")
    return gateway, time, pair[0], pair[1], data


def unquote(text: str) -> str:
    """The value that `quote` wrote; ValueError for a broken %XX or no UTF-8."""
    head, *parts = text.split("%")
    out = bytearray(head.encode())
    for part in parts:
        code = part[:2]
        if len(code) != 2 or not all(char in "0123456789ABCDEFabcdef" for char in code):
            raise ValueError("broken % in " + repr(text[:32]))
        out.append(int(code, 16))
        out.extend(part[2:].encode())
    try:
        return bytes(out).decode()
    except UnicodeError:
        raise ValueError("no UTF-8 in " + repr(text[:32])) from None


def parse_record(data: str) -> "tuple[str, dict]":
    """(word, {key: value}) of a gateway record's data; ValueError with the reason."""
    word, *fields = data.split(" ")
    if len(word) < 2 or word[0] != "!":
        raise ValueError("not a gateway record")
    values = {}
    for field in fields:
        key, equals, value = field.partition("=")
        if not key or not equals:
            raise ValueError("not key=value: " + repr(field[:32]))
        values[key] = unquote(value)
    return word[1:], values


def parse_held(text: str) -> "list[tuple[int, int, int]]":
    """The ranges that `held_text` wrote; ValueError."""
    ranges = []
    for item in text.split(",") if text else []:
        boot, colon, span = item.partition(":")
        first, dash, last = span.partition("-")
        if not colon or not dash:
            raise ValueError("not boot:first-last: " + repr(item[:32]))
        ranges.append((_digits(boot, 10), _digits(first, 10), _digits(last, 10)))
    return ranges


def ack_lines(ranges: "list[tuple[int, int, int]]") -> str:
    """(boot, first, last) ranges as the payload of an acknowledgement."""
    return "\n".join("%d %d %d" % item for item in ranges)


def parse_ack(payload: bytes) -> "tuple[list[tuple[int, int, int]], int]":
    """The (boot, first, last) ranges that are acknowledged, and how many lines were none."""
    found = list(acks(payload))
    return [item for item in found if item and item[1] <= item[2]], found.count(None)
