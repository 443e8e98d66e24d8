"""What readers ask of the store, by the keys of its tables rather than by text."""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from neonat.store import workers
from neonat.store.base import Base
from neonat.store.history import Histories, Part
from neonat.store.interface import WHAT
from neonat.store.latest import newest, truth
from neonat.store.records import History, Place, Row, StoreError
from neonat.store.tenure import bounds
from neonat.store.views import AT, EPISODES, STAMP, Views

# How far times inside one boot may lie out of order without a step of the clock being known.
SLACK_MS = 60_000

_MANY = 2**62


class Queries:
    """Questions on one connection."""

    def __init__(self, base: Base, views: Views) -> None:
        self.base = base
        self.views = views
        self.asked = Statements(views)
        self._begun: dict[tuple[int, str], tuple[tuple, dict[tuple, str]]] = {}

    def check(self) -> None:
        """Read a row of the tables; the database's own error when that fails."""
        self.base.execute("SELECT count(*) FROM gateway").fetchone()
        self.base.execute("SELECT max(id) FROM frame").fetchone()

    def health(self) -> dict[str, Any] | None:
        """What ingest last wrote of itself."""
        return workers.told(self.base)

    def missing(self) -> list[Row]:
        """Missing numbers by gateway and reason."""
        return list(
            self.rows_of(
                "SELECT gateway, reason, CAST(sum(last - first + 1) AS BIGINT) AS count FROM gaps"
                " GROUP BY gateway, reason ORDER BY gateway, reason"
            )
        )

    def gateways(self) -> list[Row]:
        """The view `gateways` by name; `online` as a truth value or None."""
        rows = self.rows_of("SELECT * FROM gateways ORDER BY gateway")
        return [{**row, "online": truth(row["online"])} for row in rows]

    def knows(self, gateway: str) -> bool:
        """Whether a gateway of this name has been seen."""
        row = self.base.execute("SELECT 1 FROM gateway WHERE name = ?", (gateway,)).fetchone()
        return row is not None

    def rows_of(self, sql: str, values: tuple = ()) -> Iterator[Row]:
        """The rows of one statement, by the names of its columns."""
        cursor = self.base.stream(sql, values)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def latest(self, gateway: str) -> Row | None:
        """The newest answer to each request, and what gateway and line are like."""
        return next(iter(newest(self, gateway)), None)

    def latest_of_all(self) -> list[Row]:
        """`latest` of every gateway, by name."""
        return newest(self)

    def alarms_begun(self, gateway: int, request: str) -> dict[tuple, str]:
        """When each standing alarm (page, code) of a gateway's newest answer to a request began."""
        mark = self.base.execute(_STRETCHES_MARK, (gateway, gateway, request)).fetchone()
        known = self._begun.get((gateway, request))
        if known is not None and known[0] == mark:
            return known[1]
        stretches = self.base.execute(self.asked.stretches_back, (gateway, request))
        first = stretches.fetchone()
        if first is None:
            return {}
        standing = self._alarm_keys(first[3])
        began = dict.fromkeys(standing, first[2])
        for _, _, at, shape in stretches:
            standing = standing & self._alarm_keys(shape)
            if not standing:
                break
            began.update(dict.fromkeys(standing, at))
        self._begun[gateway, request] = (mark, began)
        return began

    def _alarm_keys(self, shape: int) -> set[tuple]:
        return set(
            self.base.execute(
                "SELECT codepage, code FROM cell WHERE shape = ? AND kind = 'alarm'", (shape,)
            )
        )

    def readings(
        self,
        gateway: str,
        name: str | None,
        start: int | None,
        end: int | None,
        limit: int,
        last: Place | None = None,
    ) -> list[Row]:
        """The newest `limit` readings of [start, end), oldest first; no frame after `last`."""
        rows: list[Row] = []
        for part in reversed(self._parts(gateway)):
            if len(rows) >= limit:
                break
            if last is not None and part.boot > last[0]:
                continue
            left = limit - len(rows)
            rows += self._cells("reading", part, name, start, end, left, "DESC", last)
        rows.reverse()
        return rows

    def history(
        self, gateway: str, names: Sequence[str], start: int, end: int, points: int
    ) -> History:
        """Readings by name in [start, end), summed up so that about `points` of each are left."""
        with self.base.snapshot():
            histories = Histories(self.base, self.window)
            return histories.history(self._parts(gateway), names, start, end, points)

    def alarms(self, gateway: str, start: int | None, end: int | None, limit: int) -> list[Row]:
        """The newest episodes that touch [start, end), newest first."""
        return list(
            self.rows_of(
                self.asked.episodes("alarms", gateway, "DESC") + " LIMIT ?4",
                (gateway, end, start, limit),
            )
        )

    def gaps(self, gateway: str, limit: int | None, before: Place | None = None) -> list[Row]:
        """The view `gaps` of one gateway, newest boot first; those before a boot and number."""
        boot, first = before or (_MANY, 0)
        return list(
            self.rows_of(
                "SELECT * FROM gaps WHERE gateway = ? AND (boot < ? OR boot = ? AND first < ?)"
                " ORDER BY boot DESC, first DESC LIMIT ?",
                (gateway, boot, boot, first, _MANY if limit is None else limit),
            )
        )

    def rows(
        self, what: str, gateway: str | None, start: int | None, end: int | None
    ) -> Iterator[Row]:
        """A view row by row; by gateway, then in its order."""
        if what not in WHAT:
            raise StoreError(f"there is no view {what}: one of {', '.join(WHAT)}")
        if what in ("readings", "limits"):
            for part in self._parts(gateway):
                yield from self._cells(what[:-1], part, None, start, end, _MANY, "ASC")
        elif what in ("frames", "records"):
            for part in self._runs(gateway):
                yield from self._frames(what, part, start, end)
        elif what in _EPISODE:
            yield from self.rows_of(
                self.asked.episodes(what, gateway, "ASC"), (gateway, end, start)
            )
        else:
            yield from self.rows_of(_OTHERS[what], self._values(what, gateway, start, end))

    def _values(self, what: str, gateway: str | None, start: int | None, end: int | None) -> tuple:
        if what in ("gaps", "gateways"):
            return gateway, gateway
        return gateway, gateway, self._text(start) or "", self._text(end) or "9999-99"

    def _text(self, at: int | None) -> str | None:
        return self.base.execute(self.asked.text_of_time(), (at,)).fetchone()[0]

    def _parts(self, gateway: str | None) -> list[Part]:
        rows = self.base.execute(
            "SELECT g.name, t.run, t.boot, t.first, t.last, t.model"
            " FROM tenure t JOIN gateway g ON g.id = t.gateway"
            " WHERE CAST(? AS TEXT) IS NULL OR g.name = ? ORDER BY g.name, t.boot, t.first",
            (gateway, gateway),
        )
        return [Part(*row) for row in rows]

    def _runs(self, gateway: str | None) -> list[Part]:
        rows = self.base.execute(
            "SELECT g.name, r.id, r.boot FROM run r JOIN gateway g ON g.id = r.gateway"
            " WHERE CAST(? AS TEXT) IS NULL OR g.name = ? ORDER BY g.name, r.boot",
            (gateway, gateway),
        )
        return [Part(name, run, boot, *bounds(boot, run), 0) for name, run, boot in rows]

    def _cells(
        self,
        kind: str,
        part: Part,
        name: str | None,
        start: int | None,
        end: int | None,
        limit: int,
        order: str,
        last: Place | None = None,
    ) -> Iterator[Row]:
        low, high = self.window(part, start, end)
        if last is not None and part.boot == last[0]:
            high = min(high, (part.run << 32 if part.boot else 0) + last[1])
        if low > high:
            return iter(())
        return self.rows_of(
            self.asked.cells_of(kind, part.boot == 0, order),
            (
                part.gateway,
                part.model,
                part.run,
                low,
                high,
                name,
                name,
                -_MANY if start is None else start,
                _MANY if end is None else end,
                limit,
            ),
        )

    def _frames(self, what: str, part: Part, start: int | None, end: int | None) -> Iterator[Row]:
        low, high = self.window(part, start, end)
        return self.rows_of(
            self.asked.frames_of_run(what, part.boot == 0),
            (
                part.run,
                low,
                high,
                -_MANY if start is None else start,
                _MANY if end is None else end,
            ),
        )

    def window(self, part: Part, start: int | None, end: int | None) -> tuple[int, int]:
        """Bounds of ids that hold all frames of a part in [start, end), and few others."""
        if part.boot == 0:
            low = part.first if start is None else max(part.first, start)
            return low, part.last if end is None else min(part.last, end - 1)
        if start is None and end is None:
            return part.first, part.last
        run = self.base.execute(
            "SELECT back, stamps = 3 AND clock_seq IS NULL FROM run WHERE id = ?", (part.run,)
        ).fetchone()
        if run[1]:
            return part.first, part.last
        slack = SLACK_MS + run[0]
        low = part.first if start is None else self._bound(part, start - slack)
        return low, part.last if end is None else self._bound(part, end + slack)

    def _bound(self, part: Part, at: int) -> int:
        """The first id whose frame is not before `at`; the last of the part when there is none."""
        newest = self.base.execute(
            "SELECT max(id) FROM frame WHERE id BETWEEN ? AND ?", (part.first, part.last)
        ).fetchone()[0]
        low, high = part.first, part.last if newest is None else newest + 1
        while low < high:
            middle = (low + high) // 2
            row = self.base.execute(_AT_FROM, (middle, high)).fetchone()
            if row is None or row[1] >= at:
                high = middle
            else:
                low = row[0] + 1
        # The row before may hold followers that are not before `at`.
        before = self.base.execute(
            "SELECT max(id) FROM frame WHERE id >= ? AND id < ?", (part.first, low)
        ).fetchone()[0]
        return part.first if before is None else before if low <= part.last else part.last


