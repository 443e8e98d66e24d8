"""What is kept for how long: old frames, rollups, episodes and refusals go, one gateway at a time.

The numbers of frames that went stay in `span`: they count as stored, no gap opens, and a resend is
acknowledged and changes nothing. `run.expired_at` says before which time frames were taken away.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from neonat.store.base import Base
from neonat.store.buckets import LEVELS, MINUTE_MS
from neonat.store.history import Part
from neonat.store.packing import SEQ_MAX
from neonat.store.queries import Queries
from neonat.store.rollup import FOLD_AT, Rollups
from neonat.store.tenure import bounds
from neonat.store.views import Views

# Rows that one call of `Store.expire` takes away: some ten milliseconds.
EXPIRE_MOST = 5000

# The frames of a row lie within this of its first one.
ROW_MS = 60_000

_REQUESTS = {"alarms": ("23", "27", "2E"), "settings": ("29",), "texts": ("2A",)}

_OLD_FRAMES = """
DELETE FROM frame WHERE id IN (
  SELECT f.id FROM frame f JOIN run r ON r.id = ?1
  WHERE f.id BETWEEN ?2 AND ?3
  AND CASE WHEN f.shape > 0 THEN r.base_at ELSE r.boot_at END + f.at < ?4
  ORDER BY f.id LIMIT ?5)"""
# The greatest number must not be given a second time.
_OLD_LEGACY = """
DELETE FROM legacy WHERE id IN (
  SELECT id FROM legacy WHERE run = ?1 AND at < ?2 AND id < (SELECT max(id) FROM legacy)
  ORDER BY at LIMIT ?3)"""
_STRETCHES = """
SELECT x.boot, x.seq, x.shape, x.at + CASE x.unset WHEN 0 THEN 0 ELSE r.boot_at END
FROM stretch x JOIN run r ON r.gateway = x.gateway AND r.boot = x.boot
WHERE x.gateway = ? AND x.request = ? ORDER BY x.boot, x.seq"""
_OF_ALL = {"refusals": ("refusal", "received_at"), "trail": ("trail", "at")}


class _Run(NamedTuple):
    id: int
    boot: int
    expired_at: int | None


class Retention:
    """Takes away what is too old, inside a transaction of the caller's that holds the gateway.

    Single frames go only `late` ms after their time: by then most have gone with their partition.
    """

    def __init__(self, base: Base, views: Views, late: int = 0) -> None:
        self._base = base
        self._late = late
        self._queries = Queries(base, views)
        self._rollups = Rollups(base)

    def of_all(self, keep: Mapping[str, int], now: int, most: int) -> int:
        """Take away up to `most` rows each that belong to no gateway; how many went."""
        gone = 0
        for kind, (table, column) in _OF_ALL.items():
            if kind in keep:
                gone += self._base.execute(
                    f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table}"  # noqa: S608
                    f" WHERE {column} < ? ORDER BY id LIMIT ?)",
                    (now - keep[kind], most),
                ).rowcount
        return gone

    def of_gateway(self, gateway: int, keep: Mapping[str, int], now: int, most: int) -> int:
        """Take away about `most` rows of a gateway; how many went."""
        gone = 0
        if "frames" in keep:
            gone += self._frames(gateway, now - keep["frames"] - self._late, most)
        if "rollups" in keep:
            gone += self._old_rollups(gateway, now - keep["rollups"])
        for kind, requests in _REQUESTS.items():
            if kind in keep:
                for request in requests:
                    gone += self._episodes(gateway, request, now - keep[kind])
        return gone

    def _runs(self, gateway: int, cutoff: int) -> list[_Run]:
        rows = self._base.execute(
            "SELECT id, boot, expired_at FROM run WHERE gateway = ?"
            " AND (boot = 0 OR base_at < ?) ORDER BY boot",
            (gateway, cutoff),
        ).fetchall()
        return [_Run(*row) for row in rows]

    def _frames(self, gateway: int, cutoff: int, most: int) -> int:
        gone = 0
        for run in self._runs(gateway, cutoff):
            if gone < most:
                gone += self._frames_of(run, cutoff, most - gone)
        return gone

    def _frames_of(self, run: _Run, cutoff: int, most: int) -> int:
        if not self._has_old(run, cutoff):
            return 0
        # What goes has to be in the rollups before.
        if self._rollups.fold(run.id, FOLD_AT):
            return 1
        if run.boot == 0:
            gone = self._base.execute(_OLD_LEGACY, (run.id, cutoff, most)).rowcount
        else:
            low, high = bounds(run.boot, run.id)
            part = Part("", run.id, run.boot, low, high, 0)
            bound, _ = self._queries.window(part, cutoff, None)
            values = (run.id, low, high if bound == low else bound, cutoff - ROW_MS, most)
            gone = self._base.execute(_OLD_FRAMES, values).rowcount
        if gone and (run.expired_at is None or run.expired_at < cutoff):
            self._base.execute("UPDATE run SET expired_at = ? WHERE id = ?", (cutoff, run.id))
        return gone

    def _has_old(self, run: _Run, cutoff: int) -> bool:
        """Whether there may be something to take away: a look at the first row."""
        if run.boot == 0:
            first = self._base.execute("SELECT min(at) FROM legacy WHERE run = ?", (run.id,))
            at = first.fetchone()[0]
            return at is not None and at < cutoff
        row = self._base.execute(
            "SELECT CASE WHEN f.shape > 0 THEN r.base_at ELSE r.boot_at END + f.at"
            " FROM frame f JOIN run r ON r.id = ? WHERE f.id BETWEEN ? AND ?"
            " ORDER BY f.id LIMIT 1",
            (run.id, *bounds(run.boot, run.id)),
        ).fetchone()
        return row is not None and row[0] < cutoff - ROW_MS

    def _old_rollups(self, gateway: int, cutoff: int) -> int:
        gone = 0
        parts = self._base.execute(
            "SELECT t.run, t.boot, t.first FROM tenure t JOIN run r ON r.id = t.run"
            " WHERE t.gateway = ? AND (t.boot = 0 OR r.base_at < ?)",
            (gateway, cutoff),
        ).fetchall()
        for run, boot, first in parts:
            part = first if boot == 0 else first & SEQ_MAX
            for level in LEVELS:
                gone += self._base.execute(
                    "DELETE FROM rollup WHERE run = ? AND part = ? AND level = ? AND bucket < ?",
                    (run, part, level, cutoff // (level * MINUTE_MS)),
                ).rowcount
        return gone

    def _episodes(self, gateway: int, request: str, cutoff: int) -> int:
        """Stretches up to the last end before `cutoff` that no episode goes across."""
        rows = self._base.execute(_STRETCHES, (gateway, request)).fetchall()
        keys: dict[int, frozenset[tuple[Any, ...]]] = {}
        place = None
        for before, after in pairwise(rows):
            if after[3] >= cutoff:
                break
            if not self._same(before[2], keys) & self._same(after[2], keys):
                place = after[:2]
        if place is None:
            return 0
        return self._base.execute(
            "DELETE FROM stretch WHERE gateway = ? AND request = ? AND (boot, seq) < (?, ?)",
            (gateway, request, *place),
        ).rowcount

    def _same(
        self, shape: int, known: dict[int, frozenset[tuple[Any, ...]]]
    ) -> frozenset[tuple[Any, ...]]:
        """What makes the items of a shape the same as those of another, as `views.EPISODES`."""
        if shape not in known:
            rows = self._base.execute(
                "SELECT kind, codepage, code, CASE kind WHEN 'setting' THEN raw END,"
                " CASE kind WHEN 'text' THEN text END FROM cell WHERE shape = ?",
                (shape,),
            )
            known[shape] = frozenset(tuple(row) for row in rows)
        return known[shape]
