"""A writer killed at any moment leaves a file that is whole, with all that was acknowledged."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from databases import Database
from histories import MEASURED, T0, made
from waiting import wait_for

WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from histories import ALARMS, MEASURED, READER, STEADY, T0, made
from neonat.store import open_store
pool = (*MEASURED[:2], *ALARMS, *STEADY)
store = open_store(sys.argv[1], reader=READER)
boot = 1 + max((row["boot"] for row in store.rows("frames")), default=0)
seq = 1
while True:
    batch = [
        made("g", boot, n, pool[n * 7 % len(pool)], T0 + n * 300, n * 300)
        for n in range(seq, seq + 40)
    ]
    written = store.write(batch)
    assert written.acks == {"g": [(boot, seq, seq + 39)]}
    print(boot, seq + 39, flush=True)
    seq += 40
    store.roll(100, now=True)
"""


def test_a_kill_at_any_moment_loses_nothing_acknowledged(db: Database) -> None:
    rng = random.Random(1)
    tests = str(Path(__file__).parent.parent)
    promised: dict[int, int] = {}
    for _ in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, db.url, tests], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]
        time.sleep(rng.random() * 0.1)
        os.kill(writer.pid, signal.SIGKILL)
        lines += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()
        for line in lines:
            if line.endswith("\n"):
                boot, last = map(int, line.split())
                promised[boot] = last
        check(db, promised)
    assert len(promised) == 12


def check(db: Database, promised: dict[int, int]) -> None:
    """The database is sound, holds what was promised, and only whole batches."""
    if db.kind == "sqlite":
        assert db.ask("PRAGMA integrity_check") == [("ok",)]
    spans = dict(db.ask("SELECT r.boot, s.last FROM span s JOIN run r ON r.id = s.run"))
    counts = dict(db.ask("SELECT boot, count(*) FROM frames GROUP BY boot"))
    assert counts == spans
    assert db.ask("SELECT count(*) FROM gaps") == [(0,)]
    for boot, last in promised.items():
        assert spans[boot] >= last
        assert spans[boot] % 40 == 0
    (newest,) = db.ask("SELECT max(boot), max(last_seq) FROM stretch")
    assert newest[0] == max(spans)
    store = db.open(reader=None)
    assert store.verify(lambda _: None).faults == []
    readings = db.ask("SELECT count(value) FROM readings WHERE name = 'air_temperature'")
    chart = store.history("g", ["air_temperature"], T0, T0 + 3_600_000, 60)
    assert [(sum(point.n for point in chart.signals["air_temperature"].points),)] == readings
    store.close()


def test_two_writers_see_each_others_records(db: Database) -> None:
    stores = [db.open() for _ in range(2)]
    for seq in range(1, 21):
        record = made("g", 1, seq, MEASURED[0], T0 + seq, seq)
        assert stores[seq % 2].write([record]).stored == 1
        assert stores[1 - seq % 2].write([record]).repeated == 1
    assert stores[0].gaps("g") == []
    assert len(list(stores[1].rows("frames"))) == 20
    change, names = stores[0].changes(0)
    assert names == ["g"]
    assert stores[0].changes(change) == (change, [])
    stores[1].write([made("g", 1, 21, MEASURED[0], T0 + 21, 21)])
    assert wait_for(lambda: stores[0].changes(change)[1], what="the change") == ["g"]
