"""`neonat ingest` as a process, on real brokers and a real database: killed, starved, attacked."""

import contextlib
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest

from brokers import KINDS, Broker
from gateways import Gateway
from waiting import wait_for


class Ingest:
    """One database behind one broker; the process can be killed and started again."""

    def __init__(self, broker, folder):
        self.path = folder / "n.db"
        self._log = folder / "ingest.log"
        self._words = ["ingest", "--db", f"sqlite:///{self.path}", "--broker", broker.url]
        self.process = None

    @property
    def log(self):
        return self._log.read_text()

    def start(self):
        before = self.log.count("connected") if self._log.exists() else 0
        with open(self._log, "a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "neonat", *self._words], stderr=log
            )
        wait_for(lambda: self.log.count("connected") > before, what="ingest's connection")
        return self

    def end(self, number=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(number)
            try:
                return self.process.wait(30)
            finally:
                self.process.kill()
        return None

    def stored(self):
        with contextlib.closing(sqlite3.connect(self.path)) as base:
            return base.execute("SELECT boot, seq FROM frames ORDER BY 1, 2").fetchall()

    def ask(self, text):
        with contextlib.closing(sqlite3.connect(self.path)) as base:
            return base.execute(text).fetchall()


@pytest.fixture(params=KINDS)
def parts(request, tmp_path):
    broker = Broker(request.param, tmp_path).start()
    ingest = Ingest(broker, tmp_path).start()
    gateway = Gateway(broker.port)
    yield broker, ingest, gateway
    gateway.close()
    ingest.end(signal.SIGKILL)
    broker.kill()


class Load:
    """Resends what is not acknowledged, newest first, until told to stop."""

    def __init__(self, gateway, total):
        self._gateway = gateway
        self._total = total
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        gateway = self._gateway
        while not self._stop.is_set():
            acked = {seq for _, seq in gateway.acked}
            missing = [seq for seq in range(self._total, 0, -1) if seq not in acked]
            for start in range(0, len(missing), 50):
                if self._stop.is_set():
                    return
                gateway.send(*[gateway.line(seq) for seq in missing[start : start + 50]])
            self._stop.wait(0.05)

    def stop(self):
        self._stop.set()
        self._thread.join()


def test_killed_again_and_again_nothing_is_lost_or_doubled(parts):
    _, ingest, gateway = parts
    chance = random.Random(4)
    total = 0
    for _ in range(5):
        total += 8000
        enough = len(gateway.acked) + chance.randrange(1, 4000)
        load = Load(gateway, total)
        try:
            wait_for(lambda n=enough: len(gateway.acked) > n, what="some acknowledgements")
            ingest.end(signal.SIGKILL)
            acked = set(gateway.acked)
            assert acked <= set(ingest.stored())
            ingest.start()
            wait_for(lambda n=total: len(set(gateway.acked)) == n, 120, "all acknowledgements")
        finally:
            load.stop()
    assert ingest.stored() == [(7, seq) for seq in range(1, total + 1)]
    assert ingest.ask("SELECT * FROM gaps") == []


def test_ended_under_load_what_is_stored_is_acknowledged(parts):
    _, ingest, gateway = parts
    load = Load(gateway, 20_000)
    try:
        wait_for(lambda: len(gateway.acked) > 500, what="load")
        assert ingest.end() == 0
        stored = set(ingest.stored())
        wait_for(lambda: set(gateway.acked) == stored, what="every stored one's acknowledgement")
    finally:
        load.stop()
    assert "Traceback" not in ingest.log


def test_a_full_disk_delays_only(parts):
    _, ingest, gateway = parts
    gateway.resend_until_acked(*range(1, 11))
    limits = resource.prlimit(ingest.process.pid, resource.RLIMIT_FSIZE)
    full = os.path.getsize(ingest.path)
    resource.prlimit(ingest.process.pid, resource.RLIMIT_FSIZE, (full, limits[1]))
    load = Load(gateway, 20_000)
    try:
        wait_for(lambda: "nothing is acknowledged meanwhile" in ingest.log, what="a full disk")
        resource.prlimit(ingest.process.pid, resource.RLIMIT_FSIZE, limits)
        wait_for(lambda: "works again" in ingest.log, what="the recovery")
        wait_for(lambda: len(set(gateway.acked)) == 20_000, 120, "all acknowledgements")
    finally:
        load.stop()
    assert len(ingest.stored()) == 20_000
    assert ingest.end() == 0


def test_a_locked_database_delays_only(parts):
    _, ingest, gateway = parts
    gateway.resend_until_acked(1)
    with contextlib.closing(sqlite3.connect(ingest.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        gateway.send(gateway.line(2))
        wait_for(lambda: "another program holds it" in ingest.log, what="a locked database")
        assert gateway.acked == [(7, 1)] * len(gateway.acked)
        other.execute("ROLLBACK")
    wait_for(lambda: (7, 2) in gateway.acked, what="the acknowledgement")


def test_hostile_messages_end_nothing(parts):
    broker, ingest, gateway = parts
    chance = random.Random(5)
    usual = gateway.line(1)
    topics = ["frames", "state", "trame_complete", "test_topic"]
    for _ in range(300):
        text = bytearray(usual.encode())
        for _ in range(chance.randrange(8)):
            text[chance.randrange(len(text))] = chance.randrange(256)
        payload = chance.choice(
            [
                bytes(text),
                chance.randbytes(chance.randrange(2000)),
                b"\n" * chance.randrange(16384),
                b"[" * chance.randrange(4096),
                b"bed-1|2026-11-23T08:45:00.123Z|7.%d|!drop first=%d last=%d"
                % (chance.randrange(1, 2**32), chance.randrange(2**70), chance.randrange(2**70)),
                b"bed-1|2026-11-23T08:45:00.123Z|%d.1|!boot held=%d:1-%d,x"
                % (chance.randrange(1, 2**32), chance.randrange(2**40), chance.randrange(2**33)),
                b"bed-1|+%d|7.%d|!clock at=9999-12-31T23:59:59.999Z uptime=%d step=-%d"
                % (chance.randrange(10**14), chance.randrange(1, 99), 10**30, 10**30),
                b'{"device": {"id": %d, "name": [1]}, "online": "x"}' % 10**200,
            ]
        )
        topic = chance.choice(topics)
        whole = topic if "_" in topic else f"neonat/1/bed-1/{topic}"
        gateway.client.publish(whole, payload, qos=1)
    gateway.client.publish("neonat/1/no gateway/frames", b"x", qos=1)
    gateway.client.publish("neonat/1//state", b"x", qos=1)
    other = Gateway(broker.port, "bed-2")
    other.resend_until_acked(*range(1, 101))
    other.close()
    assert ingest.process.poll() is None
    assert ingest.ask("SELECT count(*) FROM frames WHERE gateway = 'bed-2'") == [(100,)]

    def reasons() -> set[str]:
        return {reason for (reason,) in ingest.ask("SELECT DISTINCT reason FROM refusals")}

    # The broker may hand on what another client sent later first.
    wait_for(lambda: {"envelope", "topic", "state"} <= reasons(), what="all kinds of refusals")
    (size,) = ingest.ask("SELECT max(length(payload)) FROM refusals")[0]
    assert size <= 256 * 4
    assert ingest.end() == 0
    assert "Traceback" not in ingest.log
