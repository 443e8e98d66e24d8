"""How long commits take and how far behind the newest frames are stored."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from neonat.store import Record

# Upper bounds in seconds, the last one open.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Timing:
    """Commits by their duration, and the lag of the last one."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0
        self._lag: float | None = None

    def committed(self, seconds: float, records: Sequence[Record], now: int) -> None:
        """A commit took `seconds` and is on the disk at `now` (UTC, ms)."""
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self._sum += seconds
        newest = max((record.at for record in records if record.at is not None), default=None)
        if newest is not None:
            self._lag = (now - newest) / 1000

    def facts(self) -> dict[str, Any]:
        """For the health report: `commit_s` with its buckets, `lag_s` of the newest frame."""
        return {
            "commit_s": {"bounds": BUCKETS, "counts": self._counts, "sum": round(self._sum, 6)},
            "lag_s": self._lag,
        }
