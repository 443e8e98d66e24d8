"""Several workers behind one broker, on one database: killed, they neither lose nor double."""

import contextlib
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from brokers import MOSQUITTO, Broker
from databases import Database, Postgres, Sqlite, database
from gateways import Gateway
from ingest.test_ingest_process import Load
from neonat.cli.ingest import group_of
from waiting import wait_for


class Ingest:
    """A `neonat ingest` with workers of its own."""

    def __init__(self, broker: Broker, db: Database, log: Path, *words: str) -> None:
        self._log = log
        call = [sys.executable, "-m", "neonat", "ingest", "--db", db.url, "--broker", broker.url]
        with open(log, "w") as out:
            self._process = subprocess.Popen([*call, *words], stderr=out)
        count = int(words[words.index("--workers") + 1]) if "--workers" in words else 1
        wait_for(lambda: log.read_text().count(": connected") >= count, what="the workers")

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers."""
        pid = self._process.pid
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self) -> int:
        """End all; the exit code."""
        self._process.terminate()
        try:
            return self._process.wait(30)
        finally:
            self._process.kill()


@contextlib.contextmanager
def chain(kind: str, db: Database, folder: Path) -> Iterator[tuple[Ingest, list[Gateway]]]:
    """A broker, an ingest with two workers, another as if on a second machine, two gateways."""
    broker = Broker(kind, folder).start()
    ingests = [
        Ingest(broker, db, folder / "one.log", "--workers", "2", "--group", "ward"),
        Ingest(broker, db, folder / "two.log", "--group", "ward"),
    ]
    gateways = [Gateway(broker.port, name) for name in ("bed-1", "bed-2")]
    try:
        yield ingests[0], gateways
        assert [ingest.end() for ingest in ingests] == [0, 0]
    finally:
        for gateway in gateways:
            gateway.close()
        for ingest in ingests:
            ingest.end()
        broker.kill()


def all_of(gateways: list[Gateway], total: int) -> bool:
    """Whether each gateway has the acknowledgement of all its numbers."""
    return all(len(set(gateway.acked)) == total for gateway in gateways)


def kill_and_count(kind: str, db: Database, folder: Path) -> None:
    """Kill a worker again and again; in the end all is there once."""
    chance = random.Random(7)
    total = 0
    with chain(kind, db, folder) as (ingest, gateways):
        for _ in range(3):
            total += 3000
            loads = [Load(gateway, total) for gateway in gateways]
            try:
                enough = len(gateways[0].acked) + chance.randrange(1, 1000)
                wait_for(lambda n=enough: len(gateways[0].acked) > n, what="acknowledgements")
                with contextlib.suppress(ProcessLookupError):
                    subprocess.run(["kill", "-9", str(chance.choice(ingest.workers))], check=False)
                acked = [(gateway.name, *one) for gateway in gateways for one in gateway.acked]
                assert set(acked) <= set(db.ask("SELECT gateway, boot, seq FROM frames"))
                wait_for(lambda n=total: all_of(gateways, n), 120, "all of them")
            finally:
                for load in loads:
                    load.stop()
            wait_for(lambda: len(ingest.workers) == 2, what="both workers")
        states = '{"online": true, "link": "up"}'
        for gateway in gateways:
            gateway.send(states, topic="state", retain=True)
        online = "SELECT count(*) FROM gateways WHERE online = 1"
        wait_for(lambda: db.ask(online) == [(2,)], what="the states")
        web = db.open(reader=None)
        wait_for(lambda: web.health()["workers"] == 3 and web.health()["connected"], what="health")
        assert web.health()["stored"] <= 2 * total
    stored = db.ask("SELECT gateway, boot, seq FROM frames ORDER BY 1, 2, 3")
    wanted = [(name, 7, seq) for name in ("bed-1", "bed-2") for seq in range(1, total + 1)]
    assert [tuple(row) for row in stored] == wanted
    assert db.ask("SELECT * FROM gaps") == []
    assert db.ask("SELECT * FROM refusals") == []


def test_the_workers_of_a_database_are_a_group_of_their_own(tmp_path: Path) -> None:
    server = Sqlite(tmp_path)
    with database(server) as one, database(server) as other:
        for db in (one, other):
            db.open()
        assert group_of(one.url) != group_of(other.url)
        assert group_of(one.url) == group_of(one.url)
        assert re.fullmatch("neonat-[0-9a-f]{12}", group_of(one.url))


def test_workers_on_a_file(tmp_path: Path) -> None:
    with database(Sqlite(tmp_path)) as db:
        kill_and_count("embedded", db, tmp_path)


@pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed")
def test_workers_on_a_server(postgres: Postgres, tmp_path: Path) -> None:
    with database(postgres) as db:
        kill_and_count("mosquitto", db, tmp_path)


def test_a_worker_that_hangs_holds_up_nothing(postgres: Postgres, tmp_path: Path) -> None:
    with database(postgres) as db, chain("embedded", db, tmp_path) as (ingest, gateways):
        hung = ingest.workers[0]
        subprocess.run(["kill", f"-{signal.SIGSTOP.value}", str(hung)], check=True)
        try:
            gateways[0].resend_until_acked(*range(1, 200))
        finally:
            subprocess.run(["kill", f"-{signal.SIGCONT.value}", str(hung)], check=True)
