"""Answers to one request, as the times in which its signals were heard, and in which not."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from neonat.audit.reasons import Conditions, Why

# Answers from which a poll period is taken: the median of the times between them.
WINDOW = 256
# An answer is good for so many periods, and for at least so many ms.
PERIODS = 3
LEAST_MS = 3000
# The period of a request that the default plan does not have, until answers tell it.
PERIOD_MS = 1000
LONGEST_MS = 86_400_000

Mark = frozenset[int]
Span = tuple[int, int]


class Gaps:
    """Times without a signal: totals by reason, and those of at least `least` ms one by one."""

    def __init__(self, least: int) -> None:
        self.totals: Counter[str] = Counter()
        self.listed: list[Why] = []
        self._least = least
        self._last: Why | None = None

    def add(self, start: int, end: int, reason: str) -> None:
        """Behind what was added before; goes on with it where they touch."""
        if end <= start:
            return
        self.totals[reason] += end - start
        last = self._last
        if last is not None and last[1] == start and last[2] == reason:
            self._last = (last[0], end, reason)
        else:
            self.end()
            self._last = (start, end, reason)

    def end(self) -> None:
        """List the last one."""
        if self._last is not None and self._last[1] - self._last[0] >= self._least:
            self.listed.append(self._last)
        self._last = None


class Track:
    """The answers to one request of one gateway, boot after boot; times are UTC in ms.

    `bounds` is the span of the audit, `period` the last one seen, until then the default. `heard`
    is the time with answers, `missed` the times without any, `empty[n]` those with an answer that
    lacks signal n.
    """

    def __init__(self, bounds: Span, least: int, period: int) -> None:
        self.period = period
        self.heard = 0
        self.missed = Gaps(least)
        self.empty: dict[int, Gaps] = {}
        self._bounds = bounds
        self._least = least
        self._times: list[int] = []
        self._marks: list[Mark] = []
        self._holes: list[Span] = []
        self._began = 0
        self._until = 0

    def signal(self, number: int) -> None:
        """Watch one more value."""
        self.empty.setdefault(number, Gaps(self._least))

    def begin(self, at: int) -> None:
        """A boot begins."""
        self._began = at

    def add(self, at: int, mark: Mark) -> None:
        """An answer that holds the values of `mark`; time does not run backwards."""
        floor = self._times[-1] if self._times else self._began
        self._times.append(at if at > floor else floor)
        self._marks.append(mark)
        if len(self._times) > WINDOW:
            self._settle()

    def finish(self, end: int, following: int, conditions: Conditions, other: str) -> None:
        """The boot ends at `end`, the next begins at `following`: say why there was no answer.

        `other` is the reason of what no condition covers.
        """
        if self._times:
            self._settle()
            last = self._times[-1]
            self._until = min(last + self.period, following)
            self._hear(last, self._until, self._marks[-1])
            self._hole(self._until, end)
        else:
            self._hole(self._began, end)
        self._times, self._marks = [], []
        least = PERIODS * self.period + LEAST_MS
        for start, stop in self._holes:
            for piece in conditions.explain(start, stop, other, least):
                self.missed.add(*piece)
        self._holes = []

    def miss(self, start: int, end: int, reason: str) -> None:
        """No boot covers this time, which lies in the span and behind all before."""
        self.missed.add(max(start, self._until), end, reason)

    def _settle(self) -> None:
        """Count the buffered answers but the last, which begins the next window."""
        times, marks = self._times, self._marks
        self._hole(self._began, times[0])
        steps = [after - before for before, after in pairwise(times)]
        known = [step for step in steps if 0 < step < LONGEST_MS]
        if len(known) > 1:
            self.period = _middle(known)
        limit = max(PERIODS * self.period, LEAST_MS)
        if steps and max(steps) <= limit and len(set(marks[:-1])) == 1:
            self._hear(times[0], times[-1], marks[0])
        else:
            self._each(times, marks, steps, limit)
        self._times, self._marks = times[-1:], marks[-1:]
        self._began = self._times[0]

    def _each(
        self, times: Sequence[int], marks: Sequence[Mark], steps: list[int], limit: int
    ) -> None:
        for place, (at, mark, step) in enumerate(zip(times, marks, steps, strict=False)):
            if step <= limit:
                self._hear(at, at + step, mark)
                continue
            period = _middle(steps[max(0, place - 4) : place + 5])
            good = step if step <= PERIODS * period else max(period, self.period)
            self._hear(at, at + good, mark)
            self._hole(at + good, at + step)

    def _hear(self, start: int, end: int, mark: Mark) -> None:
        start, end = max(start, self._bounds[0]), min(end, self._bounds[1])
        if end <= start:
            return
        self.heard += end - start
        if len(mark) < len(self.empty):
            for number, gaps in self.empty.items():
                if number not in mark:
                    gaps.add(start, end, "no_value")

    def _hole(self, start: int, end: int) -> None:
        start, end = max(start, self._bounds[0]), min(end, self._bounds[1])
        if end <= start:
            return
        if self._holes and self._holes[-1][1] == start:
            self._holes[-1] = (self._holes[-1][0], end)
        else:
            self._holes.append((start, end))


def _middle(steps: list[int]) -> int:
    """The median, the lower of two."""
    return sorted(steps)[(len(steps) - 1) // 2]
