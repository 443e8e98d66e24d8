"""Which request is due: a period for each, in milliseconds; 0 is as fast as the line allows."""

LONGEST = 86400000

# Alarms and measured data every second; what a TN500 answers empty or does not list is asked in
# case another device knows it (medibus.md, "Commands").
DEFAULT = {
    0x24: 1000,
    0x27: 1000,
    0x2E: 1000,
    0x29: 10000,
    0x2A: 10000,
    0x23: 60000,
    0x2B: 60000,
    0x25: 60000,
    0x26: 60000,
    0x2C: 60000,
    0x2D: 60000,
    0x28: 300000,
}


class Plan:
    """The poll schedule; `now` is milliseconds that never run backwards."""

    def __init__(self, periods: "dict[int, int] | None" = None) -> None:
        self.periods: "dict[int, int]" = {}
        self._due: "dict[int, int]" = {}
        self._turn: "dict[int, int]" = {}
        self._turns = 0
        self.set(DEFAULT if periods is None else periods)

    def set(self, periods: "dict[int, int]") -> None:
        """Put other periods in force at once; ValueError for what is no code or no period."""
        for code, period in periods.items():
            if not isinstance(code, int) or not 0x20 <= code <= 0x7F:
                raise ValueError("a request code is 20 to 7F")
            if not isinstance(period, int) or not 0 <= period <= LONGEST:
                raise ValueError("a period is 0 to %d ms" % LONGEST)
        kept = {
            code: at for code, at in self._due.items() if self.periods[code] == periods.get(code)
        }
        self.periods = dict(periods)
        self._due = {code: kept.get(code, 0) for code in periods}

    def restart(self) -> None:
        """Make everything due, as after the link was down."""
        for code in self._due:
            self._due[code] = 0
        self._turn = {}

    def want(self, code: int) -> None:
        """Make one request due now, when the plan has it."""
        if code in self._due:
            self._due[code] = 0

    def due(self, now: int) -> "int | None":
        """The request that waits longest beyond its time, or None; it counts as asked."""
        best = None
        for code, at in self._due.items():
            if at <= now and (best is None or self._before(code, best)):
                best = code
        if best is not None:
            self._asked(best, now)
        return best

    def _before(self, code: int, other: int) -> bool:
        """Whether `code` goes first: longer due, asked longer ago, wanted more often."""
        return self._rank(code) < self._rank(other)

    def _rank(self, code: int) -> "tuple[int, int, int, int]":
        return self._due[code], self._turn.get(code, 0), self.periods[code], code

    def _asked(self, code: int, now: int) -> None:
        self._turns += 1
        self._turn[code] = self._turns
        period = self.periods[code]
        planned = self._due[code] + period
        # A beat that was missed is not made up for, so that a slow line is not flooded.
        self._due[code] = planned if planned > now else now + period

    def deadline(self, now: int) -> "int | None":
        """Milliseconds until something is due, None when the plan is empty."""
        if not self._due:
            return None
        return max(0, min(self._due.values()) - now)
