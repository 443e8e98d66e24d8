"""A store in one SQLite file (WAL): one writer, any number of readers."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from neonat.store import queries
from neonat.store.base import Base, Many
from neonat.store.catalog import write_catalog
from neonat.store.evidence import Evidence
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
from neonat.store.schema import MIGRATIONS, VIEWS
from neonat.store.writer import Writer
from neonat.store.writing import Turn, Writing

T = TypeVar("T")

BUSY_S = 2.0
PAGE_SIZE = 4096

_ADVICE = {
    "SQLITE_BUSY": "another program holds it: stop that program and try again",
    "SQLITE_LOCKED": "another program holds it: stop that program and try again",
    "SQLITE_FULL": "the disk is full: make room",
    "SQLITE_NOTADB": "it is no database: name another file",
    "SQLITE_CORRUPT": "it is damaged: restore a backup",
    "SQLITE_READONLY": "it cannot be written: check its permissions and its directory's",
    "SQLITE_CANTOPEN": "it cannot be opened: check the path and its permissions",
    "SQLITE_PERM": "it cannot be opened: check its permissions",
    "SQLITE_IOERR": "the disk does not answer: check it",
}


def explained(path: str, error: Exception) -> StoreError:
    """What went wrong with the database, and what to do."""
    name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
    reason = str(error).replace("\n", " ")
    advice = _ADVICE.get(name)
    return StoreError(f"database {path}: {advice} ({reason})" if advice else f"{path}: {reason}")


class Connection(sqlite3.Connection):
    """`neonat.store.base.Base` on a file."""

    lengthens = True
    distant = False
    change: int | None = None
    stream = packed = sqlite3.Connection.execute

    def many(self, statement: Many, rows: Sequence[Sequence[Any]]) -> None:
        """One after the other: they are near."""
        self.executemany(statement.one, rows)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is asked inside sees one state of the file."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.execute("ROLLBACK")

    def together(self) -> contextlib.AbstractContextManager[object]:
        """Nobody waits for a file."""
        return contextlib.nullcontext()

    def integrity(self) -> list[str]:
        """What SQLite finds damaged in the file."""
        found = [text for (text,) in self.execute("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def add_frames(self, rows: list[list[Any]]) -> None:
        """New rows of `frame`."""
        self.executemany("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?)", rows)

    def next_change(self) -> int:
        """One more than the greatest so far; `change` is that, None when another wrote."""
        if self.change is None:
            self.change = self.execute("SELECT coalesce(max(change), 0) FROM gateway").fetchone()[0]
        self.change += 1
        return self.change


class SqliteStore(Writing):
    """`neonat.store.Store` on a file; safe from several threads, one at a time.

    Raises StoreError and nothing else.
    """

    def __init__(self, path: str, create: bool, reader: Reader | None) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._base: Connection | None = None
        self._asked: Connection | None = None
        self._changing: Connection | None = None
        self._writer: Writer | None = None
        self._version = -1
        self._seen: tuple[int, int] | None = None
        self._queries: queries.Queries | None = None
        _check_path(path, create)
        try:
            with self._told():
                if reader is not None or (create and not os.path.exists(path)):
                    self._base = connect(path, "rwc" if create else "rw")
                    _prepare(self._base, path, reader)
                if reader is not None and self._base is not None:
                    self._writer = Writer(self._base, reader, VIEWS)
                    self._version = _data_version(self._base)
                self._asked = connect(path, "ro")
                version = _check_version(self._asked, path)
                if version == 0:
                    raise MissingError(
                        f"database {path}: it is empty: start `neonat serve` once, or name another"
                    )
                if version < len(MIGRATIONS):
                    raise StoreError(
                        f"database {path}: its schema is older: run `neonat db migrate`"
                    )
                self._queries = queries.Queries(self._asked, VIEWS)
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
        with self._lock, self._told():
            base, writer = self._for_writing()
            try:
                base.execute("BEGIN IMMEDIATE")
                self._look_around(base, writer)
                written = writer.write(records, legacy, states, refusals)
                base.execute("COMMIT")
            except BaseException:
                self._undo(base, writer)
                raise
            writer.trim()
            return written

    def change(self, work: Callable[[Base], T]) -> T:
        """Do some work in a transaction; on the disk when it returns."""
        with self._lock, self._told():
            self._for_reading()
            if self._changing is None:
                self._changing = connect(self._path, "rw")
            base = self._changing
            base.change = None
            base.execute("BEGIN IMMEDIATE")
            try:
                done = work(base)
                base.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    base.execute("ROLLBACK")
                raise
            return done

    def changes(self, since: int) -> tuple[int, list[str]]:
        """(change, gateways that changed after change `since`); 0 is before everything."""
        with self._lock, self._told():
            base = self._for_reading()
            version = _data_version(base)
            if self._seen == (version, since):
                return since, []
            rows = base.execute("SELECT name, change FROM gateway").fetchall()
            change = max((row[1] for row in rows), default=0)
            self._seen = (version, change)
            return change, sorted(name for name, at in rows if at > since)

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
            base = connect(self._path, "ro")
        try:
            with self._told():
                base.execute("BEGIN")
                yield from queries.Queries(base, VIEWS).rows(what, gateway, start, end)
        finally:
            base.close()

    def size(self) -> int:
        """Bytes of the database on disk."""
        with self._lock, self._told():
            base = self._for_reading()
            pages = base.execute("PRAGMA page_count").fetchone()[0]
            return pages * base.execute("PRAGMA page_size").fetchone()[0]

    @contextlib.contextmanager
    def evidence(self) -> Iterator[Evidence]:
        """What an audit asks, on one state of the database and a connection of its own."""
        with self._told():
            base = connect(self._path, "ro")
        try:
            with self._told():
                base.execute("BEGIN")
                yield Evidence(base, VIEWS)
        finally:
            base.close()

    def close(self) -> None:
        """Let go of the database; a second call does nothing."""
        with self._lock:
            for base in (self._asked, self._changing, self._base):
                if base is not None:
                    with contextlib.suppress(sqlite3.Error):
                        base.close()
            self._asked = self._changing = self._base = self._writer = self._queries = None

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, OverflowError, OSError) as error:
            raise explained(self._path, error) from error

    def _look_around(self, base: Connection, writer: Writer) -> None:
        """Forget the gateways that another program has changed since the last look."""
        version = _data_version(base)
        if version != self._version:
            self._version = version
            base.change = None
            writer.refresh(base.execute("SELECT name, change FROM gateway"))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[Connection, Writer]]:
        with self._lock, self._told():
            yield self._for_writing()

    @contextlib.contextmanager
    def _turn(self, names: list[str]) -> Iterator[Turn]:
        base, writer = self._for_writing()
        try:
            base.execute("BEGIN IMMEDIATE")
            self._look_around(base, writer)
            yield Turn(base, writer, set(names))
            base.execute("COMMIT")
        except BaseException:
            self._undo(base, writer)
            raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[queries.Queries]:
        with self._lock, self._told():
            self._for_reading()
            assert self._queries is not None
            yield self._queries

    def _for_reading(self) -> Connection:
        if self._asked is None:
            raise StoreError(f"database {self._path}: it was closed")
        return self._asked

    def _for_writing(self) -> tuple[Connection, Writer]:
        if self._base is None or self._writer is None:
            raise StoreError(f"database {self._path}: it was opened for reading only, or closed")
        return self._base, self._writer

    def _undo(self, base: Connection, writer: Writer) -> None:
        with contextlib.suppress(sqlite3.Error):
            if base.in_transaction:
                base.execute("ROLLBACK")
        base.change = None
        with contextlib.suppress(sqlite3.Error):
            writer.undone()


def schema_of(path: str) -> Schema:
    """The schema of a file; StoreError when there is none or it is of a newer version."""
    _check_path(path, create=False)
    try:
        base = connect(path, "ro")
        try:
            return Schema(path, _check_version(base, path), len(MIGRATIONS))
        finally:
            base.close()
    except sqlite3.Error as error:
        raise explained(path, error) from error


def _check_path(path: str, create: bool) -> None:
    if os.path.isdir(path):
        raise StoreError(f"database {path}: it is a directory: name a file")
    parent = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(parent):
        raise StoreError(f"database {path}: there is no directory {parent}: make it first")
    if not create and not os.path.exists(path):
        raise MissingError(f"database {path}: there is no such file: start `neonat serve` first")


def connect(path: str, mode: str) -> Connection:
    """A new connection to a file; `mode` is `ro`, `rw` or `rwc`. sqlite3.Error."""
    base = sqlite3.connect(
        f"{Path(path).absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        factory=Connection,
    )
    try:
        base.execute("PRAGMA synchronous = FULL")
        base.execute("PRAGMA cache_size = -16000")
    except sqlite3.Error:
        base.close()
        raise
    return base


def _data_version(base: sqlite3.Connection) -> int:
    return base.execute("PRAGMA data_version").fetchone()[0]


def _check_version(base: sqlite3.Connection, path: str) -> int:
    version = base.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"database {path}: a newer neonat made it (schema {version}, this one knows"
            f" {len(MIGRATIONS)}): install that version"
        )
    tables = base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version == 0 and tables:
        raise StoreError(f"database {path}: it is not a database of neonat: name another file")
    return version


def _prepare(base: Connection, path: str, reader: Reader | None) -> None:
    """Bring the schema up to date and write the catalog."""
    _check_version(base, path)
    base.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA journal_size_limit = 67108864")
    base.execute("BEGIN IMMEDIATE")
    try:
        version = _check_version(base, path)
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            for statement in _statements(script):
                base.execute(statement)
            base.execute(f"PRAGMA user_version = {number}")
        if reader is not None:
            write_catalog(base, reader)
        base.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            base.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would end the transaction."""
    statement = ""
    for part in script.split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip() != ";":
                yield statement
            statement = ""
