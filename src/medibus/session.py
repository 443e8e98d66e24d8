"""The session with a device as a state machine without clock or I/O (medibus.md, "Session").

The caller hands on every frame itself; the session only decides what to send. Milliseconds
throughout.
"""

from . import requests
from .frame import ESC, Frame, command, response
from .identity import identity as identity_of
from .item import Identity
from .schedule import Plan

RESPONSE_LIMIT = 10000
SILENCE_LIMIT = 3000
# A NOP is due after at most 2 s; the rest is for a caller that ticks late.
IDLE_LIMIT = 1800
OPEN_PERIOD = 3000
# A TN500 that opened asks for our identity first; others may leave that out.
IDENTIFY_DELAY = 500
IDENTIFY_AGAIN = 10000
STOP_PAUSE = 30000
RETRY_DELAY = 300
RETRIES = 3
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
        self._asked: "int | None" = None  # the command that waits for its response
        self._asked_at = 0
        self._answered: "int | None" = None
        self._given_up: "set[int]" = set()
        self._last = b""  # the last thing sent, for a NAK
        self._retry_at: "int | None" = None
        self._tries = 0
        self._naks = 0
        self._extra: "list[int]" = []
        self._heard_at = 0
        self._sent_at = 0
        self._open_at = 0
        self._identify_at: "int | None" = None

    def tick(self, now: int) -> bytes:
        """What to send now because time has passed; empty when nothing."""
        self._expire(now)
        if self._asked is None:
            return self._next(now)
        if self._retry_at is not None and now >= self._retry_at:
            return self._retry(now)
        return b""

    def receive(self, now: int, event: object) -> bytes:
        """What to send because `event`, a Frame or a LineError, came; empty when nothing."""
        self._expire(now)
        if not isinstance(event, Frame):
            self._corrupt(now, event)
            return b""
        self._heard_at = now
        if event.is_command:
            out = self._answer(now, event.code)
        else:
            self._naks = 0
            self._response(now, event)
            out = b""
        if self._asked is None:
            out += self._next(now)
        return out

    def deadline(self, now: int) -> int:
        """Milliseconds until `tick` is wanted, 0 when at once."""
        times = []
        if self.state != "down":
            times.append(self._heard_at + SILENCE_LIMIT + 1)
        elif self._asked is None:
            times.append(self._open_at)
        if self._asked is not None:
            times.append(self._asked_at + self._limit())
            if self._retry_at is not None:
                times.append(self._retry_at)
        elif self.state != "down":
            times.append(self._sent_at + IDLE_LIMIT)
            if self._identify_at is not None:
                times.append(self._identify_at)
            wait = self.plan.deadline(now)
            if self.state == "up" and wait is not None:
                times.append(now + wait)
        return max(0, min(times) - now)

    def _limit(self) -> int:
        return OPEN_PERIOD if self._asked == requests.ICC else RESPONSE_LIMIT

    def _expire(self, now: int) -> None:
        if self.state != "down" and now - self._heard_at > SILENCE_LIMIT:
            if self._asked is not None:
                self._give_up(now)
            self._down(now, "silence", now)
        elif self._asked is not None and now - self._asked_at >= self._limit():
            self._give_up(now)

    def _give_up(self, now: int) -> None:
        """Wait no longer for the response."""
        asked = self._asked
        self._asked = self._retry_at = None
        if asked is None:
            return
        self._given_up.add(asked)
        if asked != requests.ICC:
            self.counters["timeout"] += 1
        if asked == requests.IDENTIFY:
            # Values without a name are better than none.
            self._identify_at = now + IDENTIFY_AGAIN
            self._up()

    def _down(self, now: int, reason: str, open_at: int) -> None:
        if self.state != "down":
            self._change("down", reason)
        self.state = "down"
        self._asked = self._retry_at = self._identify_at = None
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
            return self._ask(now, requests.ICC) if now >= self._open_at else b""
        if self._identify_at is not None and now >= self._identify_at:
            return self._ask(now, requests.IDENTIFY)
        if self.state == "up":
            code = self._extra.pop(0) if self._extra else self.plan.due(now)
            if code is not None:
                return self._ask(now, code)
        if now - self._sent_at >= IDLE_LIMIT:
            return self._ask(now, requests.NOP)
        return b""

    def _ask(self, now: int, code: int) -> bytes:
        self._asked = code
        self._tries = 0
        return self._repeat(now, command(code))

    def _repeat(self, now: int, data: bytes) -> bytes:
        """Send a frame; a command gets its full time for the response."""
        self._last = data
        self._sent_at = now
        if data[0] == ESC:
            self._asked = data[1]
            self._asked_at = now
            self._retry_at = None
        return data

    def _retry(self, now: int) -> bytes:
        self._retry_at = None
        if self._tries >= RETRIES:
            self._give_up(now)
            return self._next(now)
        self._tries += 1
        self.counters["retry"] += 1
        return self._repeat(now, command(self._asked or 0))

    def _corrupt(self, now: int, event) -> None:
        self.counters[event.reason] = self.counters.get(event.reason, 0) + 1
        if self._asked is None or len(event.raw) < 2 or event.raw[0] == ESC:
            return
        # A truncated frame is known late and may be an old one; after a bad checksum nothing
        # more will come.
        mine = event.raw[1] == self._asked
        answered = event.reason == "checksum" or (event.reason == "truncated" and mine)
        if answered and self._retry_at is None:
            self._retry_at = now + RETRY_DELAY

    def _answer(self, now: int, code: int) -> bytes:
        """Answer a command of the device; one that we do not know gets an empty echo."""
        if code == requests.NAK:
            return self._again(now)
        self._naks = 0
        data = b""
        if code == requests.ICC:
            self._opened(now + IDENTIFY_DELAY)
        elif code == requests.IDENTIFY:
            data = self.identity
            if self._identify_at is not None:
                self._identify_at = now
        elif code == requests.STOP:
            self._down(now, "stop", now + STOP_PAUSE)
        elif code == requests.TIME_CHANGED and requests.DATE_TIME not in self._extra:
            self._extra.append(requests.DATE_TIME)
        out = response(code, data)
        if self._asked is None:
            return self._repeat(now, out)
        self._sent_at = now
        return out

    def _again(self, now: int) -> bytes:
        """Send the last frame again, not for ever."""
        self.counters["nak"] += 1
        self._naks += 1
        if self._naks > RETRIES or not self._last:
            return b""
        if self._last[0] == ESC and self._last[1] != self._asked:
            return b""
        return self._repeat(now, self._last)

    def _opened(self, identify_at: int) -> None:
        """Begin anew: what was outstanding will not be answered."""
        self._asked = self._retry_at = None
        self._extra = []
        self._identify_at = identify_at
        self.device = None
        self.state = "connecting"

    def _response(self, now: int, frame: Frame) -> None:
        code = frame.code
        if code != self._asked:
            if code in self._given_up:
                self._given_up.discard(code)
                self.counters["late"] += 1
            else:
                self.counters["duplicate" if code == self._answered else "unexpected"] += 1
            return
        self._asked = self._retry_at = None
        self._answered = code
        self._given_up.discard(code)
        if code == requests.ICC:
            self._opened(now)
        elif code == requests.IDENTIFY:
            self._identified(frame.data)

    def _identified(self, data: bytes) -> None:
        found = identity_of(data)
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
