"""What a chart shows: readings of one gateway summed up by time, from rollups and frames."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from neonat.store import spans
from neonat.store.base import Base
from neonat.store.buckets import (
    LEVELS,
    MINUTE_MS,
    Bucket,
    Sample,
    Sums,
    add,
    entry,
    gather,
    key_of,
    level_of,
    step_of,
    sums_at,
    values,
)
from neonat.store.packing import SEQ_BITS, SEQ_MAX
from neonat.store.records import History, Point, Signal
from neonat.store.rollup import RUN, Plans, Run, samples

# So many numbers that are in no rollup are read whatever their time; of more, where they begin
# and end is looked up first.
TAIL = 5000

TIME_MIN = -(1 << 62)

# name, unit
Named = tuple[str, str | None]


class Part(NamedTuple):
    """One tenure of one gateway; ids of frames, or times of the original firmware's."""

    gateway: str
    run: int
    boot: int
    first: int
    last: int
    model: int


class Asked(NamedTuple):
    """One question: the items that are meant, by model, and the time."""

    items: dict[int, dict[int, Named]]
    start: int
    end: int
    step: int


class Histories:
    """Questions for the history of a gateway; `window` bounds the ids of a part in a time."""

    def __init__(
        self, base: Base, window: Callable[[Part, int | None, int | None], tuple[int, int]]
    ) -> None:
        self._base = base
        self._window = window

    def history(
        self, parts: Sequence[Part], names: Sequence[str], start: int, end: int, points: int
    ) -> History:
        """Buckets of the parts' readings that touch [start, end), or the readings themselves."""
        self._plans = Plans(self._base)
        step = step_of(end - start, points)
        if step < MINUTE_MS and start < self._expired_at(parts):
            step = MINUTE_MS
        items = self._items({part.model for part in parts}, names)
        units = {name: unit for part in parts for name, unit in items[part.model].values()}
        found: dict[str, list[Point]] = {}
        if step == 0:
            found = self._readings(parts, Asked(items, start, end, 0))
            if max(map(len, found.values()), default=0) > points:
                step = 1000
        if step:
            low = start // step * step
            asked = Asked(items, low, -(-end // step) * step, step)
            found = self._buckets(parts, asked)
        return History(step, {name: Signal(units.get(name), found.get(name, [])) for name in names})

    def _expired_at(self, parts: Sequence[Part]) -> int:
        """Before this time there are no frames any more, but rollups."""
        found = self._base.execute(
            "SELECT max(r.expired_at) FROM run r JOIN gateway g ON g.id = r.gateway"
            " WHERE g.name = ?",
            (parts[0].gateway if parts else None,),
        ).fetchone()[0]
        return TIME_MIN if found is None else found

    def _items(self, models: Iterable[int], names: Sequence[str]) -> dict[int, dict[int, Named]]:
        wanted = set(names)
        out: dict[int, dict[int, Named]] = {}
        for model in models:
            rows = self._base.execute(
                "SELECT k.item, k.name, k.unit FROM catalog k JOIN item i ON i.id = k.item"
                " WHERE k.model = ? AND i.kind = 'reading'",
                (model,),
            )
            out[model] = {item: (name, unit) for item, name, unit in rows if name in wanted}
        return out

    def _readings(self, parts: Sequence[Part], asked: Asked) -> dict[str, list[Point]]:
        out: dict[str, list[Point]] = defaultdict(list)
        for part in parts:
            items = asked.items[part.model]
            if not items:
                continue
            for sample in self._frames(part, self._run(part), asked):
                plan = self._plans.of(sample[1])
                if plan is None:
                    continue
                for item, value in values(sample, plan):
                    if item in items:
                        one = value / 1000
                        out[items[item][0]].append(Point(sample[0], 1, one, one, one))
        for points in out.values():
            points.sort(key=lambda point: point.at)
        return out

    def _buckets(self, parts: Sequence[Part], asked: Asked) -> dict[str, list[Point]]:
        sums: dict[str, dict[int, Sums]] = defaultdict(dict)
        rolled = _by_run(self._ranges("rolled", parts))
        stored = _by_run(self._ranges("span", parts))
        for part in parts:
            items = asked.items[part.model]
            if not items:
                continue
            run = self._run(part)
            done = [] if run.stale or asked.step < LEVELS[0] * MINUTE_MS else rolled[part.run]
            if done:
                self._rolled(part, asked, items, sums)
            for bucket, one in self._tail(part, run, asked, stored[part.run], done).items():
                _take(sums, items, bucket, one)
        step = asked.step
        return {
            name: [
                Point(number * step, count, low / 1000, total / count / 1000, high / 1000)
                for number, (count, low, total, high) in sorted(buckets.items())
            ]
            for name, buckets in sums.items()
        }

    def _ranges(self, table: str, parts: Sequence[Part]) -> Iterable[tuple[int, int, int]]:
        if not parts:
            return ()
        return self._base.execute(
            f"SELECT x.run, x.first, x.last FROM gateway g JOIN run r ON r.gateway = g.id"  # noqa: S608
            f" JOIN {table} x ON x.run = r.id WHERE g.name = ? ORDER BY x.run, x.first",
            (parts[0].gateway,),
        )

    def _run(self, part: Part) -> Run:
        return Run(*self._base.execute(RUN, (part.run,)).fetchone())

    def _rolled(
        self,
        part: Part,
        asked: Asked,
        items: dict[int, Named],
        sums: dict[str, dict[int, Sums]],
    ) -> None:
        level = level_of(asked.step)
        width = level * MINUTE_MS
        times = asked.step // width
        rows = self._base.packed(
            "SELECT bucket, body FROM rollup"
            " WHERE run = ? AND part = ? AND level = ? AND bucket >= ? AND bucket < ?",
            (
                part.run,
                part.first if part.boot == 0 else part.first & SEQ_MAX,
                level,
                asked.start // width,
                asked.end // width,
            ),
        )
        found = [(number // times, body) for number, body in rows]
        for item, (name, _) in items.items():
            key, at, into = key_of(item), 0, sums[name]
            for number, body in found:
                at = entry(body, key, at)
                if at >= 0:
                    add(into, number, sums_at(body, at))

    def _tail(
        self,
        part: Part,
        run: Run,
        asked: Asked,
        stored: Sequence[spans.Range],
        done: Sequence[spans.Range],
    ) -> dict[int, Bucket]:
        """What is stored and in no rollup."""
        if part.boot == 0:
            after = done[-1][1] if done else 0
            found = self._legacy(part, asked, after)
        elif not done:
            found = self._frames(part, run, asked)
        else:
            start = part.run << SEQ_BITS
            ranges = [
                (max(start + first, part.first), min(start + last, part.last))
                for first, last in spans.without(stored, done)
            ]
            ranges = [(low, high) for low, high in ranges if low <= high]
            if sum(high - low + 1 for low, high in ranges) > TAIL:
                least, most = self._window(part, asked.start, asked.end)
                ranges = [(max(low, least), min(high, most)) for low, high in ranges]
            found = (
                sample
                for low, high in ranges
                if low <= high
                for sample in samples(self._base, run, low, high)
            )
        inside = (one for one in found if asked.start <= one[0] < asked.end)
        return gather(inside, self._plans.of, asked.step)

    def _frames(self, part: Part, run: Run, asked: Asked) -> Iterable[Sample]:
        if part.boot == 0:
            return self._legacy(part, asked, 0)
        low, high = self._window(part, asked.start, asked.end)
        if low > high:
            return ()
        return (
            one for one in samples(self._base, run, low, high) if asked.start <= one[0] < asked.end
        )

    def _legacy(self, part: Part, asked: Asked, after: int) -> Iterable[Sample]:
        low, high = max(part.first, asked.start), min(part.last, asked.end - 1)
        if after:
            # By number: all that are behind it are few, all of a time may be many.
            sql = (
                "SELECT at, shape, body FROM legacy"
                " WHERE run = ? AND id > ? AND +at BETWEEN ? AND ?"
            )
            return self._base.execute(sql, (part.run, after, low, high))
        return self._base.execute(
            "SELECT at, shape, body FROM legacy WHERE run = ? AND at BETWEEN ? AND ?",
            (part.run, low, high),
        )


def _by_run(rows: Iterable[tuple[int, int, int]]) -> dict[int, list[spans.Range]]:
    out: dict[int, list[spans.Range]] = defaultdict(list)
    for run, first, last in rows:
        out[run].append((first, last))
    return out


def _take(
    sums: dict[str, dict[int, Sums]], items: dict[int, Named], number: int, bucket: Bucket
) -> None:
    for item, one in bucket.items():
        if item in items:
            add(sums[items[item][0]], number, one)
