"""A connection to PostgreSQL as the store's own code wants it."""

import contextlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, cast

import psycopg
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8Dumper

from neonat.store.base import Cursor, Many

# Rows of a long answer that are fetched at a time.
FETCH = 2000

# A server that is gone without a word is noticed after about this time.
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "neonat",
}

# What is acknowledged has to be on the disk, whatever the server's default is. The planner takes
# the views for so costly that it would compile every question.
_SETTINGS = """
SELECT set_config('synchronous_commit', 'on', false)
  WHERE current_setting('synchronous_commit') = 'off';
SET jit = off;
SET lock_timeout = '20s';
SET idle_in_transaction_session_timeout = '60s'
"""

_FRAME = "COPY frame(id, at, lag, shape, body, more, week) FROM STDIN (FORMAT BINARY)"
_FRAME_TYPES = ["int8", "int8", "int8", "int8", "bytea", "text", "int4"]

_FRAMES = Many(
    "INSERT INTO frame(id, at, lag, shape, body, more, week) VALUES (?, ?, ?, ?, ?, ?, ?)",
    "INSERT INTO frame(id, at, lag, shape, body, more, week) SELECT * FROM unnest(?::bigint[],"
    " ?::bigint[], ?::bigint[], ?::bigint[], ?::bytea[], ?::text[], ?::integer[])",
)

# What went wrong inside a pipeline is raised; that its end then failed too is no news.
logging.getLogger("psycopg").setLevel(logging.ERROR)

_NUMBERED = re.compile(r"\?(\d*)")


class _Truth(Dumper):
    """True and false are 1 and 0, as in SQLite."""

    oid = psycopg.adapters.types["int8"].oid

    def dump(self, obj: bool) -> Buffer | None:
        return b"1" if obj else b"0"


class _Fraction(Dumper):
    """A number keeps the digits that it has: 5.0 is not 5."""

    oid = psycopg.adapters.types["numeric"].oid

    def dump(self, obj: float) -> Buffer | None:
        return repr(obj).encode()


class _Text(Dumper):
    """A text cannot hold a zero, nor half a character."""

    oid = psycopg.adapters.types["text"].oid

    def dump(self, obj: str) -> Buffer | None:
        return obj.replace("\0", "\ufffd").encode("utf-8", "replace")


class _Whole(list[int | None]):
    """A column of whole numbers."""


class _Column(Dumper):
    """An array of them in one go: for 50 of them 5 µs, where psycopg's own takes 32 (measured)."""

    def dump(self, obj: _Whole) -> Buffer | None:
        return b"{%b}" % repr(list(obj))[1:-1].replace("None", "NULL").encode()


class _Number(Loader):
    """A number with a point is a fraction, one without is whole."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return float(text) if b"." in text else int(text)


class PostgresBase:
    """`neonat.store.base.Base` on a connection that commits by itself outside `transaction`."""

    lengthens = False
    distant = True

    def __init__(self, connection: psycopg.Connection, streaming: bool = False) -> None:
        self.connection = connection
        # Of the frames that are written, since 1970: it chooses their partition.
        self.week = 0
        self._streaming = streaming
        self._names = count()

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one statement; several of them when there are no values."""
        return cast(Cursor, self.connection.execute(native(sql), values or None))

    def packed(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one question; its rows come as the server has them, not as text."""
        return cast(Cursor, self.connection.execute(native(sql), values or None, binary=True))

    def executemany(self, sql: str, values: Iterable[Sequence[Any]], /) -> None:
        """Run one statement for each of `values`, without waiting for each."""
        rows = list(values)
        if len(rows) == 1:
            self.execute(sql, rows[0])
        elif rows:
            self.connection.cursor().executemany(native(sql), rows)

    def stream(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one question; its rows are fetched some at a time where that was asked for."""
        if not self._streaming:
            return self.execute(sql, values)
        cursor: psycopg.RawServerCursor[TupleRow] = psycopg.RawServerCursor(
            self.connection, f"neonat_{next(self._names)}"
        )
        cursor.itersize = FETCH
        cursor.execute(native(sql), values or None)
        return cast(Cursor, cursor)

    def many(self, statement: Many, rows: Sequence[Sequence[Any]], /) -> None:
        """All in one go, a column as an array."""
        if len(rows) == 1:
            self.execute(statement.one, rows[0])
        elif rows:
            self.execute(statement.columns, list(map(_column, zip(*rows, strict=True))))

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is asked inside sees one state of the database."""
        with self.together(), self.connection.transaction():
            self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield

    def together(self) -> contextlib.AbstractContextManager[object]:
        """Statements are sent one after the other; an answer that is asked for is waited for.

        What was wrong is raised by the first such answer, or at the end.
        """
        return contextlib.nullcontext() if self._is_piped else self.connection.pipeline()

    @property
    def _is_piped(self) -> bool:
        return bool(self.connection.pgconn.pipeline_status)

    def integrity(self) -> list[str]:
        """Nothing: a server checks what it reads by itself."""
        return []

    def add_frames(self, rows: list[list[Any]]) -> None:
        """New rows of `frame`.

        They go straight into the table: that none of them is there already is known from `span`
        under the lock of the gateway, and a doubled number would break the primary key. COPY is
        the fastest for many, and wants an answer of its own.
        """
        if self._is_piped:
            self.many(_FRAMES, [(*row, self.week) for row in rows])
            return
        with self.connection.cursor().copy(_FRAME) as copy:
            copy.set_types(_FRAME_TYPES)
            week = self.week
            for row in rows:
                copy.write_row((*row, week))

    def next_change(self) -> int:
        """The next number of all; whoever has it commits before another gets one."""
        return self.execute("UPDATE counter SET change = change + 1 RETURNING change").fetchone()[0]


_WHOLE = {int, type(None)}


def _column(values: Sequence[Any]) -> list[Any]:
    return _Whole(values) if set(map(type, values)) <= _WHOLE else list(values)


@lru_cache(maxsize=512)
def native(sql: str) -> bytes:
    """A statement with PostgreSQL's own placeholders."""
    places = count(1)
    return _NUMBERED.sub(lambda found: f"${found[1] or next(places)}", sql).encode()


def connect(url: str, streaming: bool = False) -> PostgresBase:
    """A new connection; psycopg.Error when there is none to be had."""
    given = conninfo_to_dict(url)
    options = {key: value for key, value in _PATIENCE.items() if key not in given}
    connection = psycopg.connect(
        make_conninfo(url, **options), autocommit=True, cursor_factory=psycopg.RawCursor
    )
    adapters = connection.adapters
    adapters.register_dumper(int, Int8Dumper)
    adapters.register_dumper(bool, _Truth)
    adapters.register_dumper(float, _Fraction)
    adapters.register_dumper(str, _Text)
    adapters.register_dumper(_Whole, _Column)
    adapters.register_loader("numeric", _Number)
    try:
        connection.execute(_SETTINGS.encode())
    except BaseException:
        connection.close()
        raise
    return PostgresBase(connection, streaming)
