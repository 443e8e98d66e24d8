"""The session with a device as a state machine without clock or I/O (medibus.md, "Session").

The caller hands on every frame itself; the session only decides what to send. Milliseconds
throughout.
"""

from . import requests
from .error import LineError
from .exchange import Exchange
from .frame import Frame, response
from .schedule import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .identity import Identity

SILENCE_LIMIT = 3000
# The longest frame takes 4.4 s at 9600 baud; bytes that never become one are no life.
FRAME_LIMIT = 10000
# A NOP is due after at most 2 s; the rest is for a caller that ticks late.
IDLE_LIMIT = 1800
# A TN500 that opened asks for our identity first; others may leave that out.
IDENTIFY_DELAY = 500
IDENTIFY_AGAIN = 10000
STOP_PAUSE = 30000
CHANGES_KEPT = 32


class Session:
    """One session; `now` is milliseconds that never run backwards or wrap.

    `identity` is the data of our answer to 0x52, `expected` the device id that should be there;
    another one is accepted and recorded. `state` is `down`, `connecting` or `up`, `device` the
    Identity or None. The caller drains `changes`: `("up", Identity or None)`, `("down", reason)`,
    `("identity", Identity)` for another one than expected or before.
    """

    def __init__(self, plan: Plan, identity: bytes = b"", expected: "str | None" = None) -> None:
        self.plan = plan
        self.identity = identity
        self.expected = expected
        self.state = "down"
        self.device: "Identity | None" = None
        self.changes: "list[tuple]" = []
        self.counters: "dict[str, int]" = {}
        for name in ("timeout", "late", "duplicate", "unexpected", "retry", "nak", "identity"):
            self.counters[name] = 0
        for name in ("truncated", "checksum", "oversize", "noise"):
            self.counters[name] = 0
        self._line = Exchange()
        self._extra: "list[int]" = []
        self._heard_at = 0
        self._frame_at = 0
        self._open_at = 0
        self._identify_at: "int | None" = None

    def heard(self, now: int) -> None:
        """Bytes arrive: a long frame is no silence."""
        if self.state != "down" and now - self._frame_at <= FRAME_LIMIT:
            self._heard_at = now

    def tick(self, now: int) -> bytes:
        """What to send now because time has passed; empty when nothing."""
        self._expire(now)
        line = self._line
        if line.asked is not None:
            if not line.wants_retry(now):
                return b""
            out = line.retry(now)
            if out:
                self.counters["retry"] += 1
                return out
            self._give_up(now)
        return self._next(now)

    def receive(self, now: int, event: "Frame | LineError") -> bytes:
        """What to send because `event` came; empty when nothing."""
        self._expire(now)
        if not isinstance(event, Frame):
            self.counters[event.reason] = self.counters.get(event.reason, 0) + 1
            self._line.corrupt(now, event.reason, event.raw)
            return b""
        self._heard_at = self._frame_at = now
        out = b""
        if event.is_command:
            out = self._answer(now, event.code)
            out += self._again(now)
        else:
            self._response(now, event)
        if self._line.asked is None:
            out += self._next(now)
        return out

    def deadline(self, now: int) -> int:
        """Milliseconds until `tick` is wanted, 0 when at once."""
        line = self._line
        times = []
        if self.state != "down":
            times.append(self._heard_at + SILENCE_LIMIT + 1)
        elif line.asked is None:
            times.append(self._open_at)
        if line.asked is not None:
            times.append(line.ends_at())
            if line.retry_at is not None:
                times.append(line.retry_at)
        elif self.state != "down":
            times.append(line.sent_at + IDLE_LIMIT)
            if self._identify_at is not None:
                times.append(self._identify_at)
            wait = self.plan.deadline(now)
            if self.state == "up" and wait is not None:
                times.append(now + wait)
        return max(0, min(times) - now)

    def _again(self, now: int) -> bytes:
        """A device that goes on after a spoilt response will not send that once more."""
        if self.state == "down" or not self._line.spoilt:
            return b""
        out = self._line.retry(now)
        if out:
            self.counters["retry"] += 1
        else:
            self._give_up(now)
        return out

    def _expire(self, now: int) -> None:
        if self.state != "down" and now - self._heard_at > SILENCE_LIMIT:
            self._timeout()
            self._down("silence", now)
        elif self._line.asked is not None and now >= self._line.ends_at():
            self._give_up(now)

    def _timeout(self) -> "int | None":
        """Wait no longer for a response; the code that was asked."""
        asked = self._line.give_up()
        if asked is not None and asked != requests.ICC:
            self.counters["timeout"] += 1
        return asked

    def _give_up(self, now: int) -> None:
        if self._timeout() == requests.IDENTIFY:
            # Values without a name are better than none.
            self._identify_at = now + IDENTIFY_AGAIN
            self._up()

    def _down(self, reason: str, open_at: int) -> None:
        if self.state != "down":
            self._change("down", reason)
        self.state = "down"
        self._line.drop()
        self._identify_at = None
        self._extra = []
        self._open_at = open_at

    def _up(self) -> None:
        if self.state == "connecting":
            self.state = "up"
            self.plan.restart()
            self._change("up", self.device)

    def _change(self, what: str, how: object) -> None:
        self.changes.append((what, how))
        if len(self.changes) > CHANGES_KEPT:
            self.changes.pop(0)

    def _next(self, now: int) -> bytes:
        """The next command; nothing is outstanding."""
        if self.state == "down":
            return self._line.ask(now, requests.ICC) if now >= self._open_at else b""
        if self._identify_at is not None and now >= self._identify_at:
            return self._line.ask(now, requests.IDENTIFY)
        if self.state == "up":
            code = self._extra.pop(0) if self._extra else self.plan.due(now)
            if code is not None:
                return self._line.ask(now, code)
        if now - self._line.sent_at >= IDLE_LIMIT:
            return self._line.ask(now, requests.NOP)
        return b""

    def _answer(self, now: int, code: int) -> bytes:
        """Answer a command of the device; one that we do not know gets an empty echo."""
        if code == requests.NAK:
            self.counters["nak"] += 1
            return self._line.again(now)
        self._line.understood()
        data = b""
        if code == requests.ICC:
            self._opened(now + IDENTIFY_DELAY)
        elif code == requests.IDENTIFY:
            data = self.identity
            if self._identify_at is not None:
                self._identify_at = now
        elif code == requests.STOP:
            self._down("stop", now + STOP_PAUSE)
        elif code == requests.TIME_CHANGED and requests.DATE_TIME not in self._extra:
            self._extra.append(requests.DATE_TIME)
        return self._line.send(now, response(code, data))

    def _opened(self, identify_at: int) -> None:
        """Begin anew: what was outstanding will not be answered."""
        self._line.drop()
        self._extra = []
        self._identify_at = identify_at
        self.device = None
        self.state = "connecting"

    def _response(self, now: int, frame: Frame) -> None:
        self._line.understood()
        wrong = self._line.take(frame.code)
        if wrong:
            self.counters[wrong] += 1
        elif frame.code == requests.ICC:
            self._opened(now)
        elif frame.code == requests.IDENTIFY:
            self._identified(frame.data)

    def _identified(self, data: bytes) -> None:
        # Once a session; a board forgets it again.
        from medibus.identity import identity

        found = identity(data)
        device = found[0] if found else None
        self._identify_at = None
        changed = self.state == "up" and device != self.device
        self.device = device
        if self.expected and (device is None or device.id != self.expected):
            self.counters["identity"] += 1
            changed = True
        self._up()
        if changed:
            self._change("identity", device)
