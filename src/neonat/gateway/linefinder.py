"""Which baud rate and parity the line has: found by trying when it is not told."""

from neonat.gateway.rarely import call

DWELL_MS = 4000
# With a round of all that are tried, and the time to answer, this stays below a minute.
SILENCE_MS = 20000


class LineFinder:
    """`baud` a number or None, `parity` a word or None; None is found. `fixed`: nothing to find.

    `known` is the pair that was found before and is tried first. Only a response proves the line:
    what the device sends by itself is read with a wrong parity too, but it will not understand us.
    `news` is True once another pair than `known` was proven, until the taker clears it.
    """

    def __init__(
        self, baud: "int | None", parity: "str | None", fixed: bool = False, known: tuple = ()
    ):
        tried = call("linenews", "tried", baud, parity, known)
        self._tried = tried[:1] if fixed else tried
        self._known = known
        self.news = False
        self._index = 0
        self._patience = DWELL_MS
        self._since = 0

    @property
    def current(self) -> "tuple[int, str]":
        """Baud and parity to use now."""
        return self._tried[self._index]

    @property
    def choices(self) -> int:
        """How many there are to try."""
        return len(self._tried)

    def opened(self, now: int) -> None:
        """The line is open with `current` since `now`; who is at its other end is not known."""
        self._since = now
        self._patience = DWELL_MS

    def answered(self, now: int) -> None:
        """The device answered."""
        self._since = now
        self._patience = SILENCE_MS
        if self.current != self._known and len(self._tried) > 1:
            self._known = self.current
            self.news = True

    def deadline(self, now: int) -> int:
        """Milliseconds until `turn` may be True."""
        return max(0, self._since + self._patience - now)

    def turn(self, now: int) -> bool:
        """Whether to open the line anew, with the next `current`."""
        if len(self._tried) < 2 or now - self._since < self._patience:
            return False
        self._since = now
        self._patience = DWELL_MS
        self._index = (self._index + 1) % len(self._tried)
        return True