# Changes whenever one of the stretches does, but for the end of the newest.
_STRETCHES_MARK = """
SELECT count(*), sum(seq), sum(at), sum(shape),
  (SELECT sum(boot_at) FROM run WHERE gateway = ?)
FROM stretch WHERE gateway = ? AND request = ?"""

_AT_FROM = f"""
SELECT f.id, {AT.format("f", "r")} FROM frame f JOIN run r ON r.id = f.id >> 32
WHERE f.id >= ? AND f.id < ? ORDER BY f.id LIMIT 1"""

_EPISODE = {
    "alarms": "gateway, code, codepage, priority, text AS phrase, {0} AS started_at,"
    " {1} AS last_seen_at, {2} AS ended_at",
    "settings": "gateway, {0} AS at, {2} AS until, code, name, value, unit",
    "texts": "gateway, {0} AS at, {2} AS until, code, name, text",
}

_OTHERS = {
    "gateways": "SELECT * FROM gateways WHERE CAST(? AS TEXT) IS NULL OR gateway = ?"
    " ORDER BY gateway",
    "gaps": "SELECT * FROM gaps WHERE CAST(? AS TEXT) IS NULL OR gateway = ?"
    " ORDER BY gateway, boot, first",
    "refusals": "SELECT received_at, topic, reason, payload FROM refusals"
    " WHERE (CAST(? AS TEXT) IS NULL OR topic LIKE '%/' || ? || '/%')"
    " AND received_at >= ? AND received_at < ?",
    "donnees_original": "SELECT * FROM donnees_original"
    " WHERE (CAST(? AS TEXT) IS NULL OR unique_id = ?)"
    " AND coalesce(at, '') >= ? AND coalesce(at, '') < ? ORDER BY unique_id, at, id",
    "donnees": "SELECT * FROM donnees WHERE (CAST(? AS TEXT) IS NULL OR unique_id = ?)"
    " AND timestamp >= ? AND timestamp < ?",
}


