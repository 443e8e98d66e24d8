"""What the writer and the queries need of a connection, and what of SQL both databases share.

Statements are written with `?` or `?1` and in the SQL that SQLite and PostgreSQL have in common.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol


class Cursor(Protocol):
    """What a statement gives."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    @property
    def description(self) -> Any:
        """A tuple for each column, its name first."""

    def fetchone(self) -> Any:
        """The next row, None when there is none."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Many(NamedTuple):
    """A statement for many rows: `one` of them, or `columns` of all of them in one go."""

    one: str
    columns: str


class Base(Protocol):
    """One connection to a database.

    `lengthens` says that written rows of `frame` may grow; `distant` that each question is a way
    to a server and back, so that one for many is worth while (`= ANY(?)`).
    """

    lengthens: bool
    distant: bool

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one statement."""

    def executemany(self, sql: str, values: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each of `values`."""

    def many(self, statement: Many, rows: Sequence[Sequence[Any]], /) -> None:
        """Run a statement for each row."""

    def packed(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one question whose rows are whole numbers and bytes."""

    def stream(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run one question; its rows are fetched as they are read."""

    def snapshot(self) -> AbstractContextManager[Any]:
        """What is asked inside sees one state of the database."""

    def together(self) -> AbstractContextManager[Any]:
        """What is run inside goes to the database without waiting for the answer to each."""

    def integrity(self) -> list[str]:
        """What the database itself finds damaged, a line each."""

    def add_frames(self, rows: list[list[Any]]) -> None:
        """New rows of `frame`: id, at, lag, shape, body, more."""

    def next_change(self) -> int:
        """The number of the change that this transaction makes."""


def rows(base: Base, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """All rows of one statement, by the names of its columns."""
    cursor = base.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
