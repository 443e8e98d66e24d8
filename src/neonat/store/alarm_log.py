"""Episodes of alarms of all gateways by their time, without working out all history.

The view `alarms` works out every episode there is. Here only the stretches that begin in a time
are looked at, by the indexes of `ward_schema`; an alarm begins with a stretch that holds it
behind one that does not, and ends with the next that does not.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from neonat.store.records import Row
from neonat.store.views import POSITION, STAMP, Views

if TYPE_CHECKING:
    from neonat.store.queries import Queries

# The requests that are answered with alarms: code pages 1, 2 and 3 (medibus.md, "Commands").
REQUESTS = ("23", "27", "2E")

# Offsets of time zones are whole quarters of an hour.
QUARTER_MS = 900_000

_AHEAD = 50

Key = tuple[int | None, str]
Line = tuple[int, str]


class Stretch(NamedTuple):
    """A row of the table: times in ms.

    `before`, `after_boot` and `after_seq` are shape and position of the stretch before it.
    """

    gateway: int
    name: str
    request: str
    boot: int
    seq: int
    shape: int
    began: int
    seen: int
    model: int | None
    before: int | None = None
    after_boot: int | None = None
    after_seq: int | None = None

    @property
    def line(self) -> Line:
        """What it is a stretch of."""
        return self.gateway, self.request


class Alarm(NamedTuple):
    """What a shape says of one alarm."""

    item: int
    priority: str | None
    phrase: str | None


def begun(ask: "Queries", start: int, end: int, gateway: str | None = None) -> list[Row]:
    """The episodes that began in [start, end) (ms), by their begin.

    `started`, `seen` and `over` are ms, `over` None while it stands; `place` tells two of one time
    apart. As in the view `alarms` an episode is told by its last stretch.
    """
    sql = _statements(ask.views)
    where = "" if gateway is None else "AND g.name = ?"
    more = () if gateway is None else (gateway,)
    rows = ask.base.execute(
        sql["begun"].format(where=where), (start, end, *more, start, end, *more)
    ).fetchall()
    found = [Stretch(*row) for row in rows]
    shapes = _Shapes(ask)
    shapes.load({one.shape for one in found} | {one.before for one in found if one.before})
    lines: dict[Line, list[Stretch]] = defaultdict(list)
    for one in sorted(found, key=lambda one: (one.boot, one.seq)):
        lines[one.line].append(one)
    episodes: list[Row] = []
    for stretches in lines.values():
        for index, one in enumerate(stretches):
            before = shapes.of(one.before)
            episodes += [
                shapes.episode(one, key, stretches[index:])
                for key in shapes.of(one.shape)
                if key not in before
            ]
    return sorted(episodes, key=lambda row: (row["started"], row["place"]))


def counts(
    ask: "Queries", start: int, end: int, gateway: str | None = None
) -> list[tuple[int, Row, int]]:
    """How many episodes of an alarm began in each quarter of an hour of [start, end) (ms).

    (begin of the quarter, what `begun` says of it but for its times and place, how many); priority
    and phrase are those of the begin.
    """
    where = "" if gateway is None else "AND g.name = ?"
    more = () if gateway is None else (gateway,)
    sql = _statements(ask.views)["counts"].format(where=where)
    rows = ask.base.execute(sql, (start, end, *more, start, end, *more)).fetchall()
    shapes = _Shapes(ask)
    shapes.load({row[1] for row in rows} | {row[2] for row in rows if row[2]})
    found = []
    for quarter, shape, before, model, count in rows:
        stood = shapes.of(before)
        found += [
            (quarter * QUARTER_MS, shapes.told(shape, key, model), count)
            for key in shapes.of(shape)
            if key not in stood
        ]
    return found


def standing(ask: "Queries", at: int, gateway: str | None = None) -> list[Row]:
    """The episodes that began before `at` (ms) and were not over then, by their begin.

    What stood is told by the order of the records: a clock that was set back is not looked at.
    """
    where = "" if gateway is None else "AND g.name = ?"
    values = (at,) if gateway is None else (at, gateway)
    sql = _statements(ask.views)
    twice = (at, at) if gateway is None else (at, at, gateway)
    rows = ask.base.execute(sql["standing"].format(where=where), twice).fetchall()
    rows += ask.base.execute(sql["standing_unset"].format(where=where), values).fetchall()
    last: dict[Line, Stretch] = {}
    for row in rows:
        one = Stretch(*row)
        if one.line not in last or (last[one.line].boot, last[one.line].seq) < (one.boot, one.seq):
            last[one.line] = one
    shapes = _Shapes(ask)
    shapes.load({one.shape for one in last.values()})
    episodes = []
    for one in last.values():
        for key in shapes.of(one.shape):
            first = one
            for earlier in _walk(ask, one, forward=False):
                shapes.load({earlier.shape})
                if key not in shapes.of(earlier.shape):
                    break
                first = earlier
            made = shapes.episode(first, key, [one])
            if made["over"] is None or made["over"] > at:
                episodes.append(made)
    return sorted(episodes, key=lambda row: (row["started"], row["place"]))


class _Shapes:
    """What shapes say of alarms, each read once."""

    def __init__(self, ask: "Queries") -> None:
        self._ask = ask
        self._known: dict[int, dict[Key, Alarm]] = {}
        self._names: dict[tuple[int | None, int], str | None] | None = None

    def load(self, wanted: Iterable[int]) -> None:
        """Read those that are not known yet."""
        for shape in set(wanted) - self._known.keys():
            cells = self._ask.base.execute(
                "SELECT codepage, code, item, priority, text FROM cell"
                " WHERE shape = ? AND kind = 'alarm' ORDER BY pos DESC",
                (shape,),
            )
            self._known[shape] = {
                (page, code): Alarm(item, priority, text)
                for page, code, item, priority, text in cells
            }

    def of(self, shape: int | None) -> dict[Key, Alarm]:
        """The alarms of a shape by code page and code."""
        return {} if shape is None else self._known[shape]

    def told(self, shape: int, key: Key, model: int | None) -> Row:
        """What a shape says of one of its alarms."""
        alarm = self.of(shape)[key]
        return {
            "codepage": key[0],
            "code": key[1],
            "priority": alarm.priority,
            "phrase": alarm.phrase,
            "name": self._name(model, alarm.item),
        }

    def episode(self, first: Stretch, key: Key, known: list[Stretch]) -> Row:
        """The episode of an alarm that began with `first`, given stretches from one of it on."""
        last, over = self._end(known, key)
        return {
            "gateway": first.name,
            **self.told(last.shape, key, first.model),
            "started": first.began,
            "seen": last.seen,
            "over": over,
            "place": [first.name, first.request, first.boot, first.seq, key[0] or 0, key[1]],
        }

    def _end(self, known: list[Stretch], key: Key) -> tuple[Stretch, int | None]:
        """The last stretch that holds an alarm, and when it was over."""
        last = known[0]
        for one in self._following(known):
            self.load({one.shape})
            if key not in self.of(one.shape):
                return last, one.began
            last = one
        return last, None

    def _following(self, known: list[Stretch]) -> Iterator[Stretch]:
        """What comes behind the first of `known`, from there as far as nothing lies between.

        Where a clock was set back, a stretch between two of one time may lie in another.
        """
        for last, one in pairwise(known):
            if (one.after_boot, one.after_seq) != (last.boot, last.seq):
                yield from _walk(self._ask, last, forward=True)
                return
            yield one
        yield from _walk(self._ask, known[-1], forward=True)

    def _name(self, model: int | None, item: int) -> str | None:
        if self._names is None:
            self._names = {
                (model, item): name
                for model, item, name in self._ask.base.execute(
                    "SELECT k.model, k.item, k.name FROM catalog k JOIN item i ON i.id = k.item"
                    " WHERE i.kind = 'alarm'"
                )
            }
        return self._names.get((model, item))


def _walk(ask: "Queries", one: Stretch, forward: bool) -> Iterator[Stretch]:
    """The stretches of the same line behind or before one, some at a time."""
    sql = _statements(ask.views)["behind" if forward else "before"]
    boot, seq = one.boot, one.seq
    while True:
        rows: list[Any] = ask.base.execute(
            sql, (one.gateway, one.request, boot, seq, _AHEAD)
        ).fetchall()
        for row in rows:
            yield Stretch(*row)
        if len(rows) < _AHEAD:
            return
        boot, seq = rows[-1][3], rows[-1][4]


@cache
def _statements(views: Views) -> dict[str, str]:
    requests = ", ".join(f"'{request}'" for request in REQUESTS)
    began = STAMP
    model = f"""(
    SELECT t.model FROM tenure t
    WHERE t.gateway = x.gateway AND t.boot = x.boot AND t.first <= {POSITION}
    ORDER BY t.first DESC LIMIT 1)"""
    columns = f"""
