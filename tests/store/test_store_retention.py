"""What is too old goes: the frames, not the numbers, the history or what still stands."""

import subprocess
import sys
import time
from collections import Counter

import pytest

from databases import Database
from histories import ALARMS, IDENTITIES, MEASURED, STEADY, frame, made, made_legacy
from neonat.store import Refusal, Store, StoreError
from neonat.store.postgresql import PostgresStore
from neonat.store.postgresql_partitions import LATE_MS
from store.test_store_history import AIR, DAY, HOUR, M0, MINUTE, air, points


@pytest.fixture
def store(db: Database) -> Store:
    return db.open()


def expire(store: Store, now: int, most: int = 200, **keep: int) -> int:
    """Until nothing goes any more; how many rows went. On a server single frames wait longer."""
    if "frames" in keep and isinstance(store, PostgresStore):
        keep["frames"] -= LATE_MS
    gone = 0
    while went := store.expire(keep, now, most):
        gone += went
    return gone


def test_old_frames_go_and_nothing_else(store: Store) -> None:
    records = [air("g", 1, n, M0 + n * MINUTE, 20 + n / 100) for n in range(1, 1001)]
    records[1] = made("g", 1, 2, IDENTITIES[0], M0 + 2 * MINUTE, 0)
    store.write([one for one in records if one.seq not in (5, 800)])
    before = store.history("g", [AIR], M0, M0 + DAY, 1440), store.gaps("g"), store.gateways()
    now = M0 + 1001 * MINUTE
    assert expire(store, now, frames=500 * MINUTE) == 498
    assert (store.history("g", [AIR], M0, M0 + DAY, 1440), store.gaps("g")) == before[:2]
    assert store.gateways() == before[2]
    seqs = [row["seq"] for row in store.rows("frames")]
    assert seqs == [n for n in range(500, 1001) if n != 800]
    # A chart of readings of their own has minutes where there is nothing else.
    found = store.history("g", [AIR], M0 + 10 * MINUTE, M0 + 20 * MINUTE)
    assert found.step == MINUTE and len(points(found)) == 10
    # Sent again, what has gone is acknowledged and not stored again; what was missing is.
    written = store.write(records)
    assert (written.stored, written.repeated, written.conflicts) == (2, 998, [])
    assert written.acks == {"g": [(1, 1, 1000)]}
    assert store.gaps("g") == []
    assert expire(store, now, frames=500 * MINUTE) == 1


def test_times_that_jump_keep_what_is_young(store: Store) -> None:
    old, young = M0, M0 + 10 * DAY
    times = [young, old, old + 1000, young + 1000, old + 2000, young + 2000]
    store.write([air("g", 1, n, at, 30) for n, at in enumerate(times, 1)])
    expire(store, young + HOUR, frames=DAY)
    kept = [row["seq"] for row in store.rows("frames")]
    assert {1, 4, 6} <= set(kept)


def test_frames_of_an_unset_clock_go_by_their_estimate(store: Store) -> None:
    store.write([air("g", 1, n, 0, 30, unset=n * MINUTE) for n in range(1, 400)])
    (first, *_) = store.rows("frames")
    expire(store, M0 + 400 * DAY, frames=DAY)
    assert list(store.rows("frames")) == []
    assert first["clock"] == "unset"


def test_followers_may_be_added_to_no_row_that_has_gone(store: Store) -> None:
    store.write([made("g", 1, n, ALARMS[0], M0 + n, 0) for n in range(1, 5)])
    store.write([made("g", 2, n, ALARMS[0], M0 + n, 0) for n in range(1, 5)])
    expire(store, M0 + DAY, frames=HOUR)
    store.write([made("g", 2, n, ALARMS[0], M0 + n, 0) for n in range(5, 9)])
    assert [row["seq"] for row in store.rows("frames")] == [5, 6, 7, 8]


def test_the_original_firmware_expires_and_is_not_stored_again(store: Store) -> None:
    data = frame(0x24, b"6D30.5")
    lines = [made_legacy("g", M0 + n * MINUTE, data, M0) for n in range(100)]
    store.write([], lines)
    before = store.history("g", [AIR], M0, M0 + DAY, 1440)
    assert expire(store, M0 + 100 * MINUTE, most=7, frames=50 * MINUTE) >= 50
    assert len(list(store.rows("frames"))) == 50
    assert store.write([], lines).stored == 0
    assert store.history("g", [AIR], M0, M0 + DAY, 1440) == before
    store.write([], [made_legacy("g", M0 + 200 * MINUTE, data, M0)])
    expire(store, M0 + 900 * DAY, frames=50 * MINUTE)
    store.write([], [made_legacy("g", M0 + 901 * DAY, data, M0)])
    assert sum(point[1] for point in points(store.history("g", [AIR], M0, M0 + DAY, 1440))) == 101


