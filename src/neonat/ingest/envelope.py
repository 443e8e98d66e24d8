"""Envelopes: one message of `…/frames` into its records and what of it is refused.

The rules are wire.md's. Nothing here raises, whatever the bytes are.
"""

import re
from datetime import datetime
from typing import NamedTuple

from medibus.escape import unescape
from neonat.gateway.envelope import LINE_MAX, MESSAGE_MAX, NUMBER_MAX, parse_time

GATEWAY = re.compile(r"[A-Za-z0-9_-]{1,32}")

# Lines as gateways write them. What is looser than wire.md (an escape that needs none, the date) is
# checked where it is used; whatever does not match is read line by line.
_USUAL = re.compile(
    rb"^[A-Za-z0-9_-]{1,32}\|"
    rb"(?:([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:)([0-5][0-9])\.([0-9]{3})Z|\+([0-9]{1,12}))\|"
    rb"([1-9][0-9]{0,8})\.([1-9][0-9]{0,8})\|"
    rb"(\\x01|\\x1b|!)((?:[ -\[\]-~]++|\\x[0-9a-f]{2}|\\\\)++)$",
    re.MULTILINE,
)
_START = {rb"\x01": b"\x01", rb"\x1b": b"\x1b", b"!": b"!"}

_SHORTEST = len("i|+0|1.1|!w")
_MINUTES_KEPT = 4096
_EPOCH = datetime(1970, 1, 1)


class Envelope(NamedTuple):
    """One line: either `at` (UTC, ms since 1970) or `uptime` (ms since boot) is None."""

    boot: int
    seq: int
    at: int | None
    uptime: int | None
    data: bytes


class Refused(NamedTuple):
    """What is not taken: the reason, one word, and the bytes."""

    reason: str
    payload: bytes


class Minutes(dict[bytes, int]):
    """UTC ms of `2026-11-23T08:45:`; bounded, since the bytes are whatever somebody sent."""

    def __missing__(self, prefix: bytes) -> int:
        if len(self) >= _MINUTES_KEPT:
            self.clear()
        past = datetime.fromisoformat(str(prefix[:-1], "ascii")) - _EPOCH
        if past.days < 0:
            raise ValueError("before 1970")
        self[prefix] = at = (past.days * 86400 + past.seconds) * 1000
        return at


_minutes = Minutes()


def envelopes(gateway: str, payload: bytes) -> tuple[list[Envelope], list[Refused]]:
    """The envelopes of one message of `gateway` in their order, and what is refused of it.

    Reasons: `message_size` (longer than 16 KiB: nothing of it is taken), `line_size` (longer than
    1 KiB), `gateway_id` (another id than the topic's), `envelope` (not an envelope).
    """
    if len(payload) > MESSAGE_MAX:
        return [], [Refused("message_size", payload)]
    if payload.endswith(b"\n"):
        payload = payload[:-1]
    lines = payload.split(b"\n")
    usual = _USUAL.findall(payload)
    own = b"\n" + gateway.encode() + b"|"
    if (
        len(usual) == len(lines) == (b"\n" + payload).count(own)
        and max(map(len, lines)) <= LINE_MAX
    ):
        try:
            return _usual(usual), []
        except ValueError:
            pass
    return _any(gateway, lines)


def _usual(lines: list[tuple[bytes, ...]]) -> list[Envelope]:
    """Matches of the usual pattern; ValueError when a date or an escape among them is none."""
    minutes = _minutes
    start_of = _START
    new = tuple.__new__
    found = []
    for minute, second, ms, uptime, boot, seq, start, rest in lines:
        if b"\\" in rest:
            rest = unescape(str(rest, "ascii"))
        if minute:
            at = minutes[minute] + int(second) * 1000 + int(ms)
            found.append(new(Envelope, (int(boot), int(seq), at, None, start_of[start] + rest)))
        else:
            found.append(
                new(Envelope, (int(boot), int(seq), None, int(uptime), start_of[start] + rest))
            )
    return found


def _any(gateway: str, lines: list[bytes]) -> tuple[list[Envelope], list[Refused]]:
    taken: list[Envelope] = []
    refused: list[Refused] = []
    for line in lines:
        if len(line) < _SHORTEST:
            refused.append(Refused("envelope", line))
            continue
        if len(line) > LINE_MAX:
            refused.append(Refused("line_size", line))
            continue
        try:
            name, envelope = parse(line)
        except ValueError:
            refused.append(Refused("envelope", line))
            continue
        if name == gateway:
            taken.append(envelope)
        else:
            refused.append(Refused("gateway_id", line))
    return taken, refused


def parse(line: bytes) -> tuple[str, Envelope]:
    """The id and the envelope of one line without its LF; ValueError when it is none."""
    fields = str(line, "ascii").split("|", 3)
    if len(fields) != 4:
        raise ValueError("fewer than four fields")
    name, time, number, text = fields
    if not GATEWAY.fullmatch(name):
        raise ValueError("no gateway id")
    at, uptime = parse_time(time)
    if at is not None and at < 0:
        raise ValueError("before 1970")
    boot, _, seq = number.partition(".")
    data = unescape(text)
    if data[:1] not in (b"\x01", b"\x1b", b"!") or len(data) < 2:
        raise ValueError("neither a frame nor a gateway record")
    return name, Envelope(_number(boot), _number(seq), at, uptime, data)


def _number(text: str) -> int:
    if not (0 < len(text) <= 10 and text.isascii() and text.isdigit()):
        raise ValueError("no number")
    value = int(text)
    if not 1 <= value <= NUMBER_MAX:
        raise ValueError("number out of range")
    return value