SELECT x.gateway, g.name, x.request, x.boot, x.seq, x.shape, {began} AS began,
  x.last_at + CASE x.last_unset WHEN 0 THEN 0 ELSE l.boot_at END AS seen, {model} AS model"""
    runs = """
JOIN gateway g ON g.id = x.gateway
JOIN run r ON r.gateway = x.gateway AND r.boot = x.boot
JOIN run l ON l.gateway = x.gateway AND l.boot = x.last_boot"""
    # One by one: PostgreSQL finds no row by several columns of one subquery in an index. In two
    # steps: SQLite would look at all later rows of the boot for `(boot, seq) < (…)`.
    before = [
        f"""coalesce((
    SELECT p.{column} FROM stretch p WHERE p.gateway = x.gateway AND p.request = x.request
      AND p.boot = x.boot AND p.seq < x.seq ORDER BY p.seq DESC LIMIT 1), (
    SELECT p.{column} FROM stretch p WHERE p.gateway = x.gateway AND p.request = x.request
      AND p.boot < x.boot ORDER BY p.boot DESC, p.seq DESC LIMIT 1))"""
        for column in ("shape", "boot", "seq")
    ]

    def some(which: str) -> str:
        return f"""{columns}, {", ".join(before)}
FROM stretch x{runs}
WHERE x.request IN ({requests}) AND {which}"""

    def fresh(which: str) -> str:
        return f"""
