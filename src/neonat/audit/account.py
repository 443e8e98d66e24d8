"""The account of one gateway: its numbers boot by boot, its signals second by second."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from medibus.requests import ALARMS, SETTINGS, TEXTS
from medibus.schedule import DEFAULT
from neonat.audit.reasons import MISSING, Why
from neonat.audit.scan import Kind, Scan, Signal, kind_of, missing, reason_of
from neonat.audit.track import PERIOD_MS, Track
from neonat.store.evidence import Evidence, RunFacts
from neonat.store.queries import Part

# Requests whose answers count as signals of their own: no alarm is news only if it was asked for.
WATCHED = tuple(f"{code:02X}" for code in (*ALARMS, SETTINGS, TEXTS))

FAR = 1 << 62

Tick = Callable[[int], object]


class BootAccount(NamedTuple):
    """The numbers of one boot that lie in the span, by what became of them; times UTC in ms."""

    boot: int
    first_at: int | None
    last_at: int | None
    clock: str | None
    expected: int
    stored: int
    in_flight: int
    dropped: int
    restart: int
    unexplained: int


class Unheard(NamedTuple):
    """Boots of which nothing was ever heard, between two that were."""

    first: int
    last: int
    reason: str


class SignalAccount(NamedTuple):
    """One signal; times in ms. `codepage`, `code` and `unit` are None for a request as such.

    `heard` of `asked` ms; `missed` by reason; `gaps` are the long ones, (from, to, reason).
    """

    request: str
    codepage: int | None
    code: str | None
    name: str | None
    unit: str | None
    period: int
    asked: int
    heard: int
    missed: dict[str, int]
    gaps: list[Why]


class Account(NamedTuple):
    """One gateway in [start, end); `unnumbered` counts frames of the original firmware."""

    gateway: str
    start: int
    end: int
    boots: list[BootAccount]
    unheard: list[Unheard]
    unnumbered: int
    signals: list[SignalAccount]

    @property
    def unexplained(self) -> int:
        """Numbers that nothing explains."""
        return sum(boot.unexplained for boot in self.boots)

    @property
    def unexplained_ms(self) -> int:
        """The longest time of a signal that nothing explains."""
        return max((signal.missed.get("unexplained", 0) for signal in self.signals), default=0)

    @property
    def complete(self) -> bool:
        """Whether everything that is missing has its reason."""
        silent = any(boots.reason == "unexplained" for boots in self.unheard)
        return not (self.unexplained or self.unexplained_ms or silent)


def account(
    evidence: Evidence,
    gateway: str,
    start: int | None,
    end: int | None,
    least: int,
    tick: Tick = lambda count: None,
) -> Account | None:
    """The account of a gateway in [start, end), None where it has nothing there.

    Without bounds from its first to its last record. Gaps of `least` ms and more are listed.
    `tick` is told how many records have been read.
    """
    runs = evidence.runs(gateway)
    times = [at for run in runs for at in (run.first_at, run.last_at) if at is not None]
    if not times:
        return None
    bounds = min(times) if start is None else start, max(times) if end is None else end
    if bounds[0] > max(times):
        return None
    reach = -FAR if start is None else start, FAR if end is None else end
    return _Work(evidence, gateway, runs, bounds, reach, least, tick).account()


class _Work:
    def __init__(
        self,
        evidence: Evidence,
        gateway: str,
        runs: list[RunFacts],
        bounds: tuple[int, int],
        reach: tuple[int, int],
        least: int,
        tick: Tick,
    ) -> None:
        self._evidence = evidence
        self._gateway = gateway
        self._runs = runs
        self._bounds = bounds
        # Records in this span count. Where nobody asked for a span it is all time: with two clocks
        # the first and the last number need not have the first and the last time.
        self._reach = reach
        self._least = least
        self._tick = tick
        self._signals: list[Signal] = []
        self._numbers: dict[Signal, int] = {}
        self._tracks: dict[str, Track] = {}
        self._boots: list[BootAccount] = []
        self._unnumbered = 0
        # The time up to which all is counted, and the numbers that were missing since the last
        # record. A clock that went back must not have a boot count a time once more.
        self._done = 0
        self._between: Counter[str] = Counter()
        # Boots right behind those of which nothing was heard, and nothing says why.
        self._strange: set[int] = set()

    @property
    def _cursor(self) -> int:
        """Where the account stands in its span."""
        return min(max(self._done, self._bounds[0]), self._bounds[1])

    def account(self) -> Account:
        evidence, reach = self._evidence, self._reach
        self._catalog = evidence.catalog()
        self._parts = {
            run.id: evidence.parts(self._gateway, run, *reach)
            for run in self._runs
            if run.first_at is not None
            and run.first_at < reach[1]
            and (run.last_at or 0) >= reach[0]
        }
        self._watch()
        unheard = list(self._unheard())
        self._strange = {one.last + 1 for one in unheard if one.reason == "unexplained"}
        for place, run in enumerate(self._runs):
            following = next(
                (one.first_at for one in self._runs[place + 1 :] if one.first_at is not None), FAR
            )
            self._run(run, following)
        self._pass(self._bounds[1], "silent")
        return Account(
            *(self._gateway, *self._bounds, self._boots, unheard, self._unnumbered),
            list(self._accounts()),
        )

    def _watch(self) -> None:
        """Find out which signals there are, so that each is counted from the begin."""
        for request in self._evidence.requests(self._gateway):
            if request in WATCHED:
                self._track(request)
        for parts in self._parts.values():
            for part in parts:
                for facts in self._evidence.shapes(part).values():
                    for field in facts.fields:
                        self._number(facts.request, field.codepage, field.code, part.model)

    def _track(self, request: str) -> Track:
        if request not in self._tracks:
            period = DEFAULT.get(int(request, 16), PERIOD_MS)
            self._tracks[request] = Track(self._bounds, self._least, period)
        return self._tracks[request]

    def _number(self, request: str, codepage: int, code: str, model: int) -> int:
        signal = Signal(
            request, codepage, code, *self._catalog.get((model, codepage, code), (None, None))
        )
        if signal not in self._numbers:
            self._numbers[signal] = len(self._signals)
            self._signals.append(signal)
            self._track(request).signal(self._numbers[signal])
        return self._numbers[signal]

    def _unheard(self) -> Iterator[Unheard]:
        told = max((run.boot for run in self._runs if run.reported), default=0)
        numbered = [run for run in self._runs if run.boot and run.top]
        for before, run in pairwise(numbered):
            near = (before.last_at or 0) < self._bounds[1] and (
                run.first_at is None or run.first_at >= self._bounds[0]
            )
            if run.boot > before.boot + 1 and near:
                reason = "restart" if told >= run.boot else "unexplained"
                yield Unheard(before.boot + 1, run.boot - 1, reason)

    def _run(self, run: RunFacts, following: int) -> None:
        start, end = self._reach
        if run.first_at is None or run.last_at is None:
            if run.boot and self._cursor < end and following >= start:
                self._boot(run, 1, run.top)
            self._between += missing(run, 1, run.top)
            return
        head = run.first_seq or 1
        self._between += missing(run, 1, head - 1)
        self._pass(run.first_at, "unexplained" if run.boot in self._strange else "gateway_off")
        if run.id in self._parts:
            scan = self._scan(run, following)
            if run.boot:
                self._boot(run, *_range(run, scan.before, scan.after))
        elif run.last_at < start <= following:
            self._boot(run, run.stored[-1][1] + 1, run.top)
        elif run.first_at >= end > self._cursor:
            self._boot(run, 1, head - 1)
        self._between = missing(run, run.stored[-1][1] + 1, run.top) if run.stored else Counter()

    def _pass(self, until: int, other: str) -> None:
        """No boot covers the time from the cursor on: say why for every track."""
        until = min(until, self._bounds[1])
        if until <= self._cursor:
            return
        reason = reason_of(self._between) if self._between else other
        if other == "unexplained" or (
            other == "silent" and reason not in ("silent", "unexplained", "dropped")
        ):
            reason = other
        for track in self._tracks.values():
            track.miss(self._cursor, until, reason)
        self._done = until
        self._between = Counter()

    def _scan(self, run: RunFacts, following: int) -> Scan:
        parts = self._parts[run.id]
        assert run.first_at is not None
        began = max(run.first_at, self._done)
        whole = bool(run.boot) and parts[0].first & 0xFFFFFFFF == 0
        for track in self._tracks.values():
            track.begin(began)
        scan = Scan(run, self._reach, whole, self._tracks)
        for part in parts:
            scan.take(self._evidence.sightings(part), self._kind_of(part), self._counted(run))
        scan.finish(max(following, scan.reached), "no_answer" if run.boot else "no_numbers")
        self._done = max(self._done, scan.reached)
        return scan

    def _kind_of(self, part: Part) -> Callable[[int], Kind]:
        def ask(shape: int) -> Kind:
            facts = self._evidence.shape(shape)
            numbers = {
                (field.codepage, field.code): self._number(
                    facts.request, field.codepage, field.code, part.model
                )
                for field in facts.fields
            }
            return kind_of(facts, self._tracks, numbers)

        return ask

    def _counted(self, run: RunFacts) -> Tick:
        def tick(count: int) -> None:
            self._unnumbered += 0 if run.boot else count
            self._tick(count)

        return tick

    def _boot(self, run: RunFacts, first: int, last: int) -> None:
        if last < first:
            return
        gone = missing(run, first, last)
        gone.pop("removed", None)
        expected = last - first + 1
        named = Counter({MISSING[reason]: count for reason, count in gone.items()})
        self._boots.append(
            BootAccount(
                *(run.boot, run.first_at, run.last_at, run.clock, expected),
                expected - sum(gone.values()),
                *(named[name] for name in ("in_flight", "dropped", "restart", "unexplained")),
            )
        )

    def _accounts(self) -> Iterator[SignalAccount]:
        asked = self._bounds[1] - self._bounds[0]
        for track in self._tracks.values():
            for gaps in (track.missed, *track.empty.values()):
                gaps.end()
        for number, signal in enumerate(self._signals):
            track = self._tracks[signal.request]
            empty = track.empty[number]
            yield SignalAccount(
                *signal,
                track.period,
                asked,
                track.heard - empty.totals["no_value"],
                dict(track.missed.totals + empty.totals),
                sorted(track.missed.listed + empty.listed),
            )
        for request, track in self._tracks.items():
            if request in WATCHED:
                yield SignalAccount(
                    *(request, None, None, None, None, track.period, asked, track.heard),
                    dict(track.missed.totals),
                    list(track.missed.listed),
                )


def _range(run: RunFacts, before: int | None, after: int | None) -> tuple[int, int]:
    """The numbers of a run that lie in the span, or may: those between two records around it."""
    return (1 if before is None else before + 1), (run.top if after is None else after - 1)