def test_episodes_go_once_they_are_over_and_stay_whole(store: Store) -> None:
    # Alarm 43 for an hour; later 43 again, and B2 in the middle of it, until today.
    said = [(0, 1), (1, 0), (2, 1), (3, 2), (4, 1), (24 * 20, 1)]
    store.write(
        [
            made("g", 1, seq, ALARMS[which], M0 + hour * HOUR, 0)
            for seq, (hour, which) in enumerate(said, 1)
        ]
    )
    store.write([made("g", 1, 7, STEADY[0], M0, 0), made("g", 1, 8, STEADY[0], M0 + 20 * DAY, 0)])
    before = store.alarms("g")
    assert Counter(row["code"] for row in before) == {"43": 2, "B2": 1}
    now = M0 + 20 * DAY
    assert expire(store, now, alarms=10 * DAY, settings=DAY, texts=DAY) == 2
    after = store.alarms("g")
    assert after == before[:-1] and len(before) == 3
    assert len(list(store.rows("settings"))) == 1
    assert expire(store, now + 100 * DAY, alarms=10 * DAY) == 0


def test_rollups_and_refusals_go_too(db: Database) -> None:
    store = db.open()
    store.write([air("g", 1, n, M0 + n * HOUR, 30) for n in range(1, 100)])
    store.write([], refusals=[Refusal(M0 + n, "t", "topic", b"x") for n in range(10)])
    now = M0 + 100 * HOUR
    expire(store, now, refusals=100 * HOUR - 5, frames=DAY, rollups=2 * DAY)
    assert len(list(store.rows("refusals"))) == 5
    found = store.history("g", [AIR], M0, M0 + 5 * DAY, 120)
    assert found.step == HOUR and len(points(found)) == 48
    assert len(list(store.rows("frames"))) in (24, 25)


@pytest.mark.parametrize(
    ("keep", "words"), [({"cakes": 1}, "cakes"), ({"frames": 2, "rollups": 1}, "at least as long")]
)
def test_what_cannot_be_kept_so_is_said(store: Store, keep: dict, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        store.expire(keep)


def test_measured_values_of_a_device_that_is_told_late_keep_their_history(store: Store) -> None:
    store.write([made("g", 1, n, MEASURED[0], M0 + n * MINUTE, 0) for n in range(2, 100)])
    store.roll(now=True)
    expire(store, M0 + DAY, frames=DAY - 50 * MINUTE)
    store.write([made("g", 1, 1, IDENTITIES[0], M0, 0)])
    found = store.history("g", [AIR], M0, M0 + DAY, 1440)
    assert sum(point[1] for point in points(found)) >= 50


def test_the_command_takes_away_and_says_how_much(db: Database) -> None:
    store = db.open()
    store.write([air("g", 1, n, M0 + n * MINUTE, 30) for n in range(1, 100)])

    def neonat(*words: str) -> subprocess.CompletedProcess:
        call = [sys.executable, "-m", "neonat", "db", "expire", "--db", db.url, *words]
        return subprocess.run(call, capture_output=True, text=True, check=False)

    for word in ("frames", "frames=5", "cakes=5y", "frames=0d"):
        told = neonat("--keep", word)
        assert told.returncode == 2 and word in told.stderr and "Traceback" not in told.stderr
    told = neonat("--keep", "frames=2d", "--keep", "rollups=1d")
    assert told.returncode == 2 and "at least as long" in told.stderr
    told = neonat("--keep", "frames=1h")
    # The time of the tests may lie in the past or in the future of whoever runs them.
    late = DAY if db.kind == "sqlite" else DAY + LATE_MS
    gone = 99 if time.time_ns() // 1_000_000 - late > M0 else 0
    assert told.stdout == f"{gone} rows were too old and are gone\n"
    assert (told.returncode, told.stderr) == (0, "")
    assert len(list(store.rows("frames"))) == 99 - gone
