"""The interface that every database implements, and how a URL becomes one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from neonat.store.records import (
    History,
    LegacyRecord,
    Place,
    Reader,
    Record,
    Redecoded,
    Refusal,
    Row,
    Schema,
    State,
    StoreError,
    Verified,
    Written,
)

if TYPE_CHECKING:
    from neonat.store.base import Base
    from neonat.store.evidence import Evidence
    from neonat.store.queries import Queries

T = TypeVar("T")

_READING = ("gateway", "boot", "seq", "at", "code", "codepage", "name", "value", "unit", "raw")
_RECORD = ("gateway", "boot", "seq", "at", "clock", "received_at", "data")

# What `rows` gives, each the public view of that name with its columns.
COLUMNS: dict[str, tuple[str, ...]] = {
    "gateways": ("gateway", "first_seen", "last_seen", "device_id", "device_name", "online"),
    "readings": _READING,
    "frames": _RECORD,
    "alarms": (
        *("gateway", "code", "codepage", "priority", "phrase"),
        *("started_at", "last_seen_at", "ended_at"),
    ),
    "settings": ("gateway", "at", "until", "code", "name", "value", "unit"),
    "texts": ("gateway", "at", "until", "code", "name", "text"),
    "gaps": ("gateway", "boot", "first", "last", "reason"),
    "limits": (*_READING, "side"),
    "refusals": ("received_at", "topic", "reason", "payload"),
    "records": _RECORD,
    "donnees": (
        *("id", "unique_id", "timestamp", "T_periph", "T_centr", "humidite", "t_air", "rwp"),
        *("d_skin", "lum", "NL", "CHP", "W_date"),
    ),
    "donnees_original": (
        *("source", "id", "unique_id", "timestamp", "T_periph", "T_centr", "humidite", "t_air"),
        *("rwp", "d_skin", "lum", "NL", "CHP", "W_date", "at", "state", "absent", "note"),
    ),
}
WHAT = tuple(COLUMNS)

_NO_URL = "not the URL of a database: use sqlite:///FILE or postgresql://USER@HOST/NAME"


class Store(Protocol):
    """A database of neonat. Every method raises StoreError only.

    Times in arguments are milliseconds of UTC; times in rows are ISO 8601 with `Z`.
    """

    def write(
        self,
        records: Sequence[Record],
        legacy: Sequence[LegacyRecord] = (),
        states: Sequence[State] = (),
        refusals: Sequence[Refusal] = (),
    ) -> Written:
        """Put all of it into one transaction; what comes back is on the disk."""

    def check(self) -> None:
        """Raise StoreError when the database cannot be read."""

    def gateways(self) -> list[Row]:
        """The rows of the view `gateways`, by name."""

    def latest(self, gateway: str) -> Row | None:
        """What the page shows of one gateway, ready for JSON; None when it is not known."""

    def latest_of_all(self) -> list[Row]:
        """`latest` of every gateway, by name."""

    def read(self, question: "Callable[[Queries], T]") -> T:
        """What a question of `alarm_log`, `assignments`, `people` or `trail` finds."""

    def change(self, work: "Callable[[Base], T]") -> T:
        """Do the work of one of those modules in a transaction; on the disk when it returns.

        Any store can, also one that was opened for reading: none of it is what ingest writes.
        """

    def changes(self, since: int) -> tuple[int, list[str]]:
        """(change, gateways that changed after change `since`); 0 is before everything."""

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

    def alarms(
        self,
        gateway: str,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1000,
    ) -> list[Row]:
        """The newest `limit` episodes of alarms that touch [start, end), newest first."""

    def gaps(
        self, gateway: str, limit: int | None = None, before: Place | None = None
    ) -> list[Row]:
        """The holes in a gateway's numbers, newest boot first; those before a boot and number."""

    def rows(
        self,
        what: str,
        gateway: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The rows of a view of WHAT in [start, end), streamed: by gateway, then in order."""

    def size(self) -> int:
        """Bytes of the database on disk."""

    def missing(self) -> list[Row]:
        """How many numbers are missing by `gateway` and `reason`, as `count`."""

    def evidence(self) -> "AbstractContextManager[Evidence]":
        """What an audit asks, on one state of the database and a connection of its own."""

    def history(
        self, gateway: str, names: Sequence[str], start: int, end: int, points: int = 1000
    ) -> History:
        """Readings by name in [start, end), summed up so that about `points` of each are left.

        Buckets are whole ones: the first and the last may reach beyond the time asked for.
        """

    def roll(self, most: int = 3000, now: bool = False) -> int:
        """Put about `most` records into the rollups; whether more are due (how many runs).

        For whoever writes, when there is time. With `now` all are due that are in none yet.
        """

    def expire(self, keep: Mapping[str, int], now: int | None = None, most: int = 5000) -> int:
        """Take away about `most` rows of what is older than `keep` says; how many went.

        `keep`: for each of `kinds.KINDS` that is not kept for ever, its age in ms. StoreError when
        two of them do not fit together.
        """

    def verify(self, done: Callable[[int], object]) -> Verified:
        """Whether the database is whole, on one state of it; `done` is told of each boot."""

    def redecode(self, done: Callable[[int], object]) -> Redecoded:
        """Read again what is stored, as the reader understands it now.

        `done` is told how many frames were looked at.
        """

    def set_health(self, health: dict[str, Any], worker: str = "") -> None:
        """Keep what a worker of ingest says of itself, for `health`."""

    def health(self) -> dict[str, Any] | None:
        """What ingest last said of itself; None when it never did."""

    def close(self) -> None:
        """Let go of the database; a second call does nothing."""


def open_store(url: str, create: bool = True, reader: Reader | None = None) -> Store:
    """The database at `url` (`sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://…`).

    `reader` is needed for writing; without one the database is only read and must exist unless
    `create`. StoreError when it cannot be opened, is no database or is of a newer version.
    """
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        from neonat.store.sqlite import SqliteStore

        return SqliteStore(url[len("sqlite:///") :], create, reader)
    if url.startswith(("postgresql://", "postgres://")):
        from neonat.store.postgresql import PostgresStore

        return PostgresStore(url, create, reader)
    raise StoreError(_NO_URL)


def schema_of(url: str) -> Schema:
    """The schema of the database at `url`; 0 when it has none yet.

    StoreError when it cannot be opened, is not neonat's or is of a newer version.
    """
    if url.startswith(("postgresql://", "postgres://")):
        from neonat.store import postgresql

        return postgresql.schema_of(url)
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        from neonat.store import sqlite

        return sqlite.schema_of(url[len("sqlite:///") :])
    raise StoreError(_NO_URL)
