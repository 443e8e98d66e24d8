"""The partitions of a server: made ahead, dropped when they are old, never in the way."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from databases import Database, Postgres, database
from neonat.store import postgresql, schema_of
from neonat.store.postgresql_partitions import WEEK_MS, WEEKS
from neonat.store.postgresql_schema import MIGRATIONS
from store.test_store_history import AIR, DAY, HOUR, M0, MINUTE, air, points

CLOCK = time.time_ns

_NAMES = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'frame'::regclass ORDER BY 1"""


@pytest.fixture
def db(postgres: Postgres) -> Iterator[Database]:
    with database(postgres) as one:
        yield one


def at_week(monkeypatch, ago: int) -> None:
    """Have the writers' clock be so many weeks back."""
    now = CLOCK() - ago * WEEK_MS * 1_000_000
    monkeypatch.setattr("neonat.store.postgresql_partitions.time.time_ns", lambda: now)


def test_a_partition_is_dropped_with_its_history_kept(db: Database, monkeypatch) -> None:
    now = CLOCK() // 1_000_000 // DAY * DAY
    old = now - 20 * WEEK_MS
    at_week(monkeypatch, 20)
    store = db.open()
    store.write([air("g", 1, n, old + n * MINUTE, 30) for n in range(1, 100)])
    at_week(monkeypatch, 0)
    store.write([air("g", 1, n, now + n * MINUTE, 31) for n in range(100, 200)])
    before = db.ask(_NAMES)
    assert len(before) == 4
    charts = [store.history("g", [AIR], at, at + DAY, 1440) for at in (old, now)]
    assert store.expire({"frames": 21 * WEEK_MS + 4 * WEEK_MS}) == 0
    assert db.ask(_NAMES) == before
    gone = 0
    while went := store.expire({"frames": 10 * WEEK_MS}):
        gone += went
    assert len(db.ask(_NAMES)) == 2
    assert [row["seq"] for row in store.rows("frames")] == list(range(100, 200))
    assert [store.history("g", [AIR], at, at + DAY, 1440) for at in (old, now)] == charts
    assert sum(point[1] for point in points(charts[0])) == 99
    assert store.gaps("g") == []
    again = [air("g", 1, n, old + n * MINUTE, 30) for n in range(1, 100)]
    assert (store.write(again).stored, store.write(again).conflicts) == (0, [])


def test_nothing_is_dropped_while_somebody_reads(db: Database, monkeypatch) -> None:
    at_week(monkeypatch, 20)
    store = db.open()
    store.write([air("g", 1, n, M0, 30) for n in range(1, 10)])
    at_week(monkeypatch, 0)
    store.write([air("g", 1, 10, M0, 30)])
    store.roll(now=True)
    reading = store.rows("frames")
    next(reading)
    store.expire({"frames": 10 * WEEK_MS})
    assert len(list(reading)) == 9
    while store.expire({"frames": 10 * WEEK_MS}):
        pass
    assert [row["seq"] for row in store.rows("frames")] == [10]


