"""Time from a time server: the packets of SNTP (RFC 4330) and which answers count, sans-I/O.

`ticks` are milliseconds that only go forward; an offset is UTC milliseconds minus ticks.
"""

PORT = 123
SIZE = 48
ASK = 0x23  # version 4, client
# Seconds from 1900 to 1970, and the length of an era; eras end in 2036 and 2172.
FROM_1900 = 2208988800
ERA = 1 << 32
EARLIEST_MS = 1700000000000  # 2023: no server's clock is older than this program
DISTANCE_MAX_MS = 3000
AGREE_MS = 250


class RefusedError(ValueError):
    """An answer that does not count; one line that says why."""


def request(token: bytes) -> bytes:
    """A question; `token`, 8 random bytes, comes back and proves the answer."""
    return bytes([ASK]) + bytes(39) + token


def _ms(data: bytes) -> int:
    seconds = int.from_bytes(data[:4], "big")
    if seconds < ERA >> 1:
        seconds += ERA
    return (seconds - FROM_1900) * 1000 + (int.from_bytes(data[4:8], "big") * 1000 >> 32)


def answer(data: bytes, token: bytes, sent: int, received: int) -> "tuple[int, int]":
    """(round trip, offset) in ms of an answer to what was sent at `sent` ticks; RefusedError."""
    if len(data) < SIZE or data[0] & 7 != 4:
        raise RefusedError("this is no answer of a time server")
    if data[24:32] != token:
        raise RefusedError("this answers another question")
    if data[1] == 0:
        raise RefusedError(
            "it sends us away: " + "".join([chr(c) for c in data[12:16] if 64 < c < 91])
        )
    if data[0] >> 6 == 3 or data[1] > 15 or data[40:48] == bytes(8):
        raise RefusedError("its own clock is not set")
    distance = int.from_bytes(data[4:8], "big") // 2 + int.from_bytes(data[8:12], "big")
    if distance * 1000 >> 16 > DISTANCE_MAX_MS:
        raise RefusedError("it is too far from a true clock")
    arrived, left = _ms(data[32:40]), _ms(data[40:48])
    trip = (received - sent) - (left - arrived)
    if left < arrived or trip < -1 or left < EARLIEST_MS:
        raise RefusedError("its times cannot be")
    return max(0, trip), ((arrived - sent) + (left - received)) // 2


def chosen(samples: "list[tuple[int, int]]") -> "tuple[int, int] | None":
    """Which (round trip, offset), one a server, counts: the shortest trip of those that agree.

    None when no more agree than do not: an even number of servers may be split.
    """
    best: list = []
    for sample in samples:
        agreeing = [
            other
            for other in samples
            if abs(other[1] - sample[1]) <= AGREE_MS + (other[0] + sample[0]) // 2
        ]
        if len(agreeing) > len(best):
            best = agreeing
    if not best or 2 * len(best) <= len(samples):
        return None
    return min(best)
