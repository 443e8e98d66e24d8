"""Real time from a monotonic clock: sans-I/O, never backwards within a boot."""

STEP_MS = 500
JITTER_MS = 20


class Clock:
    """`now` is always monotonic milliseconds; `start` is `now` at the begin of the boot."""

    def __init__(self, start: int):
        self.start = start
        self.source = "unset"
        self._offset = 0
        self._first = 0
        self._target = 0
        self._seen = start

    def uptime(self, now: int) -> int:
        """Milliseconds since the begin of the boot."""
        return now - self.start

    def set(self, now: int, utc_ms: int, source: str) -> "int | None":
        """Real time is `utc_ms` at `now`: the step in ms when it is worth a record, else None.

        A wall clock that is ahead is followed at once, one that is behind at half speed.
        """
        first = self.source == "unset"
        changed = source != self.source
        self.source = source
        if first:
            self._first = self._offset = self._target = utc_ms - now
            self._seen = now
            return 0
        step = utc_ms - now - self._target
        if abs(step) > JITTER_MS:
            self._target = utc_ms - now
            self._settle(now)
        if abs(step) > STEP_MS:
            return step
        return 0 if changed else None

    def _settle(self, now: int) -> None:
        if self._target >= self._offset:
            self._offset = self._target
        else:
            slew = max(0, now - self._seen) // 2
            self._offset = max(self._target, self._offset - slew)
        self._seen = max(now, self._seen)

    def utc(self, now: int) -> "int | None":
        """UTC milliseconds at `now`, None while the clock was never set."""
        if self.source == "unset":
            return None
        if now > self._seen + 1:
            self._settle(now)
        return now + self._offset

    def of_uptime(self, uptime_ms: int) -> "int | None":
        """UTC milliseconds of a moment of this boot before the clock was set."""
        if self.source == "unset":
            return None
        return self.start + uptime_ms + self._first
