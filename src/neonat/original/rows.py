"""The rows of an original database: SQLite, one table `donnees`."""

import contextlib
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from neonat.ingest.envelope import GATEWAY
from neonat.ingest.legacy import utc_ms
from neonat.original.layout import COLUMNS, Value

TABLE = "donnees"
_NEEDED = ("id", "unique_id", "timestamp", *COLUMNS)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d:\d\d:\d\d)(\.\d*)?")


class OriginalError(Exception):
    """The file is no database of the original project: one line."""


class Original(NamedTuple):
    """One row as it was; `values` are the ten columns. `at` is UTC in ms, None when unreadable."""

    row_id: int
    unique_id: str
    timestamp: str
    values: tuple[Value, ...]
    gateway: str | None
    at: int | None

    @property
    def key(self) -> bytes:
        """The same for the same row, in whatever copy of the file."""
        told = repr((self.row_id, self.unique_id, self.timestamp, self.values))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()


class File:
    """An original database, opened for reading only; OriginalError from every method."""

    def __init__(self, path: str) -> None:
        self._path = path
        if not Path(path).is_file():
            raise OriginalError(f"there is no file {path}: name the original project's database")
        with self._told():
            # `immutable` would miss what lies in a journal beside the file.
            uri = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
            self._base = sqlite3.connect(uri, uri=True)
            self._base.text_factory = lambda data: data.decode("utf-8", "replace")
            kinds = dict(self._base.execute("SELECT name, type FROM sqlite_master"))
            names = {row[1] for row in self._base.execute(f"PRAGMA table_info({TABLE})")}
        if not names:
            raise OriginalError(f"{path} has no table {TABLE}: it is no original database")
        if kinds.get(TABLE) != "table":
            raise OriginalError(
                f"{path} is a database of neonat itself: there is nothing to import"
            )
        absent = [name for name in _NEEDED if name not in names]
        if absent:
            raise OriginalError(f"{path}: its table {TABLE} has no column {', '.join(absent)}")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise OriginalError(f"cannot read {self._path}: {error}") from error

    def count(self) -> int:
        """How many rows it has."""
        with self._told():
            return self._base.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0]  # noqa: S608

    def rows(self, zone: ZoneInfo) -> Iterator[Original]:
        """All rows in the order of their ids; timestamps are local times of `zone`."""
        columns = ", ".join(f'"{name}"' for name in _NEEDED)
        before: dict[str, int] = {}
        with self._told():
            for ident, name, stamp, *values in self._base.execute(
                f"SELECT {columns} FROM {TABLE} ORDER BY id"  # noqa: S608
            ):
                unique_id, timestamp = _text(name), _text(stamp)
                at = _at(timestamp, zone, before.get(unique_id, 0))
                if at is not None:
                    before[unique_id] = at
                gateway = unique_id if GATEWAY.fullmatch(unique_id) else None
                if not isinstance(ident, int):
                    raise OriginalError(f"{self._path}: its table {TABLE} has an id {ident!r}")
                yield Original(ident, unique_id, timestamp, tuple(map(_plain, values)), gateway, at)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _plain(value: object) -> Value:
    return value.decode("latin-1") if isinstance(value, bytes) else value  # type: ignore[return-value]


def _at(timestamp: str, zone: ZoneInfo, before: int) -> int | None:
    """UTC in ms; of two meanings of an hour in autumn the one nearer to the row before."""
    match = _ISO.fullmatch(timestamp.strip())
    text = f"{match[1]}/{match[2]}/{match[3]} {match[4]}" if match else timestamp.strip()
    try:
        return utc_ms(text, zone, before)
    except (ValueError, OverflowError):
        return None
