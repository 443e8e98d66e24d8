"""An incubator behind a line with faults: bytes and time in, pieces for the line out."""

from collections.abc import Iterator

from medibus.frame import is_whole
from neonat.simulator.faults import Faults, Piece
from neonat.simulator.incubator import Incubator

SILENCE = (3_500, 12_000)
SWITCHED_OFF = (1_000, 5_000)


class Station:
    """What a port talks to. `now` is in milliseconds and never runs backwards."""

    def __init__(self, incubator: Incubator, faults: Faults):
        self.incubator = incubator
        self.faults = faults
        self._quiet_until = 0

    def receive(self, now: int, chunk: bytes) -> list[Piece]:
        if now < self._quiet_until:
            return []
        return self._send(now, self.incubator.receive(now, chunk))

    def tick(self, now: int) -> list[Piece]:
        if now < self._quiet_until:
            return []
        return self._send(now, self.incubator.tick(now))

    def deadline(self, now: int) -> int:
        """When `tick` is wanted next, in ms."""
        return max(self.incubator.deadline(now), self._quiet_until)

    def _send(self, now: int, frames: list[bytes]) -> list[Piece]:
        pieces: list[Piece] = []
        for frame in frames:
            if self.faults.strikes("silence"):
                self._quiet_until = now + self.faults.between(*SILENCE)
                return [*pieces, Piece(b"", (), (frame[:-1],), ("silence",))]
            if self.faults.strikes("restart"):
                off = self.faults.between(*SWITCHED_OFF)
                self._quiet_until = now + off
                self.incubator.restart(now, off)
                return [*pieces, Piece(b"", (), (frame[:-1],), ("restart",))]
            pieces += self.faults.send(frame)
        return pieces


class Playback:
    """A recording sent as it is, a piece every `interval` ms, whatever the other side says."""

    def __init__(self, pieces: Iterator[bytes], faults: Faults, interval: int):
        self.faults = faults
        self._pieces = pieces
        self._interval = interval
        self._next_at = 0

    def receive(self, now: int, chunk: bytes) -> list[Piece]:
        return []

    def tick(self, now: int) -> list[Piece]:
        if now < self._next_at:
            return []
        self._next_at = now + self._interval
        return self._recorded(next(self._pieces))

    def deadline(self, now: int) -> int:
        return self._next_at

    def _recorded(self, line: bytes) -> list[Piece]:
        start = max(line.rfind(b"\x01"), line.rfind(b"\x1b"))
        if start < 0 or not line.endswith(b"\r") or not is_whole(line[start:-1]):
            return [Piece(line, (), (), ("recorded",))]
        head = [Piece(line[:start], (), (), ("recorded",))] if start else []
        return head + self.faults.send(line[start:])
