"""From the serial line to records: opens it, finds its speed, runs the session, never ends."""

from medibus.decoder import Decoder, LineError
from medibus.escape import escape
from medibus.frame import Frame
from medibus.requests import DATE_TIME, TIME_CHANGED
from medibus.session import Session
from neonat.gateway.net import Connection, why
from neonat.gateway.rarely import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from medibus.identity import Identity

READ_BLOCK = 512
RETRY_MS = 500
RETRY_MAX_MS = 10000
ERRORS_BURST = 20
ERROR_EVERY_MS = 1000
OUT_MAX = 1024
TRIES = 2
CLOCK_MS = 3600000


class Acquisition:
    """`emit(now, data)` takes each record's data; `data_max` is the longest that fits a line.

    `name` is that of the line's device file, `up` whether the link was told to be. `moves` grows
    with each frame, each request and each attempt to open the line. `told` is when the device told
    its time, with the data, each hour and when it was set; the taker clears it.
    """

    def __init__(self, board, device: str, finder, plan, emit, data_max: int, log):
        self._board = board
        self.name = device
        self.finder = finder
        self.emit = emit
        self._data_max = data_max
        self.log = log
        self.plan = plan
        self.errors: "dict[str, int]" = {"checksum": 0, "timeout": 0}
        self.frames = 0
        self.moves = 0
        self.device: "Identity | None" = None
        self._session = Session(plan)
        self._decoder = Decoder()
        self._line: "Connection | None" = None
        self._open = False
        self._out = b""
        self._retry = 0
        self._failures = 0
        self._opens = 0  # since the last answer
        self._reason = ""
        self._allowed = ERRORS_BURST
        self._allowed_at = 0
        self._skipped = 0
        self.up = False
        self._news: "list[tuple]" = []
        self._found = False
        self.told: "tuple[int, bytes] | None" = None
        self._clock_at = 0
        self._events: list = []
        self._spooled = False
        self._tries = 0
        self._starved = False

    @property
    def link(self) -> str:
        """down, connecting or up."""
        return self._session.state if self._open else "down"

    @property
    def line(self) -> dict:
        """Baud and parity in use."""
        baud, parity = self.finder.current
        return {"baud": baud, "parity": parity}

    @property
    def streams(self) -> list:
        return [self._line] if self._line is not None else []

    def deadline(self, now: int) -> int:
        """Milliseconds until `step` is wanted without any event."""
        if self._line is None:
            return max(0, self._retry - now)
        if not self._open:
            return 50
        return max(0, min(self._session.deadline(now), self.finder.deadline(now)))

    def step(self, now: int) -> None:
        """Read what is there, answer, ask what is due."""
        try:
            self._step(now)
        except OSError as error:
            self._lost(now, why(error) or "line lost")

    def _step(self, now: int) -> None:
        self._tell(now)
        if self._line is None:
            if now < self._retry:
                return
            self.moves += 1
            baud, parity = self.finder.current
            self._line = self._board.open_line(self.name, baud, parity)
        if not self._open:
            if not self._line.ready():
                return
            self._begin(now)
        self._rescue()
        for _ in range(8):
            self._work(now)
            if not self._read(now):
                break
        self._work(now)
        self._send(self._session.tick(now))
        self._changes(now)
        if self.finder.turn(now):
            self._leave(now, "silent")
            self._retry = now

    def _begin(self, now: int) -> None:
        self._open = True
        self._out = b""
        self._decoder = Decoder()
        self._session = Session(self.plan)
        self.finder.opened(now)
        if self._opens < self.finder.choices:
            call("linenews", "opened", self)
        self._opens += 1

    def _answered(self, now: int) -> None:
        """The line is good: only now, since some peers let us in and close at once."""
        self._found = self._opens > self.finder.choices
        self._opens = 0
        self._failures = 0
        self._reason = ""
        self.finder.answered(now)

    def _read(self, now: int) -> bool:
        """Whether something came; what it completes is in `_events`."""
        try:
            chunk = self._line.read(READ_BLOCK)  # type: ignore[union-attr]
            if chunk is None:
                return False
            self._session.heard(now)
            self._events = self._decoder.feed(chunk)
        except MemoryError:
            self._starved = True
            raise
        return True

    def _rescue(self) -> None:
        """After a full heap: what was decoded comes out, what was begun is an error."""
        if self._starved:
            trace = LineError("memory", b"", 0)
            events = self._decoder.close()
            events.append(trace)
            self._events = events
            self._starved = False

    def _work(self, now: int) -> None:
        """Take the events; one that the heap was too full for once more, then only its error."""
        while self._events:
            event = self._events[0]
            self._tries += 1
            if self._tries > TRIES and not self._spooled:
                event = LineError("memory", event.raw[:8], len(event.raw))
            if not self._spooled:
                self._keep(now, event)
                self._spooled = True
            if self._tries <= TRIES + 1:
                self._send(self._session.receive(now, event))
                self._changes(now)
            del self._events[0]
            self._spooled = False
            self._tries = 0

    def _keep(self, now: int, event) -> None:
        raw = event.raw
        if not isinstance(event, Frame):
            self._error(now, event.reason, raw, event.length)
            return
        data = escape(raw)
        if len(data) <= self._data_max:
            self.emit(now, data)
        else:
            self._error(now, "too_long", raw, len(raw))
        self.frames += 1
        self.moves += 1
        if not event.is_command:
            self._answered(now)
            if event.code == DATE_TIME and now >= self._clock_at:
                self._clock_at = now + CLOCK_MS
                self.told = (now, raw[2:-2])
        elif event.code == TIME_CHANGED:
            self._clock_at = now

    def _error(self, now: int, reason: str, raw: bytes, length: int) -> None:
        more = (now - self._allowed_at) // ERROR_EVERY_MS
        if more > 0:
            self._allowed = min(ERRORS_BURST, self._allowed + more)
            self._allowed_at += more * ERROR_EVERY_MS
        if self._allowed:
            call("linenews", "error", self, now, reason, raw, length, self._skipped)
            self._allowed -= 1
            self._skipped = 0
        else:
            self._skipped += 1
        self.errors[reason] = self.errors.get(reason, 0) + 1

    def _send(self, data: bytes) -> None:
        out = self._out
        if data:
            self.moves += 1
            out += data
        if len(out) > OUT_MAX:
            out = data
        if out and self._line is not None:
            out = out[self._line.write(out) :]
        self._out = out

    def _changes(self, now: int) -> None:
        changes = self._session.changes
        if changes:
            if any(change[0] != "down" for change in changes):
                self.device = self._session.device
                self._clock_at = now
            self._news += changes
            changes.clear()
            self._tell(now)
        counted = self._session.counters.get("timeout", 0)
        if counted:
            self.errors["timeout"] += counted
            self._session.counters["timeout"] = 0

    def _tell(self, now: int) -> None:
        """Tell what is new; where the heap is too full for that now, a little later."""
        if self._found:
            call("linenews", "opened", self)
            self._found = False
        if self._news:
            call("linenews", "changed", self, now, self._news)

    def _leave(self, now: int, reason: str) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None
        self._open = False
        for event in self._decoder.close():
            if not isinstance(event, Frame):
                self._error(now, event.reason, event.raw, event.length)
        if self.up:
            self._news.append(("down", reason))
            self._tell(now)

    def _lost(self, now: int, reason: str) -> None:
        new = reason != self._reason
        self._reason = reason
        self._retry = now + min(RETRY_MAX_MS, RETRY_MS << min(self._failures, 6))
        self._failures += 1
        if new:
            call("linenews", "lost", self, reason)
        self._leave(now, "line lost")

    def close(self, now: int) -> None:
        """Leave the line."""
        try:
            self._rescue()
            self._work(now)
        finally:
            self._leave(now, "stopped")
