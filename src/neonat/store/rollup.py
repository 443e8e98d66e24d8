"""Rollups: the tables `rollup` and `rolled`, kept from the frames.

A row of `rollup` is a bucket of one run, of one tenure in it (`part`, the number of its first
frame), `level` minutes wide; `rolled` holds which numbers of a run are in them. What is stored
and not in there yet is read from the frames, so a reader always sees all of it, and it does not
matter how late and in what order it came.
"""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from neonat.store import spans
from neonat.store.base import Base
from neonat.store.buckets import (
    LEVELS,
    MINUTE_MS,
    Bucket,
    Plan,
    Sample,
    add,
    gather,
    pack,
    plan,
    unpack,
    widened,
)
from neonat.store.packing import SEQ_BITS, SEQ_MAX

# A run is worth a fold when so many of its numbers wait, or some of them so long.
FOLD_LIVE = 1000
FOLD_AFTER_S = 60.0
# So many wait at most: then the transaction that writes folds too.
FOLD_AT = 10_000
# Records that one call of `Store.roll` takes: a few milliseconds.
ROLL_MOST = 3000

# The start of a gateway whose clock was never set is an estimate that gets better. Its buckets
# are made anew when it has moved by more than this.
GUESS_MS = 1000

RUN = (
    "SELECT gateway, boot, base_at, boot_at, clock_seq, stamps, rolled_at, expired_at"
    " FROM run WHERE id = ?"
)
_PUT = (
    "INSERT INTO rollup(run, part, level, bucket, body) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (run, part, level, bucket) DO UPDATE SET body = excluded.body"
)
_BEHIND = """
SELECT r.id, g.name, s.n - coalesce(d.n, 0)
FROM (SELECT run, sum(last - first + 1) AS n FROM span GROUP BY run) s
LEFT JOIN (SELECT run, sum(last - first + 1) AS n FROM rolled GROUP BY run) d ON d.run = s.run
JOIN run r ON r.id = s.run JOIN gateway g ON g.id = r.gateway
WHERE r.boot > 0 AND s.n > coalesce(d.n, 0)"""
_BEHIND_LEGACY = """
SELECT r.id, g.name, (SELECT count(*) FROM legacy l WHERE l.run = r.id
  AND l.id > coalesce((SELECT max(last) FROM rolled d WHERE d.run = r.id), 0))
FROM run r JOIN gateway g ON g.id = r.gateway WHERE r.boot = 0"""


class Run(NamedTuple):
    """What of a run its rollups depend on; `rolled_at` is the start that unset clocks had then."""

    gateway: int
    boot: int
    base_at: int | None
    boot_at: int | None
    clock_seq: int | None
    stamps: int
    rolled_at: int | None
    expired_at: int | None

    @property
    def stale(self) -> bool:
        """Whether frames of an unset clock lie elsewhere now than in the rollups."""
        if self.rolled_at is None or self.boot_at is None or self.expired_at is not None:
            return False
        allowed = GUESS_MS if self.clock_seq is None else 0
        return abs(self.rolled_at - self.boot_at) > allowed


