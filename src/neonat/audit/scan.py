"""One boot of a gateway, record by record: its answers into tracks, the rest into conditions."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from struct import Struct
from typing import NamedTuple

from medibus.item import number
from neonat.audit.reasons import MISSING, Conditions
from neonat.audit.track import Mark, Track
from neonat.gateway.envelope import parse_record
from neonat.store.evidence import RunFacts, ShapeFacts, Sighting

# With the link up a gateway records something every 2 s; this long without anything is strange.
STALL_MS = 60_000
STEP_MS = 1000
TICK_EVERY = 65536

# What ends a session, in the words of `!link state=down reason=`.
_DOWN = {"line lost": "line_down", "stopped": "gateway_off"}

_CELL = 4


class Signal(NamedTuple):
    """A measured value: `request` brings it; `name` and `unit` are the catalog's."""

    request: str
    codepage: int
    code: str
    name: str | None
    unit: str | None


def missing(run: RunFacts, low: int, high: int) -> Counter[str]:
    """How many numbers of [low, high] are not among the records, by reason."""
    found: Counter[str] = Counter()
    for first, last, reason in run.gaps:
        found[reason] += max(0, min(last, high) - max(first, low) + 1)
    found["removed"] = max(0, high - low + 1) - sum(found.values())
    return +found


def reason_of(numbers: Counter[str]) -> str:
    """The reason of most of the missing numbers."""
    return MISSING[numbers.most_common(1)[0][0]]


class Marks:
    """Which signals an answer of one shape holds a value of."""

    def __init__(self, facts: ShapeFacts, numbers: Mapping[tuple[int, str], int]) -> None:
        self._fixed = [
            numbers[field.codepage, field.code]
            for field in facts.fields
            if field.raw is not None and number(field.raw) is not None
        ]
        inside = [field for field in facts.fields if field.raw is None]
        self._inside = [numbers[field.codepage, field.code] for field in inside]
        self.constant: Mark | None = frozenset(self._fixed) if not inside else None
        self._cut = Struct(f"{_CELL}s" * len(inside)).unpack_from
        self._known: dict[tuple[bool, ...], Mark] = {}

    def of(self, body: bytes | None) -> Mark:
        """The signals with a value."""
        if self.constant is not None or body is None:
            return self.constant or frozenset()
        key = tuple(map(_has_number, self._cut(body)))
        found = self._known.get(key)
        if found is None:
            held = [n for n, there in zip(self._inside, key, strict=True) if there]
            found = self._known[key] = frozenset((*self._fixed, *held))
        return found


class _Cells(dict[bytes, bool]):
    def __missing__(self, cell: bytes) -> bool:
        if len(self) > 100_000:
            self.clear()
        self[cell] = found = number(str(cell, "latin-1")) is not None
        return found


_has_number = _Cells().__getitem__


class Scan:
    """Takes the records of one boot in the order of their numbers.

    `bounds` is the span of the audit. Afterwards `before`, `after` are the numbers of the records
    next to it (None: there is none), `reached` is the latest time of all: the last record may be
    before it, by a clock that was set.
    """

    def __init__(
        self, run: RunFacts, bounds: tuple[int, int], whole: bool, tracks: Mapping[str, Track]
    ) -> None:
        self.conditions = Conditions()
        self.before: int | None = None
        self.after: int | None = None
        self.reached = self._last_at = 0
        self._run = run
        self._bounds = bounds
        self._tracks = tracks
        self._expected = 1 if whole else 0
        self._frame_at: int | None = None
        # None: not known yet.
        self._up: bool | None = False if whole else None
        self._down_at = run.first_at or 0
        self._down = "device_off"
        self._step = 0

    def take(
        self,
        sightings: Iterable[Sighting],
        kind_of: Callable[[int], "Kind"],
        tick: Callable[[int], object],
    ) -> None:
        """Take the records of one tenure; `tick` is told how many."""
        kinds = cache(kind_of)
        start, end = self._bounds
        last_at = self._last_at
        reached = self.reached
        expected = self._expected
        count = 0
        for seq, at, shape, body in sightings:
            kind = kinds(shape)
            up = self._up
            if kind.track is not None:
                mark = kind.constant
                kind.track.add(at, kind.marks.of(body) if mark is None else mark)
                self._frame_at = at
                if self._up is None:
                    self._up = True
            else:
                self._other(kind, at, body)
            if seq != expected or at - last_at > STALL_MS or self._step:
                self._notice(seq, expected, at, last_at, up)
            if at < start:
                self.before = seq
            elif at >= end and self.after is None:
                self.after = seq
            last_at = at
            if at > reached:
                reached = at
            expected = seq + 1
            count += 1
            if not count % TICK_EVERY:
                tick(TICK_EVERY)
        tick(count % TICK_EVERY)
        self._last_at = last_at
        self.reached = reached
        self._expected = expected

    def _notice(self, seq: int, expected: int, at: int, last_at: int, up: bool | None) -> None:
        """Numbers are missing, or much time has passed; `up` is how the link was before."""
        step, self._step = self._step, 0
        if seq and expected > 1 and seq > expected:
            reason = reason_of(missing(self._run, expected, seq - 1))
            self.conditions.add(last_at, at, reason)
        elif step > STEP_MS and last_at:
            self.conditions.add(max(last_at, at - step), at, "clock_step")
        elif seq == expected > 1 and at - last_at > STALL_MS and up:
            self.conditions.add(last_at, at, "unexplained")

    def _other(self, kind: "Kind", at: int, body: bytes | None) -> None:
        if kind.note is None:
            self._frame_at = at
            if kind.bad:
                self.conditions.damage(at)
            elif self._up is None:
                self._up = True
            return
        try:
            word, values = parse_record(str(kind.note + (body or b""), "ascii"))
        except ValueError:
            return
        if word == "link":
            self._link(values, at)
        elif word == "error":
            self.conditions.damage(at)
        elif word == "clock":
            step = values.get("step", "")
            self._step = int(step) if step.isdigit() and len(step) < 15 else 0

    def _link(self, values: dict[str, str], at: int) -> None:
        if values.get("state") == "up":
            if not self._up:
                self.conditions.add(self._down_at, at, self._down)
            self._up = True
        elif values.get("state") == "down":
            if self._up is not False:
                self._down_at = at if self._frame_at is None else self._frame_at
            self._down = _DOWN.get(values.get("reason", ""), "device_off")
            self._up = False

    def finish(self, following: int, other: str) -> None:
        """All records of the boot are taken; the next one begins at `following`."""
        if self._up is False:
            self.conditions.add(self._down_at, self.reached, self._down)
        for track in self._tracks.values():
            track.finish(self.reached, following, self.conditions, other)


class Kind(NamedTuple):
    """What to do with the records of a shape."""

    track: Track | None = None
    marks: Marks = Marks(ShapeFacts("", b"", ()), {})
    constant: Mark | None = None
    note: bytes | None = None
    bad: bool = False


def kind_of(
    facts: ShapeFacts, tracks: Mapping[str, Track], numbers: Mapping[tuple[int, str], int]
) -> Kind:
    """The kind of a shape; `numbers` are those of the signals by code page and code."""
    if facts.request == "!":
        return Kind(note=facts.start)
    if facts.request in tracks:
        marks = Marks(facts, numbers)
        return Kind(tracks[facts.request], marks, marks.constant)
    return Kind(bad=not facts.request and not facts.start)
