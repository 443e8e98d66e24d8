"""When a board looks at its time servers, and whether it believes them; the look is in `timing`."""

LOOK_MS = 3600000
AGAIN_MS = 15000
AGAIN_MAX_MS = 900000
# What moves a set clock further than this must be said twice.
DOUBT_MS = 60000
SAME_MS = 2000


class Timekeeper:
    """`clock` is the gateway's `Clock`; its `Remote` imports what is rarely used."""

    def __init__(self, remote, clock, now: int):
        self._remote = remote
        self._clock = clock
        self._look = None
        # Sooner when the network is there.
        self._at = now + AGAIN_MS
        self._again = AGAIN_MS
        self._said = ""
        self._doubted = 0

    @property
    def streams(self) -> list:
        return [] if self._look is None else self._look.streams

    def hurry(self, now: int) -> None:
        """The network is there: look now, unless the time is known."""
        if self._look is None and self._clock.source != "ntp":
            self._at = now
            self._again = AGAIN_MS

    def deadline(self, now: int) -> int:
        """Milliseconds until `step` is wanted without any event."""
        return max(0, self._at - now) if self._look is None else 250

    def step(self, now: int) -> "int | None":
        """Look when it is time; what `Clock.set` says of a new time, None without one."""
        if self._look is None:
            if now < self._at:
                return None
            self._look = self._remote.rare("timing", "begin", now)
        found = self._look.step(now)  # type: ignore[attr-defined]
        if found is None:
            return None
        self._look = None
        offset, said = found
        if offset is not None and self._doubtful(now + offset - (self._clock.utc(now) or 0)):
            offset, said = None, "clock: the time servers are far from it; asking once more"
        if said.split(",")[0] != self._said:
            self._said = said.split(",")[0]
            self._remote.log(said)
        if offset is None:
            self._at = now + self._again
            self._again = min(AGAIN_MAX_MS, self._again * 2)
            return None
        self._at = now + LOOK_MS
        self._again = AGAIN_MS
        self._remote.rare("timing", "keep", now + offset)
        return self._clock.set(now, now + offset, "ntp")

    def _doubtful(self, step: int) -> bool:
        """Whether a set clock would move far, and that was not said before."""
        before, self._doubted = self._doubted, step
        if self._clock.source != "ntp" or abs(step) < DOUBT_MS:
            return False
        return abs(step - before) > SAME_MS
