"""The half of a store that is the same on every database: what readers ask."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from neonat.store.checking import counts, faults
from neonat.store.queries import Queries
from neonat.store.records import History, Place, Row, Verified

T = TypeVar("T")


class Asking(ABC):
    """Every question of `neonat.store.Store` that runs on the store's own connection."""

    @abstractmethod
    def _reading(self) -> contextlib.AbstractContextManager[Queries]:
        """The queries, for one caller at a time; what fails inside becomes a StoreError."""

    def read(self, question: Callable[[Queries], T]) -> T:
        """What a question of a module of this package finds."""
        with self._reading() as ask:
            return question(ask)

    @abstractmethod
    def evidence(self) -> contextlib.AbstractContextManager[Queries]:
        """What is asked on one state of the database and a connection of its own."""

    def verify(self, done: Callable[[int], object]) -> Verified:
        """Whether the database is whole, on one state of it; `done` is told of each boot."""
        with self.evidence() as ask:
            damage = ask.base.integrity()
            return Verified(damage or list(faults(ask, done)), {} if damage else counts(ask.base))

    def health(self) -> dict[str, Any] | None:
        """What ingest last said of itself; None when it never did."""
        with self._reading() as ask:
            return ask.health()

    def check(self) -> None:
        """Raise StoreError when the database cannot be read."""
        with self._reading() as ask:
            ask.check()

    def missing(self) -> list[Row]:
        """How many numbers are missing by `gateway` and `reason`, as `count`."""
        with self._reading() as ask:
            return ask.missing()

    def gateways(self) -> list[Row]:
        """The rows of the view `gateways`, by name."""
        with self._reading() as ask:
            return ask.gateways()

    def latest(self, gateway: str) -> Row | None:
        """What the page shows of one gateway, ready for JSON; None when it is not known."""
        with self._reading() as ask:
            return ask.latest(gateway)

    def latest_of_all(self) -> list[Row]:
        """`latest` of every gateway, by name."""
        with self._reading() as ask:
            return ask.latest_of_all()

    def readings(
        self,
        gateway: str,
        name: str | None = None,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1000,
        last: Place | None = None,
    ) -> list[Row]:
        """The newest `limit` readings of [start, end), oldest first; no frame after `last`."""
        with self._reading() as ask:
            return ask.readings(gateway, name, start, end, limit, last)

    def history(
        self, gateway: str, names: Sequence[str], start: int, end: int, points: int = 1000
    ) -> History:
        """Readings by name in [start, end), summed up so that about `points` of each are left."""
        with self._reading() as ask:
            return ask.history(gateway, names, start, end, points)

    def alarms(
        self,
        gateway: str,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1000,
    ) -> list[Row]:
        """The newest `limit` episodes of alarms that touch [start, end), newest first."""
        with self._reading() as ask:
            return ask.alarms(gateway, start, end, limit)

    def gaps(
        self, gateway: str, limit: int | None = None, before: Place | None = None
    ) -> list[Row]:
        """The holes in a gateway's numbers, newest boot first; those before a boot and number."""
        with self._reading() as ask:
            return ask.gaps(gateway, limit, before)
