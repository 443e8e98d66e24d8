"""The original firmware's envelope, `ID|timestamp|data`, in every form it was written in.

`b'e89f6dd0edd8|2023/07/07 16:34:41|\\\\x01$6530.8…C1'`: with and without the wrapper, escapes
doubled, single or none, local time with or without leading zeros, the SOH there or missing.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from medibus.frame import FrameError, frame_of
from neonat.gateway.envelope import LINE_MAX, parse_stamp
from neonat.ingest.envelope import GATEWAY

TOPICS = ("trame_complete", "test_topic")

_LOCAL = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2}) ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})")
_ESCAPED = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([rnt\\'\"]))")
_LETTERS = {b"r": b"\r", b"n": b"\n", b"t": b"\t"}


class LegacyEnvelope(NamedTuple):
    """One original envelope; `at` is UTC, ms since 1970; `proven` tells of the checksum."""

    gateway: str
    at: int
    data: bytes
    proven: bool


def legacy_envelope(payload: bytes, zone: ZoneInfo, received_at: int) -> LegacyEnvelope:
    """The envelope that one message holds; ValueError with the reason when it holds none.

    `received_at` (UTC, ms) decides which of two hours a time in the autumn's double hour means.
    """
    if len(payload) > LINE_MAX:
        raise ValueError("longer than a line may be")
    fields = _unwrapped(payload.strip(b"\r\n")).split(b"|", 2)
    if len(fields) != 3:
        raise ValueError("fewer than three fields")
    gateway = str(fields[0], "ascii")
    if not GATEWAY.fullmatch(gateway):
        raise ValueError("no gateway id")
    at = utc_ms(str(fields[1], "ascii"), zone, received_at)
    data, proven = _frame(fields[2])
    return LegacyEnvelope(gateway, at, data, proven)


def utc_ms(text: str, zone: ZoneInfo, received_at: int) -> int:
    """UTC ms of `2023/07/07 16:34:41` in `zone`, or of an ISO stamp; ValueError for any other.

    Of the two meanings of a time in the double hour, the one nearer to `received_at`.
    """
    match = _LOCAL.fullmatch(text)
    if match is None:
        return _after_1970(parse_stamp(text))
    year, month, day, hour, minute, second = (int(number) for number in match.groups())
    if not 1970 <= year < 9999:
        raise ValueError("no year of this device")
    meanings = [
        datetime(year, month, day, hour, minute, second, tzinfo=zone, fold=fold).astimezone(UTC)
        for fold in (0, 1)
    ]
    times = [round(meaning.timestamp()) * 1000 for meaning in meanings]
    if times[1] < times[0]:
        return _after_1970(times[0])
    return _after_1970(min(times, key=lambda at: abs(at - received_at)))


def _after_1970(at: int) -> int:
    if at < 0:
        raise ValueError("before 1970")
    return at


def _unwrapped(text: bytes) -> bytes:
    for quote in (b"'", b'"'):
        if len(text) > 3 and text.startswith(b"b" + quote) and text.endswith(quote):
            return text[2:-1]
    return text


def _unescaped(text: bytes) -> bytes:
    def plain(match: re.Match[bytes]) -> bytes:
        digits, letter = match.groups()
        return bytes.fromhex(str(digits, "ascii")) if digits else _LETTERS.get(letter, letter)

    return _ESCAPED.sub(plain, text)


def _frame(text: bytes) -> tuple[bytes, bool]:
    """The frame in `text` and whether its checksum proves it: the reading that it proves wins."""
    once = _unescaped(text)
    twice = _unescaped(once)
    readings = [reading.rstrip(b"\r\n") for reading in (twice, once, text)]
    for reading in readings:
        for start in (b"", b"\x01"):
            if proven(start + reading):
                return start + reading, True
    data = readings[0]
    if not data:
        raise ValueError("no data")
    return (data if data[:1] in (b"\x01", b"\x1b") else b"\x01" + data), False


def proven(data: bytes) -> bool:
    """Whether `data` is a whole frame with the right checksum."""
    try:
        frame_of(data)
    except FrameError:
        return False
    return True
