"""A store in PostgreSQL: any number of writers and readers, on any number of machines."""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from neonat.store.base import Base
from neonat.store.catalog import write_catalog
from neonat.store.evidence import Evidence
from neonat.store.kinds import checked
from neonat.store.postgresql_base import PostgresBase, connect
from neonat.store.postgresql_partitions import LATE_MS, Partitions
from neonat.store.postgresql_schema import MIGRATIONS, VIEWS
from neonat.store.queries import Queries
from neonat.store.records import (
    LegacyRecord,
    MissingError,
    Reader,
    Record,
    Refusal,
    Schema,
    State,
    StoreError,
    Written,
)
from neonat.store.retention import EXPIRE_MOST
from neonat.store.writer import Writer
from neonat.store.writing import Turn, Writing

T = TypeVar("T")

# Two writers that wait for each other are told apart by the server: one of them starts again.
TRIES = 3

# So few records go together with all else; more of them are copied into the table.
FEW = 200

# Advisory locks: whoever changes the schema, whoever writes what all gateways share.
SCHEMA_LOCK = 0x6E656F01
SHARED_LOCK = 0x6E656F02

_ADVICE: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.DiskFull, "the server's disk is full: make room"),
    (errors.InsufficientPrivilege, "its user may not do this: GRANT it the schema"),
    (errors.ReadOnlySqlTransaction, "the server takes no writes: name the primary server"),
    (errors.LockNotAvailable, "another program holds it: stop that program and try again"),
    (errors.TooManyConnections, "the server has no connection left: raise max_connections"),
)

_REFUSED = (
    ("password authentication failed", "the server refuses this user and password: check them"),
    ("no password supplied", "the server wants a password: put it into the URL or PGPASSWORD"),
    ("no pg_hba.conf entry", "the server lets nobody in from here: add it to pg_hba.conf"),
    ("does not exist", "there is no such database or user: create it (createdb, createuser)"),
    ("starting up", "the server is starting: try again"),
    ("shutting down", "the server is stopping: try again"),
    ("too many clients", "the server has no connection left: raise max_connections"),
)


def explained(where: str, error: Exception) -> StoreError:
    """What went wrong with the database, and what to do; one line without the password."""
    reason = " ".join(str(error).split())
    advice = next((text for kind, text in _ADVICE if isinstance(error, kind)), None)
    if advice is None and isinstance(error, psycopg.OperationalError):
        advice = next(
            (text for words, text in _REFUSED if words in reason),
            "the server does not answer: start it, or check host and port",
        )
    return StoreError(f"database {where}: {advice} ({reason})" if advice else f"{where}: {reason}")


