"""Why a signal was not heard: the words, their meaning, and how a time without it is divided."""

from bisect import bisect_right
from collections.abc import Iterable

# In order: where several fit one moment, the first one counts.
REASONS = {
    "unexplained": "nothing in the store says why",
    "dropped": "the gateway's spool was full, it gave up these numbers and said so",
    "in_flight": "the gateway still holds these numbers",
    "restart": "the gateway stopped before these numbers were safe on its disk",
    "removed": "stored once, removed since by retention",
    "gateway_off": "no start of the gateway covers this time",
    "line_down": "the gateway had no serial line (adapter or cable on its side)",
    "device_off": "the line was open and no device answered: it is off, or its cable out",
    "silent": "nothing has been heard of the gateway since: it is off, or still holds it",
    "clock_step": "the gateway's clock was set forward by this much; no time has passed",
    "damaged": "what came was damaged on the line (checksum, cut short, noise)",
    "no_answer": "the session stood; this request was not answered, or not asked",
    "no_value": "the answer came without this value",
    "no_numbers": "sent by the original firmware, without numbers: nothing can be proven",
}

# What the reasons of missing numbers are called here.
MISSING = {
    "unknown": "unexplained",
    "dropped": "dropped",
    "in_flight": "in_flight",
    "restart": "restart",
    "removed": "removed",
}

Span = tuple[int, int]
Why = tuple[int, int, str]


class Conditions:
    """What is known of the time of one boot; spans of UTC ms, each kind added in order."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[list[int], list[Span]]] = {}
        self._damages: list[int] = []

    def add(self, start: int, end: int, reason: str) -> None:
        """From `start` to `end` (or to whenever, later set by `extend`) the reason holds."""
        if end > start:
            starts, spans = self._kinds.setdefault(reason, ([], []))
            starts.append(start)
            spans.append((start, end))

    def damage(self, at: int) -> None:
        """A frame came damaged."""
        if not self._damages or at - self._damages[-1] > 100:
            self._damages.append(at)

    def explain(self, start: int, end: int, other: str, least: int) -> list[Why]:
        """[start, end) in pieces with reasons; what none covers is `other`, or damaged.

        An uncovered piece shorter than `least` ms goes to its neighbour: a session takes a moment
        to begin.
        """
        pieces: list[Why] = []
        rest: list[Span] = [(start, end)]
        for reason in REASONS:
            if reason in self._kinds and rest:
                covered, rest = _cut(rest, self._touching(reason, start, end))
                pieces += [(*span, reason) for span in covered]
        given = bool(pieces)
        for span in rest:
            if given and span[1] - span[0] < least:
                pieces.append((*span, ""))
            else:
                pieces.append((*span, "damaged" if self._damaged(*span) else other))
        return _absorbed(sorted(pieces))

    def _touching(self, reason: str, start: int, end: int) -> list[Span]:
        starts, spans = self._kinds[reason]
        low = max(0, bisect_right(starts, start) - 1)
        return spans[low : bisect_right(starts, end)]

    def _damaged(self, start: int, end: int) -> bool:
        place = bisect_right(self._damages, start)
        return place < len(self._damages) and self._damages[place] < end


def _cut(rest: list[Span], by: Iterable[Span]) -> tuple[list[Span], list[Span]]:
    """What of `rest` lies in one of `by`, and what does not."""
    inside: list[Span] = []
    for low, high in by:
        outside: list[Span] = []
        for start, end in rest:
            first, last = max(start, low), min(end, high)
            if first >= last:
                outside.append((start, end))
                continue
            inside.append((first, last))
            outside += [span for span in ((start, first), (last, end)) if span[1] > span[0]]
        rest = outside
    return inside, rest


def _absorbed(pieces: list[Why]) -> list[Why]:
    """Pieces without a reason go to the one before, else to the one behind; equal ones join."""
    out: list[Why] = []
    for start, end, reason in pieces:
        if out and reason in ("", out[-1][2]):
            out[-1] = (out[-1][0], end, out[-1][2])
        elif out and out[-1][2] == "":
            out[-1] = (out[-1][0], end, reason)
        else:
            out.append((start, end, reason))
    return out
