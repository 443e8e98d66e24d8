"""Ranges of sequence numbers, and what the holes between them mean.

A range is (first, last), inclusive; a list of ranges is in order, disjoint and not adjacent.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Range = tuple[int, int]
Gap = tuple[int, int, str]

IN_FLIGHT = "in_flight"
DROPPED = "dropped"
RESTART = "restart"
UNKNOWN = "unknown"


def normal(ranges: Iterable[Range]) -> list[Range]:
    """Any ranges as a list of ranges; empty ones (last < first) fall away."""
    out: list[Range] = []
    for first, last in sorted(ranges):
        if last < first:
            continue
        if out and first <= out[-1][1] + 1:
            if last > out[-1][1]:
                out[-1] = (out[-1][0], last)
        else:
            out.append((first, last))
    return out


def add(ranges: list[Range], first: int, last: int) -> None:
    """Put [first, last] into `ranges`, in place."""
    if not ranges or first > ranges[-1][1] + 1:
        ranges.append((first, last))
        return
    low = bisect_right(ranges, (first,))
    if low and ranges[low - 1][1] >= first - 1:
        low -= 1
    high = low
    while high < len(ranges) and ranges[high][0] <= last + 1:
        first = min(first, ranges[high][0])
        last = max(last, ranges[high][1])
        high += 1
    ranges[low:high] = [(first, last)]


def holds(ranges: Sequence[Range], number: int) -> bool:
    """Whether `number` lies in one of the ranges."""
    at = bisect_right(ranges, (number, float("inf")))
    return at > 0 and ranges[at - 1][1] >= number


def without(ranges: Iterable[Range], taken: Sequence[Range]) -> list[Range]:
    """What of `ranges` is in none of `taken`."""
    out = []
    start = 0
    for first, last in ranges:
        while start < len(taken) and taken[start][1] < first:
            start += 1
        for other, end in taken[start:]:
            if other > last:
                break
            if other > first:
                out.append((first, other - 1))
            first = end + 1
        if first <= last:
            out.append((first, last))
    return out


def explain(
    stored: Sequence[Range],
    dropped: Iterable[Range],
    held: Iterable[Range] | None,
    newest: bool,
    named: int = 0,
) -> list[Gap]:
    """The holes of one boot, in order, each with the first reason that fits.

    Dropped, by the gateway's word. In flight: in `held`, what the latest later boot says that the
    spool still holds, or in the newest boot, which may send it yet. Restart: a later boot does
    not hold it. Unknown: no later boot has said what it holds (`held` is None). Numbers up to
    `named` are known to exist: some boot has held them.
    """
    given_up = normal(dropped)
    kept = normal(held or ())
    top = max(named, *(ranges[-1][1] for ranges in (stored, given_up, kept) if ranges), 0)
    holes = without([(1, top)] if top else [], stored)
    gaps: list[Gap] = []
    for ranges, reason in ((given_up, DROPPED), (kept, IN_FLIGHT)):
        rest = without(holes, ranges)
        gaps += [(first, last, reason) for first, last in without(holes, rest)]
        holes = rest
    final = IN_FLIGHT if newest else UNKNOWN if held is None else RESTART
    gaps += [(first, last, final) for first, last in holes]
    return _merged(sorted(gaps))


def _merged(gaps: list[Gap]) -> list[Gap]:
    out: list[Gap] = []
    for first, last, reason in gaps:
        if out and out[-1][1] + 1 == first and out[-1][2] == reason:
            out[-1] = (out[-1][0], last, reason)
        else:
            out.append((first, last, reason))
    return out
