"""Stretches: for each gateway and request, the same answer again and again as one row.

The rows are what the observations are in the order of (boot, seq), runs of equal ones as one;
so they come out the same in whatever order the observations arrive.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from neonat.store.base import Base, Many
from neonat.store.packing import NUMBER_LIMIT, SEQ_MAX, unpack

Position = tuple[int, int]

# Of the original firmware's frames there is only a time; what remains of 63 bits breaks ties.
LEGACY_BITS = 20


class Sight(NamedTuple):
    """One observation: where, and when (`at` in UTC, or since the start of the gateway)."""

    boot: int
    seq: int
    at: int
    unset: bool

    @property
    def position(self) -> Position:
        """What observations are ordered by."""
        return self.boot, self.seq


class Stretch(NamedTuple):
    """Equal observations from `first` to `last`, nothing else between them."""

    shape: int
    first: Sight
    last: Sight


_READ = (
    "SELECT shape, boot, seq, at, unset, last_boot, last_seq, last_at, last_unset FROM stretch"
    " WHERE gateway = ? AND request = ? "
)
_INSERT = (
    "INSERT INTO stretch(gateway, request, shape, boot, seq, at, unset,"
    " last_boot, last_seq, last_at, last_unset) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_UPDATE = (
    "UPDATE stretch SET last_boot = ?, last_seq = ?, last_at = ?, last_unset = ?"
    " WHERE gateway = ? AND request = ? AND boot = ? AND seq = ?"
)
_LONGER = Many(
    _UPDATE,
    "UPDATE stretch s SET last_boot = x.last_boot, last_seq = x.last_seq, last_at = x.last_at,"
    " last_unset = x.last_unset FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],"
    " ?::bigint[], ?::text[], ?::bigint[], ?::bigint[])"
    " x(last_boot, last_seq, last_at, last_unset, gateway, request, boot, seq)"
    " WHERE s.gateway = x.gateway AND s.request = x.request AND s.boot = x.boot AND s.seq = x.seq",
)
_DELETE = "DELETE FROM stretch WHERE gateway = ? AND request = ? AND boot = ? AND seq = ?"


class Stretches:
    """The table `stretch`, with the newest stretch of each gateway and request in memory."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._tails: dict[tuple[int, str], Stretch | None] = {}
        self._grown: set[tuple[int, str]] = set()
        # The keys of each gateway, so that one is forgotten without a look at all.
        self._of: dict[int, set[tuple[int, str]]] = {}

    def merge(self, gateway: int, request: str, block: Stretch) -> bool:
        """Add equal observations without any other between them; whether a row came or went.

        The frames of all observations must be in the tables already.
        """
        key = (gateway, request)
        tail = self._tails[key] if key in self._tails else self._load(key)
        if tail is None or block.first.position > tail.last.position:
            if tail is not None and tail.shape == block.shape:
                self._tails[key] = tail._replace(last=block.last)
                self._grown.add(key)
                return False
            self._save(key)
            self._insert(key, block)
            self._tails[key] = block
            return True
        self._save(key)
        del self._tails[key]
        return self._merge_inside(key, block)

    def flush(self) -> None:
        """Write what has grown."""
        self._base.many(
            _LONGER,
            [
                (*tail.last[:3], int(tail.last.unset), *key, *tail.first.position)
                for key in self._grown
                if (tail := self._tails[key]) is not None
            ],
        )
        self._grown.clear()

    def forget(self, gateway: int) -> None:
        """Drop the memory of one gateway: another writer has changed it."""
        for key in self._of.pop(gateway, ()):
            self._tails.pop(key, None)

    def trim(self, limit: int) -> None:
        """Forget all tails when there are more than `limit`; for between two transactions."""
        if len(self._tails) > limit:
            self._tails.clear()
            self._of.clear()

    def gather(self, gateways: list[int]) -> None:
        """Read the newest stretches of some gateways, all at once. For `Base.distant`."""
        if not gateways:
            return
        rows = self._base.execute(
            "SELECT DISTINCT ON (gateway, request) gateway, request, shape, boot, seq, at, unset,"
            " last_boot, last_seq, last_at, last_unset FROM stretch WHERE gateway = ANY(?)"
            " ORDER BY gateway, request, boot DESC, seq DESC",
            (gateways,),
        )
        for gateway, request, *row in rows:
            self._keep((gateway, request), _stretch(row))

    def _keep(self, key: tuple[int, str], tail: Stretch | None) -> None:
        self._tails[key] = tail
        self._of.setdefault(key[0], set()).add(key)

    def _load(self, key: tuple[int, str]) -> Stretch | None:
        tail = self._one(key, "ORDER BY boot DESC, seq DESC LIMIT 1", ())
        self._keep(key, tail)
        return tail

    def _one(self, key: tuple[int, str], rest: str, values: tuple) -> Stretch | None:
        row = self._base.execute(_READ + rest, (*key, *values)).fetchone()
        return None if row is None else _stretch(row)

    def _save(self, key: tuple[int, str]) -> None:
        if key in self._grown:
            self._grown.discard(key)
            tail = self._tails[key]
            if tail is not None:
                self._end(key, tail, tail.last)

    def _insert(self, key: tuple[int, str], new: Stretch) -> None:
        self._base.execute(_INSERT, (*key, new.shape, *new.first, *new.last))

    def _end(self, key: tuple[int, str], old: Stretch, last: Sight) -> None:
        self._base.execute(_UPDATE, (*last, *key, *old.first.position))

    def _delete(self, key: tuple[int, str], old: Stretch) -> None:
        self._base.execute(_DELETE, (*key, *old.first.position))

    def _merge_inside(self, key: tuple[int, str], block: Stretch) -> bool:
        here = block.first.position
        before = self._one(
            key, "AND (boot, seq) <= (?, ?) ORDER BY boot DESC, seq DESC LIMIT 1", here
        )
        if before is not None and block.last.position <= before.last.position:
            return self._split(key, before, block)
        after = self._one(key, "AND (boot, seq) > (?, ?) ORDER BY boot, seq LIMIT 1", here)
        joins_left = before is not None and before.shape == block.shape
        joins_right = after is not None and after.shape == block.shape
        last = block.last
        if after is not None and joins_right:
            self._delete(key, after)
            last = after.last
        if before is not None and joins_left:
            self._end(key, before, last)
        else:
            self._insert(key, Stretch(block.shape, block.first, last))
        return not joins_left or joins_right

    def _split(self, key: tuple[int, str], old: Stretch, block: Stretch) -> bool:
        if old.shape == block.shape or old.first.position == block.first.position:
            return False
        left = self._seen(key[0], old, block.first, before=True)
        right = self._seen(key[0], old, block.last, before=False)
        self._end(key, old, left)
        self._insert(key, block)
        self._insert(key, Stretch(old.shape, right, old.last))
        return True

    def _seen(self, gateway: int, old: Stretch, edge: Sight, before: bool) -> Sight:
        """The observation of `old` that is next to `edge`."""
        low, high = (old.first.boot, edge.boot) if before else (edge.boot, old.last.boot)
        runs = self._base.execute(
            "SELECT id, boot, base_at FROM run WHERE gateway = ? AND boot BETWEEN ? AND ?"
            f" ORDER BY boot {'DESC' if before else 'ASC'}",
            (gateway, low, high),
        ).fetchall()
        for run, boot, base_at in runs:
            bound = edge.seq if boot == edge.boot else SEQ_MAX + 1 if before else 0
            if boot == 0:
                found = self._seen_legacy(run, old.shape, edge, before)
            else:
                found = self._seen_in_run(run, boot, base_at, old.shape, bound, before)
            if found is not None:
                return found
        return old.first if before else old.last

    def _seen_legacy(self, run: int, shape: int, edge: Sight, before: bool) -> Sight | None:
        sign, order = ("<", "DESC") if before else (">", "ASC")
        bound = edge.at if edge.boot == 0 else (1 << 62)
        # Another shape at the very time of the edge lies before or behind it by its tie.
        row = self._base.execute(
            f"SELECT l.at, s.key FROM legacy l JOIN shape s ON s.id = l.shape"
            f" WHERE l.run = ? AND l.shape = ? AND l.at {sign}= ?"
            f" AND (l.at <> ? OR ? {sign} ?) ORDER BY l.at {order} LIMIT 1",
            (run, shape, bound, bound, self._tie(shape), edge.seq & ((1 << LEGACY_BITS) - 1)),
        ).fetchone()
        return None if row is None else Sight(0, legacy_seq(row[0], row[1]), row[0], False)

    def _tie(self, shape: int) -> int:
        key = self._base.execute("SELECT key FROM shape WHERE id = ?", (shape,)).fetchone()[0]
        return legacy_seq(0, key)

    def _seen_in_run(
        self, run: int, boot: int, base_at: int, shape: int, bound: int, before: bool
    ) -> Sight | None:
        first = run << 32
        low, high = (first, first + bound - 1) if before else (first + bound + 1, first + SEQ_MAX)
        if not before:
            # The row that holds the edge may hold what follows it.
            low = self._base.execute(
                "SELECT coalesce(max(id), ?) FROM frame WHERE id BETWEEN ? AND ?", (low, first, low)
            ).fetchone()[0]
        rows = self._base.execute(
            "SELECT id, at, lag, shape, body, more FROM frame"
            " WHERE id BETWEEN ? AND ? AND (abs(shape) = ? OR replace(more, ?, '') <> more)"
            f" ORDER BY id {'DESC' if before else 'ASC'}",
            (low, high, shape, chr(shape + 1) if shape < NUMBER_LIMIT else ""),
        )
        for row in rows:
            frames = list(unpack(row))
            for frame in reversed(frames) if before else frames:
                beyond = frame.seq < bound if before else frame.seq > bound
                if frame.shape == shape and beyond:
                    at = frame.at if frame.unset else base_at + frame.at
                    return Sight(boot, frame.seq, at, frame.unset)
        return None


def _stretch(row: Sequence[Any]) -> Stretch:
    """A row of the table, as `_READ` has it."""
    return Stretch(
        row[0],
        Sight(row[1], row[2], row[3], bool(row[4])),
        Sight(row[5], row[6], row[7], bool(row[8])),
    )


def legacy_seq(at: int, key: bytes) -> int:
    """Where an observation of the original firmware stands: by its time, then by its bytes."""
    return at << LEGACY_BITS | zlib.crc32(key) & ((1 << LEGACY_BITS) - 1)