class PostgresStore(Writing):
    """`neonat.store.Store` on a server; safe from several threads, one at a time.

    A connection that broke is opened again by the next call. Raises StoreError and nothing else.
    """

    def __init__(self, url: str, create: bool, reader: Reader | None) -> None:
        self._url = url
        self._reader = reader
        self._where = where_of(url)
        self._lock = threading.RLock()
        self._base: PostgresBase | None = None
        self._asked: PostgresBase | None = None
        self._writer: Writer | None = None
        self._queries: Queries | None = None
        self._partitions: Partitions | None = None
        self._closed = False
        try:
            with self._told():
                if reader is not None or create:
                    self._prepare()
                self._for_reading()
        except StoreError:
            self.close()
            raise

    def write(
        self,
        records: Sequence[Record],
        legacy: Sequence[LegacyRecord] = (),
        states: Sequence[State] = (),
        refusals: Sequence[Refusal] = (),
    ) -> Written:
        """Put all of it into one transaction; what comes back is on the disk."""
        names = sorted({one.gateway for group in (records, legacy, states) for one in group})
        keys = {one.shape for group in (records, legacy) for one in group}
        for attempt in range(TRIES):
            with self._lock, self._told():
                base, writer = self._for_writing()
                try:
                    self._learn(base, writer, names, keys)
                    # Whether a line of the original firmware is new has to be known one by one.
                    few = len(records) <= FEW and not legacy
                    with (
                        base.together() if few else contextlib.nullcontext(),
                        base.connection.transaction(),
                    ):
                        self._own(base, writer, names)
                        written = writer.write(records, legacy, states, refusals)
                except BaseException as error:
                    self._undo()
                    if isinstance(error, errors.DeadlockDetected) and attempt < TRIES - 1:
                        continue
                    raise
                writer.trim()
                return written
        raise AssertionError("unreachable")

    def _learn(
        self, base: PostgresBase, writer: Writer, names: list[str], keys: set[bytes]
    ) -> None:
        """Write new gateways and shapes beforehand, so that nobody waits for them for long.

        They are of use to nobody alone: the commit behind them takes them to the disk.
        """
        strange, unknown = writer.unknown(names, keys)
        if not strange and not unknown:
            return
        with base.connection.transaction():
            base.execute("SET LOCAL synchronous_commit = off")
            base.execute("SELECT pg_advisory_xact_lock(?)", (SHARED_LOCK,))
            writer.learn(unknown)
            base.execute(
                "INSERT INTO gateway(name, change) SELECT x, 0 FROM unnest(?::text[]) x"
                " ON CONFLICT DO NOTHING",
                (strange,),
            )

    def _own(self, base: PostgresBase, writer: Writer, names: list[str]) -> None:
        """Lock the gateways, always in the same order; forget of them what others changed."""
        if names:
            locked = base.execute(
                "SELECT name, change FROM gateway WHERE name = ANY(?) ORDER BY name FOR UPDATE",
                (names,),
            )
            writer.refresh(locked.fetchall())

    def change(self, work: Callable[[Base], T]) -> T:
        """Do some work in a transaction; on the disk when it returns."""
        with self._lock, self._told():
            base = self._for_reading()
            with base.connection.transaction():
                return work(base)

    def changes(self, since: int) -> tuple[int, list[str]]:
        """(change, gateways that changed after change `since`); 0 is before everything."""
        with self._lock, self._told():
            base = self._for_reading()
            change = base.execute("SELECT change FROM counter").fetchone()[0]
            if change <= since:
                return change, []
            rows = base.execute(
                "SELECT name FROM gateway WHERE change > ? ORDER BY name", (since,)
            ).fetchall()
            return change, [name for (name,) in rows]

    def rows(
        self,
        what: str,
        gateway: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The rows of a view of WHAT in [start, end), streamed: by gateway, then by time.

        Has its own connection: what is written meanwhile is not seen and not hindered.
        """
        with self._told():
            base = connect(self._url, streaming=True)
        try:
            with self._told():
                base.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield from Queries(base, VIEWS).rows(what, gateway, start, end)
        finally:
            base.connection.close()

    def size(self) -> int:
        """Bytes of the database on disk."""
        with self._lock, self._told():
            sql = "SELECT pg_database_size(current_database())"
            return self._for_reading().execute(sql).fetchone()[0]

    @contextlib.contextmanager
    def evidence(self) -> Iterator[Evidence]:
        """What an audit asks, on one state of the database and a connection of its own."""
        with self._told():
            base = connect(self._url, streaming=True)
        try:
            with self._told():
                base.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield Evidence(base, VIEWS)
        finally:
            base.connection.close()

    def close(self) -> None:
        """Let go of the database; a second call does nothing."""
        with self._lock:
            self._closed = True
            self._let_go()

    def _let_go(self) -> None:
        for base in (self._asked, self._base):
            if base is not None:
                with contextlib.suppress(psycopg.Error):
                    base.connection.close()
        self._asked = self._base = self._writer = self._queries = None

    def _undo(self) -> None:
        """Nothing that the writer remembers is certain; nor is a connection that broke."""
        self._writer = None
        if self._base is not None and self._base.connection.broken:
            self._let_go()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.Error, OverflowError, UnicodeError, OSError) as error:
            told = explained(self._where, error)
            if self._asked is not None and self._asked.connection.broken:
                self._let_go()
            raise told from error

    def expire(
        self, keep: Mapping[str, int], now: int | None = None, most: int = EXPIRE_MOST
    ) -> int:
        """Drop the partitions that are too old, then take away about `most` other rows."""
        checked(keep)
        at = time.time_ns() // 1_000_000 if now is None else now
        with self._writing() as (_, writer):
            if "frames" in keep and self._partitions is not None:
                before = at - keep["frames"]
                if self._partitions.old(before):
                    # What goes has to be in the rollups before.
                    writer.recount()
                    if self.roll():
                        return 1
                    if dropped := self._partitions.drop(before):
                        return dropped
            return super().expire(keep, at, most)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[PostgresBase, Writer]]:
        with self._lock, self._told():
            yield self._for_writing()

    @contextlib.contextmanager
    def _turn(self, names: list[str]) -> Iterator[Turn]:
        base, writer = self._for_writing()
        try:
            with base.connection.transaction():
                locked = base.execute(
                    "SELECT name, change FROM gateway WHERE name = ANY(?) ORDER BY name"
                    " FOR UPDATE SKIP LOCKED",
                    (names,),
                ).fetchall()
                writer.refresh(locked)
                yield Turn(base, writer, {name for name, _ in locked})
        except BaseException:
            self._undo()
            raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Queries]:
        with self._lock, self._told():
            self._for_reading()
            assert self._queries is not None
            yield self._queries

    def _open(self) -> PostgresBase:
        if self._closed:
            raise StoreError(f"database {self._where}: it was closed")
        base = connect(self._url)
        try:
            version = _check_version(base, self._where)
            if version == 0:
                raise MissingError(
                    f"database {self._where}: it is empty: run `neonat db migrate`, or name another"
                )
            if version < len(MIGRATIONS):
                raise StoreError(
                    f"database {self._where}: its schema is older: run `neonat db migrate`"
                )
        except BaseException:
            base.connection.close()
            raise
        return base

    def _for_reading(self) -> PostgresBase:
        if self._asked is None or self._asked.connection.closed:
            self._asked = self._open()
            self._queries = Queries(self._asked, VIEWS)
        return self._asked

    def _for_writing(self) -> tuple[PostgresBase, Writer]:
        if self._reader is None:
            raise StoreError(f"database {self._where}: it was opened for reading only")
        if self._base is None or self._base.connection.closed:
            self._base, self._writer = self._open(), None
        if self._writer is None:
            self._writer = Writer(self._base, self._reader, VIEWS, LATE_MS)
            self._partitions = Partitions(self._base)
        self._see_to_partitions(self._base)
        return self._base, self._writer

    def _see_to_partitions(self, base: PostgresBase) -> None:
        assert self._partitions is not None
        if self._partitions.missing():
            with base.connection.transaction():
                base.execute("SELECT pg_advisory_xact_lock(?)", (SCHEMA_LOCK,))
                self._partitions.ensure()

    def _prepare(self) -> None:
        """Bring the schema up to date and write the catalog, one program at a time."""
        base = connect(self._url)
        try:
            with base.connection.transaction():
                base.execute("SELECT pg_advisory_xact_lock(?)", (SCHEMA_LOCK,))
                version = _check_version(base, self._where)
                for number, script in enumerate(MIGRATIONS[version:], version + 1):
                    base.execute(script)
                    base.execute("UPDATE neonat_schema SET version = ?", (number,))
                if self._reader is not None:
                    write_catalog(base, self._reader)
        finally:
            base.connection.close()


def schema_of(url: str) -> Schema:
    """The schema of a database, 0 when it has none; StoreError when it is of a newer version."""
    where = where_of(url)
    try:
        base = connect(url)
        try:
            return Schema(where, _check_version(base, where), len(MIGRATIONS))
        finally:
            base.connection.close()
    except psycopg.Error as error:
        raise explained(where, error) from error


def where_of(url: str) -> str:
    """A database's URL without what is secret; StoreError when it is no URL."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        # What is quoted there can be the password, or the whole URL with it.
        reason = re.sub(r'"[^"]*"', "…", " ".join(str(error).split()))
        raise StoreError(
            f"not the URL of a database: write postgresql://USER@HOST/NAME ({reason})"
        ) from None
    if not re.fullmatch(r"[0-9,]*", str(parts.get("port") or "")):
        raise StoreError(
            "not the URL of a database: its port is no number; in a password write"
            " / as %2F, : as %3A, @ as %40"
        )
    host = parts.get("host") or "localhost"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{host}{port}/{parts.get('dbname') or parts.get('user') or ''}"


def _check_version(base: PostgresBase, where: str) -> int:
    """The version of the schema, 0 for a database without tables; StoreError for a wrong one."""
    ours, others, encoding = base.execute(
        "SELECT to_regclass('neonat_schema') IS NOT NULL, EXISTS (SELECT FROM pg_class"
        " WHERE relnamespace = current_schema()::regnamespace AND relname IN ('gateway', 'frame')),"
        " current_setting('server_encoding')"
    ).fetchone()
    if encoding != "UTF8":
        raise StoreError(
            f"database {where}: its encoding is {encoding}: create it with ENCODING 'UTF8'"
        )
    if not ours:
        if others:
            raise StoreError(
                f"database {where}: it is not a database of neonat: name another database"
            )
        return 0
    version = base.execute("SELECT version FROM neonat_schema").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"database {where}: a newer neonat made it (schema {version}, this one knows"
            f" {len(MIGRATIONS)}): install that version"
        )
    return version
