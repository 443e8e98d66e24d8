"""How frames lie in rows.

A row is one frame and up to FOLLOWERS_MAX frames right behind it that have no body of their own.
A follower is three characters of the row's `more`: the milliseconds since the row's frame, how
much its delay differs from that of the row's frame (zigzag), its shape; each plus one. Any
SQLite can take them apart by `unicode(substr(more, n, 1))`, and UTF-8 makes most one byte long.
"""

from collections.abc import Iterator
from typing import NamedTuple

from neonat.store.records import BAD, CELLS, PREFIX, WHOLE

FOLLOWERS_MAX = 40

# Below the surrogates, which no text may hold.
NUMBER_LIMIT = 0xD7FF

SEQ_BITS = 32
SEQ_MAX = (1 << SEQ_BITS) - 1


class Stored(NamedTuple):
    """A frame as its row tells it; `at` and `lag` as in the table `frame`."""

    seq: int
    at: int
    lag: int
    shape: int
    unset: bool
    body: bytes | None


def follower(after: int, lag: int, shape: int) -> str:
    """A follower's characters; empty when one of the numbers does not fit."""
    zigzag = 2 * lag if lag >= 0 else -2 * lag - 1
    if 0 <= after < NUMBER_LIMIT and zigzag < NUMBER_LIMIT and shape < NUMBER_LIMIT:
        return chr(after + 1) + chr(zigzag + 1) + chr(shape + 1)
    return ""


def unpack(row: tuple[int, int, int, int, bytes | None, str]) -> Iterator[Stored]:
    """The frames of a row (id, at, lag, shape, body, more) of the table `frame`."""
    ident, at, lag, shape, body, more = row
    seq = ident & SEQ_MAX
    yield Stored(seq, at, lag, abs(shape), shape < 0, body)
    for place in range(0, len(more), 3):
        seq += 1
        after, zigzag, other = (ord(char) - 1 for char in more[place : place + 3])
        delay = -(zigzag + 1) // 2 if zigzag & 1 else zigzag // 2
        yield Stored(seq, at + after, lag + delay, other, shape < 0, None)


def assemble(key: bytes, body: bytes | None) -> bytes:
    """The bytes of a frame from its shape and its body."""
    form, rest = key[:1], key[1:]
    if form == WHOLE:
        return rest
    if body is None:
        raise ValueError("a shape in parts without a body")
    if form in (PREFIX, BAD):
        return rest + body
    if form != CELLS:
        raise ValueError(f"a shape of unknown form {form!r}")
    parts = [rest[:2]]
    for place in range((len(rest) - 2) // 2):
        parts.append(rest[2 + 2 * place : 4 + 2 * place])
        parts.append(body[4 * place : 4 * place + 4])
    return b"".join([*parts, body[-2:]])
