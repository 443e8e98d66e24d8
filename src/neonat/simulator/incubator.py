"""The device's side of the protocol, without clock or line: bytes and time in, frames out."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from medibus.decoder import Decoder
from medibus.frame import Frame, command, response
from neonat.simulator import payloads
from neonat.simulator.models import Model
from neonat.simulator.physiology import Physiology

NAK, NOP, ICC, IDENTIFY, STOP = 0x15, 0x30, 0x51, 0x52, 0x55
NOP_AFTER = 2000
LINK_TIMEOUT = 3000
ICC_AGAIN = 1000
ANSWER_TIMEOUT = 10_000


class Answers(Protocol):
    """Where the data of the answers to an up session comes from."""

    @property
    def identity(self) -> bytes: ...

    def data(self, code: int, now: int) -> bytes:
        """The data that answers a command; empty for one that the device does not know."""
        ...


class LiveAnswers:
    """Answers of a model whose values drift.

    `local_time` gives the device's own clock: now in ms to a local date and time. `state` is what
    it shows; a restless one from `seed` when none is given.
    """

    def __init__(
        self,
        model: Model,
        seed: object,
        local_time: Callable[[int], datetime],
        state: payloads.Shown | None = None,
    ):
        self.state = state or Physiology(model, seed)
        self.identity = model.identity
        self._local_time = local_time
        self._others = self._any_frames()

    def data(self, code: int, now: int) -> bytes:
        self.state.advance(now)
        model = self.state.model
        if code not in model.answers:
            return b""
        if code == 0x24:
            return payloads.measured(self.state)
        if code in (0x23, 0x27, 0x2E):
            return payloads.alarms(self.state, code)
        if code in (0x25, 0x26):
            return payloads.limits(self.state, high=code == 0x26)
        if code == 0x28:
            return payloads.clock(self._local_time(now), model.clock)
        if code == 0x29:
            return payloads.settings(self.state)
        if code == 0x2A:
            return payloads.texts(self.state)
        return b""

    def _any_frames(self) -> Iterator[bytes]:
        while True:
            yield response(0x29, payloads.settings(self.state))
            yield command(NOP)
            yield response(0x2A, payloads.texts(self.state))

    def another(self) -> bytes:
        """Some frame that the device could send at any time."""
        return next(self._others)


class Incubator:
    """One device on a line. `now` is in milliseconds and never runs backwards.

    `opens`: it sends ICC by itself until somebody answers, else it waits for the other side's.
    `receive` and `tick` return whole frames with their CR, in the order in which they are sent.
    """

    def __init__(self, answers: Answers, opens: bool = True):
        self.answers = answers
        self.opens = opens
        self.state = "down"
        self.unheard = 0
        self._decoder = Decoder()
        self._asked: dict[int, int] = {}
        self._last = b""
        self._heard_at = 0
        self._said_at = 0
        self._icc_at: int | None = 0 if opens else None

    def deadline(self, now: int) -> int:
        """When `tick` is wanted next, in ms."""
        if self.state == "up":
            return min(self._nop_at(), self._heard_at + LINK_TIMEOUT)
        return now + LINK_TIMEOUT if self._icc_at is None else self._icc_at

    def tick(self, now: int) -> list[bytes]:
        """What to send because time has passed."""
        if self.state == "up" and now >= self._heard_at + LINK_TIMEOUT:
            self._down(now)
        if self.state == "up":
            if now >= self._nop_at():
                return self._ask(now, NOP)
            return []
        if self._icc_at is not None and now >= self._icc_at:
            self._icc_at = now + ICC_AGAIN
            self._asked.pop(ICC, None)
            return self._ask(now, ICC)
        return []

    def receive(self, now: int, chunk: bytes) -> list[bytes]:
        """What to send because these bytes have come."""
        out: list[bytes] = []
        for event in self._decoder.feed(chunk):
            if not isinstance(event, Frame):
                self.unheard += 1
            elif event.is_command:
                self._heard_at = now
                out += self._answer(now, event.code)
            else:
                self._heard_at = now
                out += self._answered(now, event.code)
        return out

    def restart(self, now: int, after: int) -> None:
        """Switched off and on: everything is forgotten, the line comes back `after` ms later."""
        self._down(now)
        self._decoder = Decoder()
        self._icc_at = now + after if self.opens else None

    def _nop_at(self) -> int:
        return max(self._heard_at, self._said_at) + NOP_AFTER

    def _down(self, now: int) -> None:
        self.state = "down"
        self._asked.clear()
        self._icc_at = now if self.opens else None

    def _ask(self, now: int, code: int) -> list[bytes]:
        asked_at = self._asked.get(code)
        if asked_at is not None and now < asked_at + ANSWER_TIMEOUT and code != NOP:
            return []
        self._asked[code] = now
        return [self._say(now, command(code))]

    def _say(self, now: int, frame: bytes) -> bytes:
        self._said_at = now
        return frame

    def _answer(self, now: int, code: int) -> list[bytes]:
        if code == ICC:
            return [self._reply(now, ICC), *self._opened(now)]
        if self.state != "up":
            return []
        if code == NAK:
            return [self._say(now, self._last)] if self._last else []
        if code == IDENTIFY:
            return [self._reply(now, IDENTIFY, self.answers.identity)]
        if code == STOP:
            self._down(now)
            self._icc_at = None
            return [self._reply(now, STOP)]
        return [self._reply(now, code, self.answers.data(code, now))]

    def _reply(self, now: int, code: int, data: bytes = b"") -> bytes:
        self._last = response(code, data)
        return self._say(now, self._last)

    def _answered(self, now: int, code: int) -> list[bytes]:
        asked = self._asked.pop(code, None)
        if code == ICC and asked is not None:
            return self._opened(now)
        return []

    def _opened(self, now: int) -> list[bytes]:
        self.state = "up"
        self._heard_at = now
        self._icc_at = None
        self._asked.clear()
        return self._ask(now, IDENTIFY)