SELECT ({began}) / {QUARTER_MS} AS quarter, x.shape AS shape, {before[0]} AS before,
  {model} AS model
FROM stretch x JOIN gateway g ON g.id = x.gateway
JOIN run r ON r.gateway = x.gateway AND r.boot = x.boot
WHERE x.request IN ({requests}) AND {which}"""

    def walk(sign: str, order: str) -> str:
        return f"""{columns}
FROM stretch x{runs}
WHERE x.gateway = ? AND x.request = ? AND (x.boot, x.seq) {sign} (?, ?)
ORDER BY x.boot {order}, x.seq {order} LIMIT ?"""

    def newest(column: str) -> str:
        return f"""(
    SELECT y.{column} FROM stretch y WHERE y.gateway = g.id AND y.request = q.request
      AND y.unset = 0 AND y.at < ? ORDER BY y.at DESC, y.boot DESC, y.seq DESC LIMIT 1)"""

    join = views.join
    in_time = f"{began} >= ? AND {began} < ? {{where}}"
    lines = " UNION ALL ".join(f"SELECT '{request}' AS request" for request in REQUESTS)
    set_then, unset_then = "x.unset = 0 AND x.at >= ? AND x.at < ? {where}", "x.unset = 1 AND "
    return {
        "begun": some(set_then) + "\nUNION ALL" + some(unset_then + in_time),
        "counts": f"""
SELECT quarter, shape, before, model, count(*)
FROM ({fresh(set_then)} UNION ALL {fresh(unset_then + in_time)}) e
GROUP BY quarter, shape, before, model""",
        "standing": f"""{columns}
FROM gateway g {join} ({lines}) q ON 1 = 1
{join} stretch x ON x.gateway = g.id AND x.request = q.request
  AND x.boot = {newest("boot")} AND x.seq = {newest("seq")}
{join} run r ON r.gateway = x.gateway AND r.boot = x.boot
{join} run l ON l.gateway = x.gateway AND l.boot = x.last_boot
WHERE 1 = 1 {{where}}""",
        "standing_unset": f"""{columns}
FROM stretch x{runs}
WHERE x.request IN ({requests}) AND x.unset = 1 AND {began} < ? {{where}}""",
        "behind": walk(">", "ASC"),
        "before": walk("<", "DESC"),
    }