def test_many_make_the_same_partition_at_once(db: Database, monkeypatch) -> None:
    at_week(monkeypatch, -3 * WEEKS)
    stores = [db.open() for _ in range(4)]
    records = [[air(f"g{k}", 1, n, M0 + n, 30) for n in range(1, 50)] for k in range(4)]
    threads = [
        Thread(target=store.write, args=(mine,))
        for store, mine in zip(stores, records, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.ask("SELECT count(*) FROM frames") == [(4 * 49,)]


def test_frames_of_an_older_schema_become_the_first_partition(
    postgres: Postgres, monkeypatch
) -> None:
    with postgres.raw(postgres.url("postgres")) as base:
        base.execute("CREATE DATABASE older")
    url = postgres.url("older")
    with database(postgres) as new:
        new.open().write([air("g", 1, n, M0 + n * MINUTE, 30) for n in range(1, 300)])
        before = as_before_partitions(postgres, new.url, url)
    assert schema_of(url).version == before
    older = Database(postgres, url)
    store = older.open()
    assert ("frame_before",) in older.ask(_NAMES)
    store.write([air("g", 1, n, M0 + n * MINUTE, 30) for n in range(250, 320)])
    assert [row["seq"] for row in store.rows("frames")] == list(range(1, 320))
    found = store.history("g", [AIR], M0, M0 + 6 * HOUR, 360)
    assert sum(point[1] for point in points(found)) == 319
    older.close()


def as_before_partitions(server: Postgres, new: str, old: str) -> int:
    """Make `old` what the schema before the partitions would have of `new`; its version."""
    version = _PARTITIONED
    with server.raw(new) as source, server.raw(old) as base:
        for text in MIGRATIONS[:version]:
            base.execute(text)
        base.execute(f"UPDATE neonat_schema SET version = {version}")
        tables = base.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace AND relname <> 'neonat_schema'"
        )
        for (table,) in tables.fetchall():
            names = [
                name
                for (name,) in base.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass"
                    " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                    (table,),
                )
            ]
            columns = ", ".join(f'"{name}"' for name in names)
            rows = source.execute(f"SELECT {columns} FROM {table}").fetchall()
            base.execute(f"DELETE FROM {table}")
            marks = ", ".join("?" * len(names))
            base.executemany(f"INSERT INTO {table}({columns}) VALUES ({marks})", rows)
    return version


_PARTITIONED = next(n for n, text in enumerate(MIGRATIONS) if "PARTITION BY RANGE" in text)

# What TimescaleDB has of functions, saying what they were asked; the extension itself cannot be had
# from any package index.
_FAKE = """
CREATE TABLE asked(words text);
CREATE FUNCTION create_hypertable(relation regclass, time_column_name name,
  chunk_time_interval anyelement) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO asked VALUES (format('hypertable %s %s %s', $1, $2, $3)); RETURN true; END $$;
CREATE FUNCTION set_integer_now_func(hypertable regclass, integer_now_func regproc)
  RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO asked VALUES (format('now %s %s', $1, $2)); END $$;
CREATE FUNCTION add_compression_policy(hypertable regclass, compress_after anyelement)
  RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
CREATE FUNCTION show_chunks(relation regclass, older_than anyelement) RETURNS SETOF regclass
  LANGUAGE sql AS $$ SELECT $1 WHERE EXISTS (SELECT FROM frame WHERE week < $2) $$;
CREATE FUNCTION drop_chunks(relation regclass, older_than anyelement) RETURNS SETOF text
  LANGUAGE sql AS $$ DELETE FROM frame WHERE week < $2; SELECT 'chunk' $$;
"""


def test_timescaledb_makes_the_pieces_where_it_is(
    postgres: Postgres, tmp_path: Path, monkeypatch
) -> None:
    folder = postgres.folder / "fake" / "extension"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timescaledb.control").write_text("default_version = '0'\nrelocatable = true\n")
    (folder / "timescaledb--0.sql").write_text(_FAKE)
    for path in (folder.parent, folder, *folder.iterdir()):
        path.chmod(0o755)
    with postgres.raw(postgres.url("postgres")) as base:
        base.execute("CREATE DATABASE scaled")
    url = postgres.url("scaled")
    with postgres.raw(url) as base:
        base.execute(f"SET extension_control_path = '{folder.parent}:$system'")
        base.execute("CREATE EXTENSION timescaledb")
    scaled = Database(postgres, url)
    at_week(monkeypatch, 20)
    store = scaled.open()
    assert scaled.ask("SELECT words FROM asked") == [
        ("hypertable frame week 4",),
        ("now frame neonat_week",),
    ]
    store.write([air("g", 1, n, M0, 30) for n in range(1, 10)])
    at_week(monkeypatch, 0)
    store.write([air("g", 1, n, M0, 30) for n in range(10, 20)])
    while store.expire({"frames": 10 * WEEK_MS}):
        pass
    assert [row["seq"] for row in store.rows("frames")] == list(range(10, 20))
    assert isinstance(store, postgresql.PostgresStore)
    scaled.close()