class Plans:
    """The plan of each shape, read when first asked for."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._known: dict[int, Plan | None] = {}

    def of(self, shape: int) -> Plan | None:
        """The plan of a shape; None when it holds no readings."""
        try:
            return self._known[shape]
        except KeyError:
            rows = self._base.execute(
                "SELECT pos, item, raw, value FROM cell WHERE shape = ? AND kind = 'reading'"
                " ORDER BY pos",
                (shape,),
            )
            found = self._known[shape] = plan(rows)
            return found


def samples(base: Base, run: Run, low: int, high: int) -> Iterator[Sample]:
    """The frames of a range of ids; those with readings have a row of their own."""
    base_at, boot_at = run.base_at or 0, run.boot_at or 0
    for at, shape, body in base.packed(
        "SELECT at, shape, body FROM frame WHERE id BETWEEN ? AND ? ORDER BY id", (low, high)
    ):
        if shape > 0:
            yield base_at + at, shape, body
        else:
            yield boot_at + at, -shape, body


class Waiting:
    """Which runs have numbers that are in no rollup, as far as one writer knows.

    Counts may be too high: what really waits is read when it is folded.
    """

    def __init__(self) -> None:
        self._runs: dict[int, tuple[str, int, float]] = {}
        self.complete = False

    def add(self, run: int, gateway: str, count: int) -> int:
        """So many more numbers of a run wait; how many now."""
        _, before, _ = self._runs.get(run, ("", 0, 0.0))
        self._runs[run] = (gateway, before + count, time.monotonic())
        return before + count

    def read(self, base: Base) -> None:
        """Add what waits in the tables already."""
        for sql in (_BEHIND, _BEHIND_LEGACY):
            for run, gateway, count in base.execute(sql).fetchall():
                if count:
                    self._runs[run] = (gateway, int(count), 0.0)
        self.complete = True

    def due(self, most: int, now: bool) -> list[tuple[int, str]]:
        """(run, gateway) of those to fold now, about `most` numbers of them."""
        out = []
        clock = time.monotonic()
        for run, (gateway, count, since) in self._runs.items():
            if now or count >= FOLD_LIVE or clock - since >= FOLD_AFTER_S:
                out.append((run, gateway))
                most -= count
                if most <= 0:
                    break
        return out

    def folded(self, run: int, left: int) -> None:
        """A run was folded; `left` numbers are not yet."""
        old = self._runs.pop(run, None)
        if left and old is not None:
            self._runs[run] = (old[0], left, 0.0)


class Rollups:
    """Writes them, inside a transaction of the caller's that holds the gateway."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._plans = Plans(base)

    def fold(self, ident: int, most: int) -> int:
        """Put up to `most` numbers of a run into its buckets; how many are left."""
        run = Run(*self._base.execute(RUN, (ident,)).fetchone())
        if run.stale:
            forget(self._base, ident)
            run = run._replace(rolled_at=None)
        if run.boot == 0:
            return self._fold_legacy(ident, most)
        stored = self._ranges("span", ident)
        rolled = self._ranges("rolled", ident)
        todo = spans.without(stored, rolled)
        taken, left = _first_of(todo, most)
        if not taken:
            return 0
        parts = self._base.execute(
            "SELECT first, last FROM tenure WHERE gateway = ? AND boot = ? ORDER BY first",
            (run.gateway, run.boot),
        ).fetchall()
        for first, last in parts:
            self._fold_part(ident, run, (first, last), taken)
        if run.rolled_at is None and run.stamps & 2:
            self._base.execute("UPDATE run SET rolled_at = boot_at WHERE id = ?", (ident,))
        now = spans.normal([*rolled, *taken])
        self._save(ident, rolled, now)
        return left

    def _ranges(self, table: str, run: int) -> list[spans.Range]:
        sql = f"SELECT first, last FROM {table} WHERE run = ? ORDER BY first"  # noqa: S608
        return [(first, last) for first, last in self._base.execute(sql, (run,))]

    def _fold_part(
        self, ident: int, run: Run, part: spans.Range, taken: Iterable[spans.Range]
    ) -> None:
        start = ident << SEQ_BITS
        found: list[Sample] = []
        for first, last in taken:
            low, high = max(start + first, part[0]), min(start + last, part[1])
            if low <= high:
                found += samples(self._base, run, low, high)
        self._put(ident, part[0] & SEQ_MAX, found)

    def _fold_legacy(self, ident: int, most: int) -> int:
        rolled = self._ranges("rolled", ident)
        done = rolled[-1][1] if rolled else 0
        rows = self._base.execute(
            "SELECT id, at, shape, body FROM legacy WHERE run = ? AND id > ? ORDER BY id LIMIT ?",
            (ident, done, most),
        ).fetchall()
        if not rows:
            return 0
        parts = self._base.execute(
            "SELECT first, last FROM tenure WHERE run = ? AND boot = 0 AND gateway ="
            " (SELECT gateway FROM run WHERE id = ?) ORDER BY first",
            (ident, ident),
        ).fetchall()
        for first, last in parts:
            self._put(ident, first, [row[1:] for row in rows if first <= row[1] <= last])
        self._save(ident, rolled, [(0, rows[-1][0])])
        return self._base.execute(
            "SELECT count(*) FROM legacy WHERE run = ? AND id > ?", (ident, rows[-1][0])
        ).fetchone()[0]

    def _put(self, run: int, part: int, found: list[Sample]) -> None:
        narrow = gather(found, self._plans.of, LEVELS[0] * MINUTE_MS)
        before = LEVELS[0]
        for level in LEVELS:
            narrow = widened(narrow, level // before)
            before = level
            self._merge(run, part, level, narrow)

    def _merge(self, run: int, part: int, level: int, new: dict[int, Bucket]) -> None:
        if not new:
            return
        old = self._base.execute(
            "SELECT bucket, body FROM rollup"
            " WHERE run = ? AND part = ? AND level = ? AND bucket BETWEEN ? AND ?",
            (run, part, level, min(new), max(new)),
        ).fetchall()
        merged = {number: dict(bucket) for number, bucket in new.items()}
        for number, body in old:
            if number in merged:
                for item, *sums in unpack(body):
                    add(merged[number], item, (sums[0], sums[1], sums[2], sums[3]))
        self._base.executemany(
            _PUT,
            [(run, part, level, number, pack(one)) for number, one in merged.items() if one],
        )

    def _save(self, run: int, before: list[spans.Range], now: list[spans.Range]) -> None:
        self._base.executemany(
            "DELETE FROM rolled WHERE run = ? AND first = ?",
            [(run, first) for first, last in before if (first, last) not in now],
        )
        self._base.executemany(
            "INSERT INTO rolled VALUES (?, ?, ?)",
            [(run, first, last) for first, last in now if (first, last) not in before],
        )


def forget(base: Base, run: int) -> None:
    """Take a run out of the rollups: they will be made again from its frames.

    Of one whose old frames have expired they stay as they are: nothing else has its history.
    """
    if base.execute("SELECT expired_at FROM run WHERE id = ?", (run,)).fetchone()[0] is not None:
        return
    base.execute("DELETE FROM rollup WHERE run = ?", (run,))
    base.execute("DELETE FROM rolled WHERE run = ?", (run,))
    base.execute("UPDATE run SET rolled_at = NULL WHERE id = ?", (run,))


def _first_of(ranges: list[spans.Range], most: int) -> tuple[list[spans.Range], int]:
    """The first `most` numbers of ranges, and how many are left."""
    taken: list[spans.Range] = []
    left = 0
    for first, last in ranges:
        end = min(last, first + most - 1)
        if end >= first:
            taken.append((first, end))
            most -= end - first + 1
        left += last - max(end, first - 1)
    return taken, left
