"""Whether a database is whole: its file, its views, and that its tables agree with each other."""

import struct
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from neonat.store import spans
from neonat.store.base import Base
from neonat.store.buckets import LEVELS, Bucket, add, unpack
from neonat.store.interface import COLUMNS
from neonat.store.packing import SEQ_BITS, SEQ_MAX
from neonat.store.queries import Queries

# Findings of a kind that are told one by one; the others are counted.
SHOWN = 20

_RUNS = """
SELECT g.name, r.id, r.boot, r.expired_at FROM run r JOIN gateway g ON g.id = r.gateway
WHERE r.boot > 0 ORDER BY g.name, r.boot"""
_STRANGE = """
SELECT count(*) FROM (SELECT DISTINCT abs(shape) AS shape FROM frame) f
WHERE NOT EXISTS (SELECT 1 FROM shape s WHERE s.id = f.shape)"""
_LOST = """
SELECT count(*) FROM frame f
WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.id = f.id >> 32)"""

_ROLLUPS = """
SELECT part, level, bucket, body FROM rollup WHERE run = ? ORDER BY part, level, bucket"""

_NOBODYS = (
    (_STRANGE, "shapes of frames are missing"),
    (_LOST, "frames of no gateway"),
)


def faults(ask: Queries, done: Callable[[int], Any]) -> Iterator[str]:
    """What is wrong, a line each; `done` is told of each boot that was gone through."""
    base = ask.base
    for view in COLUMNS:
        base.execute(f"SELECT * FROM {view} LIMIT 1").fetchall()  # noqa: S608
    for sql, words in _NOBODYS:
        count = base.execute(sql).fetchone()[0]
        if count:
            yield f"{count:,} {words}"
    for name, run, boot, expired_at in base.execute(_RUNS).fetchall():
        yield from _told(name, boot, _of_run(base, run, expired_at is not None))
        done(1)


def _told(gateway: str, boot: int, found: Iterable[str]) -> Iterator[str]:
    more = 0
    for count, text in enumerate(found):
        if count < SHOWN:
            yield f"gateway {gateway}, boot {boot}: {text}"
        else:
            more += 1
    if more:
        yield f"gateway {gateway}, boot {boot}: {more:,} more"


def _of_run(base: Base, run: int, expired: bool) -> Iterator[str]:
    """Its frames, `span`, `gap` and `rolled` agree, and its rollups with each other."""
    stored = _ranges(base, "span", run)
    there = spans.normal(_frames(base, run))
    for first, last in spans.without(there, stored):
        yield f"frames {first} to {last} are there and not counted"
    if not expired:
        for first, last in spans.without(stored, there):
            yield f"frames {first} to {last} are counted and not there"
    gaps = spans.normal(_ranges(base, "gap", run))
    for first, last in _both(gaps, stored):
        yield f"numbers {first} to {last} are stored and in a gap"
    top = stored[-1][1] if stored else 0
    for first, last in spans.without(spans.without([(1, top)] if top else [], stored), gaps):
        yield f"numbers {first} to {last} are neither stored nor in a gap"
    for first, last in spans.without(_ranges(base, "rolled", run), stored):
        yield f"numbers {first} to {last} are in the rollups and not stored"
    try:
        yield from _rollups(base, run)
    except (struct.error, KeyError) as error:
        yield f"rollups cannot be read: {error}"


def _rollups(base: Base, run: int) -> Iterator[str]:
    """What its rollups of one width say of a day, those of every other width say too.

    Retention cuts off their begin, within a day too: the first day is not compared.
    """
    rows = base.stream(_ROLLUPS, (run,))
    for _, group in groupby(rows, itemgetter(0)):
        days: dict[int, dict[int, Bucket]] = {level: {} for level in LEVELS}
        for _, level, number, body in group:
            into = days[level].setdefault(number * level // LEVELS[-1], {})
            for item, count, low, total, high in unpack(body):
                add(into, item, (count, low, total, high))
        widest = days.pop(LEVELS[-1])
        first = min(widest, default=-1)
        for level, found in days.items():
            for day in sorted({*widest, *found}):
                if day > first and found.get(day) != widest.get(day):
                    at = datetime.fromtimestamp(day * 86400, UTC)
                    yield f"rollups of {level} minutes and of a day differ on {at:%Y-%m-%d}"


def _frames(base: Base, run: int) -> Iterator[spans.Range]:
    """The numbers of the frames of a run, those that follow each other as one range."""
    start = run << SEQ_BITS
    rows = base.stream(
        "SELECT id, length(more) / 3 FROM frame WHERE id BETWEEN ? AND ? ORDER BY id",
        (start, start + SEQ_MAX),
    )
    first = last = 0
    for ident, followers in rows:
        seq = ident & SEQ_MAX
        if not first or seq != last + 1:
            if first:
                yield first, last
            first = seq
        last = seq + followers
    if first:
        yield first, last


def _ranges(base: Base, table: str, run: int) -> list[spans.Range]:
    sql = f"SELECT first, last FROM {table} WHERE run = ? ORDER BY first"  # noqa: S608
    return [(first, last) for first, last in base.execute(sql, (run,))]


def _both(one: list[spans.Range], other: list[spans.Range]) -> list[spans.Range]:
    return spans.without(one, spans.without(one, other))


def counts(base: Base) -> dict[str, int]:
    """How much there is, for people."""
    tables = {"gateways": "gateway", "rows of frames": "frame", "refusals": "refusal"}
    out = {
        name: base.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for name, table in tables.items()
    }
    numbers = base.execute("SELECT coalesce(sum(last - first + 1), 0) FROM span").fetchone()[0]
    legacy = base.execute("SELECT count(*) FROM legacy").fetchone()[0]
    return {**out, "records": int(numbers) + legacy}
