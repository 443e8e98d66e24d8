"""A whole database from a file into a server: every table row by row, and nothing else changes.

Both have the same tables, so what is moved is what was there: frames, numbers, history, people.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

import contextlib
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg

from neonat.store import postgresql, sqlite
from neonat.store.postgresql_base import PostgresBase, connect
from neonat.store.postgresql_partitions import WEEK_MS, Partitions
from neonat.store.records import Reader, StoreError

# The server's own: the version of its schema, and the number of the next change.
_OWN = frozenset(("neonat_schema", "counter"))
_TICK = 5000

# In the server a frame lies in the partition of the week in which it was received.
_FRAMES = "frame f JOIN run r ON r.id = f.id >> 32"
_WEEK = f"max(0, (coalesce(r.base_at, 0) + f.at + f.lag) / {WEEK_MS})"

Tick = Callable[[int], object]


def check(source: str, target: str) -> None:
    """StoreError unless a file can be moved into a server."""
    if not source.startswith("sqlite:///") or not target.startswith(
        ("postgresql://", "postgres://")
    ):
        raise StoreError("copy goes from sqlite:///FILE into postgresql://USER@HOST/NAME")


def move(source: str, target: str, reader: Reader, tick: Tick) -> dict[str, int]:
    """Copy all tables of the file at `source` into the empty database at `target`, all or nothing.

    The rows of each table; `tick` is told how many more. What is written to the file meanwhile is
    not seen. StoreError when one of them cannot be used, the file is of another version, or the
    server's database holds data.
    """
    check(source, target)
    path = source.removeprefix("sqlite:///")
    found = sqlite.schema_of(path)
    if found.version < found.newest:
        raise StoreError(f"database {path}: its schema is older: run `neonat db migrate`")
    postgresql.PostgresStore(target, True, reader).close()
    where = postgresql.where_of(target)
    try:
        with contextlib.closing(sqlite.connect(path, "ro")) as old:
            old.execute("BEGIN")
            new = connect(target)
            try:
                with new.connection.transaction():
                    return _copy(old, new, where, tick)
            finally:
                new.connection.close()
    except sqlite3.Error as error:
        raise sqlite.explained(path, error) from error
    except psycopg.Error as error:
        raise postgresql.explained(where, error) from error


def _copy(old: sqlite3.Connection, new: PostgresBase, where: str, tick: Tick) -> dict[str, int]:
    new.execute("SELECT pg_advisory_xact_lock(?)", (postgresql.SCHEMA_LOCK,))
    if new.execute("SELECT EXISTS (SELECT FROM gateway) OR EXISTS (SELECT FROM person)").fetchone()[
        0
    ]:
        raise StoreError(f"database {where}: it holds data: name an empty one")
    tables = _tables(new)
    ours = [row[0] for row in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    ours = [name for name in ours if not name.startswith("sqlite_")]
    if set(ours) != set(tables):
        odd = sorted(set(ours) ^ set(tables))
        raise StoreError(f"the tables {', '.join(odd)} are in one database only: take one version")
    Partitions(new).cover(
        week for (week,) in old.execute(f"SELECT DISTINCT {_WEEK} FROM {_FRAMES}")
    )
    new.execute(f"TRUNCATE {', '.join(sorted(tables))}")
    counts = {name: _rows(old, new, name, tables[name], tick) for name in ours}
    new.execute("UPDATE counter SET change = (SELECT coalesce(max(change), 0) FROM gateway)")
    _go_on_counting(new)
    return counts


def _tables(new: PostgresBase) -> dict[str, list[tuple[str, str]]]:
    """(column, type) of each table but the server's own, children of a parent left out."""
    rows = new.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition ORDER BY c.relname, a.attnum"
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        if table not in _OWN:
            found.setdefault(table, []).append((column, kind))
    return found


def _rows(
    old: sqlite3.Connection,
    new: PostgresBase,
    table: str,
    columns: list[tuple[str, str]],
    tick: Tick,
) -> int:
    names = ", ".join(f'"{name}"' for name, _ in columns)
    count = 0
    with new.connection.cursor().copy(
        f"COPY {table}({names}) FROM STDIN (FORMAT BINARY)".encode()
    ) as copy:
        copy.set_types([kind for _, kind in columns])
        kinds = [kind for _, kind in columns]
        source = f"SELECT {names} FROM {table}"
        if table == "frame":
            columns_of_file = ", ".join("f." + name for name, _ in columns if name != "week")
            source = f"SELECT {columns_of_file}, {_WEEK} FROM {_FRAMES} ORDER BY f.id"
        for row in old.execute(source):
            copy.write_row(list(map(_told, row, kinds)))
            count += 1
            if not count % _TICK:
                tick(_TICK)
    tick(count % _TICK)
    return count


def _told(value: Any, kind: str) -> Any:
    """A value as its column wants it: a file may hold a number as a text and the other way."""
    if value is None:
        return None
    if kind == "bytea":
        return value.encode() if isinstance(value, str) else value
    if kind == "numeric":
        return Decimal(repr(value))
    if kind == "text":
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return value


def _go_on_counting(new: PostgresBase) -> None:
    """The next number of each table comes behind those that it has now."""
    rows = new.execute(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = current_schema()::regnamespace AND a.attidentity <> ''"
        " AND NOT c.relispartition"
    ).fetchall()
    for table, column in rows:
        new.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"
            f" coalesce((SELECT max({column}) FROM {table}), 0) + 1, false)"
        )
