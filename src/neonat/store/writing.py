"""The half of a store that is the same on every database: what writers do besides `write`."""

import contextlib
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from neonat.store import workers
from neonat.store.asking import Asking
from neonat.store.base import Base
from neonat.store.kinds import checked
from neonat.store.records import Redecoded
from neonat.store.redecode import FRAMES
from neonat.store.retention import EXPIRE_MOST
from neonat.store.rollup import ROLL_MOST
from neonat.store.writer import Writer

# Gateways that one transaction looks through for what is too old.
TOGETHER = 20


class Turn(NamedTuple):
    """A transaction of a writer that holds some gateways, by name."""

    base: Base
    writer: Writer
    held: set[str]


class Writing(Asking):
    """What runs in transactions of its own, on the store's writing connection."""

    @abstractmethod
    def _writing(self) -> contextlib.AbstractContextManager[tuple[Base, Writer]]:
        """The writer, for one caller at a time; what fails inside becomes a StoreError."""

    @abstractmethod
    def _turn(self, names: list[str]) -> contextlib.AbstractContextManager[Turn]:
        """A transaction; gateways that another writer holds at the moment are left to it."""

    def set_health(self, health: dict[str, Any], worker: str = "") -> None:
        """Keep what a worker of ingest says of itself, for `health`."""
        with self._writing() as (base, _):
            workers.tell(base, worker, health)

    def roll(self, most: int = ROLL_MOST, now: bool = False) -> int:
        """Put about `most` records into the rollups; whether more are due (how many runs)."""
        with self._writing() as (_, writer):
            due = writer.due(most, now)
            if not due:
                return 0
            with self._turn(sorted({name for _, name in due})) as turn:
                mine = [one for one in due if one[1] in turn.held]
                return turn.writer.fold(mine, most, now)

    def expire(
        self, keep: Mapping[str, int], now: int | None = None, most: int = EXPIRE_MOST
    ) -> int:
        """Take away about `most` rows of what is older than `keep` says; how many went."""
        checked(keep)
        at = time.time_ns() // 1_000_000 if now is None else now
        with self._writing() as (base, _):
            names = [name for (name,) in base.execute("SELECT name FROM gateway ORDER BY name")]
            with self._turn([]) as turn:
                gone = turn.writer.expire_of_all(keep, at, most)
            for group in _groups(names):
                if gone >= most:
                    break
                with self._turn(group) as turn:
                    gone += turn.writer.expire(sorted(turn.held), keep, at, most - gone)
            return gone

    def redecode(self, done: Callable[[int], object]) -> Redecoded:
        """Read again what is stored; `done` is told how many frames were looked at.

        The rollups of what changed are made anew as for any frame that waits.
        """
        with self._writing() as (base, writer):
            names = [name for (name,) in base.execute("SELECT name FROM gateway ORDER BY name")]
            with self._turn(names) as turn:
                work = writer.redecoding()
                shapes = work.shapes()
                self._tell_all(turn.base, writer)
            frames = 0
            for step in (work.stretches, work.legacy_stretches, work.frames, work.legacy):
                after: int | None = -1
                while after is not None:
                    with self._turn(names) as turn:
                        changed, after = step(after)
                        if changed:
                            self._tell_all(turn.base, writer)
                    frames += changed
                    done(FRAMES)
            return Redecoded(shapes, frames)

    def _tell_all(self, base: Base, writer: Writer) -> None:
        """Have every writer and reader look at all gateways anew."""
        base.execute("UPDATE gateway SET change = ?", (base.next_change(),))
        writer.undone()


def _groups(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), TOGETHER):
        yield names[start : start + TOGETHER]
