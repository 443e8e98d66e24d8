"""The loop between a port and what talks on it."""

import time
from typing import Protocol

from neonat.simulator.faults import Piece
from neonat.simulator.journal import Journal

IDLE = 0.1


class Port(Protocol):
    """An edge to the outside."""

    @property
    def present(self) -> bool: ...

    def read(self, timeout: float) -> bytes: ...

    def write(self, data: bytes) -> bool: ...


class Talker(Protocol):
    """What stands behind a port."""

    def receive(self, now: int, chunk: bytes) -> list[Piece]: ...

    def tick(self, now: int) -> list[Piece]: ...

    def deadline(self, now: int) -> int: ...


class Stop(Protocol):
    def is_set(self) -> bool: ...


def milliseconds() -> int:
    """A clock that never runs backwards, in ms."""
    return time.monotonic_ns() // 1_000_000


def run(port: Port, talker: Talker, journal: Journal, stop: Stop) -> None:
    """Talk until `stop` is set."""
    present = False
    while not stop.is_set():
        now = milliseconds()
        wait = max(talker.deadline(now) - now, 0) / 1000 if port.present else IDLE
        chunk = port.read(min(wait, IDLE))
        if port.present != present:
            present = port.present
            journal.note(client="came" if present else "left")
        now = milliseconds()
        if chunk:
            put(port, talker.receive(now, chunk), journal)
        if port.present:
            put(port, talker.tick(now), journal)


def put(port: Port, pieces: list[Piece], journal: Journal) -> None:
    """Hand pieces to the port; what it does not take whole is logged as lost."""
    for piece in pieces:
        if not piece.data or port.write(piece.data):
            journal.sent(piece)
        else:
            journal.lost(piece, "not taken" if port.present else "nobody there")
