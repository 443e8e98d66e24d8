"""Readings summed up by time: what lies in a bucket, how buckets lie in rows, how wide they are.

A bucket holds, for each item, count, least, sum and greatest in thousandths: a field has four
characters, so that is exact, and the order in which readings are added is all one.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

MINUTE_MS = 60_000

# Widths of the stored buckets, minutes: any span is a few thousand of one of them.
LEVELS = (1, 10, 60, 360, 1440)

# Spans up to this are read from the frames themselves.
FRAMES_MS = 2 * 3_600_000

_MINUTES = (1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720, *(1440 * n for n in (1, 2, 5, 10, 30)))
_STEPS = (1_000, 2_000, 5_000, 10_000, 15_000, 30_000, *(n * MINUTE_MS for n in _MINUTES))
_LONGEST = _STEPS[-1]

_ENTRY = struct.Struct("<IIiqi")
_NUMBER = re.compile(rb" *([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)) *")
_FIELDS_KEPT = 50_000

# count, least, sum, greatest
Sums = tuple[int, int, int, int]
Bucket = dict[int, Sums]
# (ms of UTC, shape, body)
Sample = tuple[int, int, bytes]


class Plan(NamedTuple):
    """Where the readings of a shape are: `cut` takes the fields of `items` out of a body."""

    cut: Callable[[bytes], tuple[bytes, ...]] | None
    items: tuple[int, ...]
    fixed: tuple[tuple[int, int], ...]


class _Fields(dict[bytes, int | None]):
    """The thousandths of a field of four bytes; None where it holds no number."""

    def __missing__(self, field: bytes) -> int | None:
        found = _NUMBER.fullmatch(field)
        value = None if found is None else round(float(found[1]) * 1000)
        if len(self) >= _FIELDS_KEPT:
            self.clear()
        self[field] = value
        return value


_fields = _Fields()


def plan(cells: Iterable[tuple[int, int, str | None, Any]]) -> Plan | None:
    """The plan of a shape's readings (pos, item, raw, value); None when it has none."""
    places: list[int] = []
    items: list[int] = []
    fixed: list[tuple[int, int]] = []
    for pos, item, raw, value in cells:
        if raw is None:
            places.append(pos)
            items.append(item)
        elif value is not None:
            fixed.append((item, round(value * 1000)))
    if not places and not fixed:
        return None
    cut = None
    if places:
        whole = struct.Struct("4s" * (max(places) + 1)).unpack_from
        cut = whole if places == list(range(len(places))) else _chosen(whole, places)
    return Plan(cut, tuple(items), tuple(fixed))


def _chosen(
    whole: Callable[[bytes], tuple[bytes, ...]], places: list[int]
) -> Callable[[bytes], tuple[bytes, ...]]:
    if len(places) == 1:
        return lambda body: (whole(body)[places[0]],)
    choose = itemgetter(*places)
    return lambda body: choose(whole(body))


def gather(
    samples: Iterable[Sample], plan_of: Callable[[int], Plan | None], width: int
) -> dict[int, Bucket]:
    """Buckets of `width` ms by their number since 1970."""
    groups: dict[tuple[int, int], list[bytes]] = {}
    for at, shape, body in samples:
        key = (at // width, shape)
        group = groups.get(key)
        if group is None:
            groups[key] = [body]
        else:
            group.append(body)
    out: dict[int, Bucket] = {}
    for (number, shape), bodies in groups.items():
        found = plan_of(shape)
        if found is not None:
            _sum_up(out.setdefault(number, {}), found, bodies)
    return out


def _sum_up(into: Bucket, found: Plan, bodies: list[bytes]) -> None:
    if found.cut is not None:
        columns = zip(*map(found.cut, bodies), strict=True)
        for item, column in zip(found.items, columns, strict=True):
            values = [v for v in map(_fields.__getitem__, column) if v is not None]
            if values:
                add(into, item, (len(values), min(values), sum(values), max(values)))
    many = len(bodies)
    for item, value in found.fixed:
        add(into, item, (many, value, many * value, value))


def values(sample: Sample, found: Plan) -> Iterator[tuple[int, int]]:
    """(item, thousandths) of one sample."""
    if found.cut is not None:
        for item, field in zip(found.items, found.cut(sample[2]), strict=True):
            value = _fields[field]
            if value is not None:
                yield item, value
    yield from found.fixed


def add(into: Bucket, item: int, sums: Sums) -> None:
    """Add the readings of one item to a bucket."""
    old = into.get(item)
    if old is None:
        into[item] = sums
    else:
        into[item] = (
            old[0] + sums[0],
            min(old[1], sums[1]),
            old[2] + sums[2],
            max(old[3], sums[3]),
        )


def widened(narrow: dict[int, Bucket], times: int) -> dict[int, Bucket]:
    """The same readings in buckets that are so many times as wide."""
    out: dict[int, Bucket] = {}
    for number, bucket in narrow.items():
        into = out.setdefault(number // times, {})
        for item, sums in bucket.items():
            add(into, item, sums)
    return out


def pack(bucket: Bucket) -> bytes:
    """A bucket as a row has it."""
    return b"".join(_ENTRY.pack(item, *sums) for item, sums in sorted(bucket.items()))


def unpack(body: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """(item, count, least, sum, greatest) of a row."""
    return _ENTRY.iter_unpack(body)


def entry(body: bytes, key: bytes, guess: int) -> int:
    """Where a row has the item of a key, -1 when it has not; looks at `guess` first."""
    if body[guess : guess + len(key)] == key:
        return guess
    at = body.find(key)
    while at >= 0 and at % _ENTRY.size:
        at = body.find(key, at + 1)
    return at


def key_of(item: int) -> bytes:
    """How the entry of an item begins."""
    return _ENTRY.pack(item, 0, 0, 0, 0)[:4]


def sums_at(body: bytes, at: int) -> Sums:
    """The sums of the entry that begins there."""
    _, count, low, total, high = _ENTRY.unpack_from(body, at)
    return count, low, total, high


def step_of(span: int, points: int) -> int:
    """The width of the buckets that show `span` ms by about `points`; 0 for every reading.

    Readings of their own only where they come at most about once a second.
    """
    if span <= min(points * 1000, FRAMES_MS):
        return 0
    for step in _STEPS:
        if span <= points * step and (step >= MINUTE_MS or span <= FRAMES_MS):
            return step
    return -(-span // (points * _LONGEST)) * _LONGEST


def level_of(step: int) -> int:
    """The widest stored buckets that a step is made of, minutes."""
    return max(level for level in LEVELS if step % (level * MINUTE_MS) == 0)