@cache
class Statements:
    """The questions in the words of one dialect."""

    def __init__(self, views: Views) -> None:
        iso = views.iso
        self.stretches_back = f"""
SELECT x.boot, x.seq, {iso(STAMP)}, x.shape
FROM stretch x JOIN run r ON r.gateway = x.gateway AND r.boot = x.boot
WHERE x.gateway = ? AND x.request = ? ORDER BY x.boot DESC, x.seq DESC"""
        self.views = views

    def episodes(self, what: str, gateway: str | None, order: str) -> str:
        """Episodes that touch a time; of one gateway only its own stretches are looked at.

        Parameters: gateway's name, time to stop before, first time.
        """
        iso = self.views.iso
        columns = _EPISODE[what].format(iso("started"), iso("seen"), iso("over"))
        mine = "WHERE x.gateway = (SELECT id FROM gateway WHERE name = ?1)"
        everyone = "WHERE CAST(?1 AS TEXT) IS NULL"
        source = self.views.episodes(*EPISODES[what], everyone if gateway is None else mine)
        return (
            f"SELECT {columns} FROM ({source}) e"
            " WHERE (CAST(?2 AS BIGINT) IS NULL OR started < ?2)"
            " AND (CAST(?3 AS BIGINT) IS NULL OR over IS NULL OR over > ?3)"
            f" ORDER BY gateway, started {order}, codepage, code"
        )

    def frames_of_run(self, what: str, legacy: bool) -> str:
        """Frames or records of one run in a time; parameters: run, ids, first time, end."""
        iso = self.views.iso
        sign, data = ("=", self.views.text("data")) if what == "records" else ("<>", "data")
        return (
            f"SELECT gateway, boot, seq, {iso('at')} AS at, clock,"
            f" {iso('received_at')} AS received_at, {data} AS data"
            f" FROM ({self.views.frames_of_run(legacy)}) e"
            f" WHERE request {sign} '!' AND at >= ?4 AND at < ?5"
        )

    def cells_of(self, kind: str, legacy: bool, order: str) -> str:
        """`Views.cells_of`."""
        return self.views.cells_of(kind, legacy, order)

    def text_of_time(self) -> str:
        """The text of a time; parameter: ms."""
        return f"SELECT {self.views.iso('CAST(?1 AS BIGINT)')}"
