"""What a chart shows: summed up as the readings are, whenever and in whatever order they came."""

import random
from pathlib import Path

import pytest

from databases import Database, Sqlite, database
from histories import IDENTITIES, MEASURED, T0, frame, made, made_legacy
from neonat.store import History, Store, interface, rollup, schema

AIR = "air_temperature"
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
M0 = T0 // DAY * DAY


@pytest.fixture
def store(db: Database) -> Store:
    return db.open()


def air(gateway: str, boot: int, seq: int, at: int, value: float, unset: int | None = None):
    """A record with one reading; `unset` is the time since the start where no clock was set."""
    data = frame(0x24, b"6D%4.1f" % value)
    stamp = at if unset is None else None
    return made(gateway, boot, seq, data, stamp, unset or 0)


def roll_all(store: Store) -> None:
    """Until nothing waits."""
    while store.roll(500, now=True):
        pass


def points(found: History) -> list[tuple]:
    """(start, readings, low, mean, high) of the air temperature."""
    return [tuple(point) for point in found.signals[AIR].points]


def test_a_day_is_minutes_and_a_year_is_days(store: Store) -> None:
    # One reading a minute for two days, the hour as its value.
    records = [
        air("g", 1, 1 + minute, M0 + minute * MINUTE, 20 + minute // 60)
        for minute in range(2 * 24 * 60)
    ]
    random.Random(1).shuffle(records)
    for start in range(0, len(records), 300):
        store.write(records[start : start + 300])
        if start % 900 == 0:
            store.roll(200, now=True)
    for _ in range(2):
        one = store.history("g", [AIR], M0, M0 + DAY, 1440)
        assert one.step == MINUTE and len(points(one)) == 1440
        assert points(one)[61] == (M0 + 61 * MINUTE, 1, 21.0, 21.0, 21.0)
        two = store.history("g", [AIR], M0, M0 + 2 * DAY, 100)
        assert two.step == 30 * MINUTE
        assert points(two)[3] == (M0 + 90 * MINUTE, 30, 21.0, 21.0, 21.0)
        year = store.history("g", [AIR], M0, M0 + 365 * DAY, 400)
        assert year.step == DAY and year.signals[AIR].unit == "Cel"
        assert points(year) == [
            (M0, 1440, 20.0, 31.5, 43.0),
            (M0 + DAY, 1440, 44.0, 55.5, 67.0),
        ]
        roll_all(store)


def test_readings_of_their_own_where_they_are_few(store: Store) -> None:
    store.write([air("g", 1, n, M0 + n * 1000, n / 10) for n in range(1, 100)])
    found = store.history("g", [AIR], M0 + 5000, M0 + 9000, 1000)
    assert found.step == 0
    assert points(found) == [(M0 + n * 1000, 1, n / 10, n / 10, n / 10) for n in range(5, 9)]
    # More of them than were asked for.
    dense = [air("h", 1, n, M0 + n * 100, n / 10) for n in range(1, 100)]
    store.write(dense)
    found = store.history("h", [AIR], M0, M0 + 10_000, 20)
    assert found.step == 1000
    assert [point[1] for point in points(found)] == [9, *[10] * 9]


def test_a_late_identity_parts_what_was_summed_up(store: Store) -> None:
    # The numbers of a device whose catalog has no such name, until a Babyleo says that it is one.
    store.write([made("g", 1, 1, IDENTITIES[2], M0, 0)])
    store.write([air("g", 1, n, M0 + n * 1000, 30) for n in range(2, 400) if n != 200])
    roll_all(store)
    assert points(store.history("g", [AIR], M0, M0 + HOUR, 60)) == []
    store.write([made("g", 1, 200, IDENTITIES[0], M0 + 200_000, 0)])
    for _ in range(2):
        found = store.history("g", [AIR], M0, M0 + HOUR, 60)
        assert found.step == MINUTE
        assert sum(point[1] for point in points(found)) == 199
        roll_all(store)


def test_a_clock_that_is_set_later_moves_what_was_summed_up(store: Store) -> None:
    store.write([air("g", 1, n, 0, 30, unset=n * 1000) for n in range(1, 301)])
    roll_all(store)
    note = b"!clock at=2026-11-23T12:00:00.000Z uptime=400000"
    store.write([made("g", 1, 400, note, 1_795_435_200_000, 400_000)])
    started = 1_795_435_200_000 - 400_000
    for _ in range(2):
        got = points(store.history("g", [AIR], started, started + HOUR, 60))
        assert sum(point[1] for point in got) == 300
        assert got[0][0] == started // MINUTE * MINUTE
        roll_all(store)


def test_an_estimated_start_may_move_a_little(db: Database) -> None:
    store = db.open()
    store.write([made("g", 1, 1, MEASURED[0], None, 1000, lag=900)])
    roll_all(store)
    store.write([made("g", 1, 2, MEASURED[0], None, 2000, lag=100)])
    roll_all(store)
    (first,) = db.ask("SELECT rolled_at FROM run")
    store.write([made("g", 1, 3, MEASURED[0], None, 3000, lag=-900)])
    roll_all(store)
    assert db.ask("SELECT rolled_at FROM run") != [first]
    assert sum(point[1] for point in points(store.history("g", [AIR], T0 - DAY, T0 + DAY))) == 3


def test_what_waits_too_much_is_summed_up_as_it_is_written(db: Database, monkeypatch) -> None:
    store = db.open()
    monkeypatch.setattr(rollup, "FOLD_AT", 50)
    monkeypatch.setattr("neonat.store.writer.FOLD_AT", 50)
    for n in range(1, 120):
        store.write([air("g", 1, n, M0 + n * 1000, 30)])
    ((low, high),) = db.ask("SELECT first, last FROM rolled")
    assert low == 1 and high >= 50
    assert store.roll() == 0


def test_the_original_firmware_has_a_history_too(store: Store) -> None:
    data = frame(0x24, b"6D30.5")
    lines = [made_legacy("g", M0 + n * 1000, data, M0) for n in range(100)]
    store.write([], lines[50:])
    roll_all(store)
    store.write([], lines[:60])
    for _ in range(2):
        found = store.history("g", [AIR], M0, M0 + 2 * HOUR, 120)
        assert points(found) == [(M0, 60, 30.5, 30.5, 30.5), (M0 + MINUTE, 40, 30.5, 30.5, 30.5)]
        roll_all(store)


def test_a_database_of_the_first_version_is_summed_up_afterwards(
    tmp_path: Path, monkeypatch
) -> None:
    server = Sqlite(tmp_path)
    with database(server) as new, database(server) as old:
        store = new.open()
        store.write([air("g", 1, n, M0 + n * 1000, 30) for n in range(1, 5000)])
        store.close()
        as_of_the_first_version(new, old)
        assert interface.schema_of(old.url).version == 1
        store = old.open()
        turns = 0
        while store.roll(1000):
            turns += 1
        assert turns == 4
        assert old.ask("SELECT first, last FROM rolled") == [(1, 4999)]
        found = store.history("g", [AIR], M0, M0 + DAY, 1440)
        assert sum(point[1] for point in points(found)) == 4999


def as_of_the_first_version(new: Database, old: Database) -> None:
    """Make `old` what the first version of the schema would have of `new`."""
    with new.server.raw(old.url) as base:
        base.executescript(schema.MIGRATIONS[0])
        base.execute("ATTACH ? AS new", (new.url.removeprefix("sqlite:///"),))
        tables = base.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        kept = {name for (name,) in base.execute("SELECT name FROM new.sqlite_master")}
        for (table,) in tables.fetchall():
            if table not in kept:
                continue
            names = [row[1] for row in base.execute(f"PRAGMA main.table_info({table})")]
            columns = ", ".join(names)
            base.execute(f"DELETE FROM main.{table}")
            base.execute(f"INSERT INTO main.{table} SELECT {columns} FROM new.{table}")
        base.execute("PRAGMA user_version = 1")
        base.commit()
