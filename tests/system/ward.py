"""Beds that speak as gateways do, a broker, and ingest as a process: what was said is known."""

import contextlib
import os
import random
import threading
import time
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from brokers import HOST, Broker
from histories import MEASURED
from medibus.escape import escape
from neonat.gateway.envelope import parse_ack, stamp
from neonat.store import open_store
from system.chain import Program
from system.proxy import Proxy
from waiting import wait_for

T0 = 1_795_000_000_000
MESSAGE = 50
RESEND_S = 0.2
SHIFTED = Path(__file__).parent / "shifted"


class Bed:
    """One gateway: `said` are the lines of all its records, `acked` what it may forget."""

    def __init__(self, name: str, port: int, boot: int = 1, mark: str = "") -> None:
        self.name = name
        self.boot = boot
        self.said: dict[int, str] = {}
        self.acked: set[int] = set()
        self.waited: dict[int, float] = {}
        self._mark = mark
        self._born: dict[int, float] = {}
        self._stop = threading.Event()
        self._guard = threading.Lock()
        client = self.client = Client(CallbackAPIVersion.VERSION2)
        client.reconnect_delay_set(0.05, 0.3)
        client.on_connect = lambda client, *_: client.subscribe(f"neonat/1/{name}/ack", 1)
        client.on_message = self._got
        client.connect_async(HOST, port)
        client.loop_start()
        self._thread = threading.Thread(target=self._resend, daemon=True)
        self._thread.start()

    def data(self, seq: int) -> bytes:
        """The data of a record."""
        if seq % 5:
            return MEASURED[0][:-2] + b"%02X" % (sum(MEASURED[0][:-2]) & 0xFF)
        return f"!note n={seq} mark={self._mark}".encode()

    def say(self, count: int, send: bool = True) -> list[str]:
        """New records, sent at once unless told otherwise; their messages."""
        with self._guard:
            first = len(self.said) + 1
            for seq in range(first, first + count):
                text = escape(self.data(seq))
                at = stamp(T0 + seq * 100)
                self.said[seq] = f"{self.name}|{at}|{self.boot}.{seq}|{text}"
                self._born[seq] = time.monotonic()
            messages = self.messages(range(first, first + count))
        if send:
            for message in messages:
                self.publish(message)
        return messages

    def messages(self, seqs: Any) -> list[str]:
        """The lines of some records as messages."""
        lines = [self.said[seq] for seq in seqs]
        return [
            "\n".join(lines[start : start + MESSAGE]) for start in range(0, len(lines), MESSAGE)
        ]

    def publish(self, message: str) -> None:
        self.client.publish(f"neonat/1/{self.name}/frames", message, qos=1)

    def _got(self, _client: Client, _user: object, message: Any) -> None:
        now = time.monotonic()
        for boot, first, last in parse_ack(message.payload)[0]:
            if boot == self.boot:
                for seq in range(first, last + 1):
                    if seq in self._born and seq not in self.acked:
                        self.waited[seq] = now - self._born[seq]
                    self.acked.add(seq)

    @property
    def missing(self) -> list[int]:
        with self._guard:
            return [seq for seq in sorted(self.said, reverse=True) if seq not in self.acked]

    def _resend(self) -> None:
        while not self._stop.wait(RESEND_S):
            now = time.monotonic()
            late = [seq for seq in self.missing if now - self._born[seq] > RESEND_S]
            if self.client.is_connected():
                for message in self.messages(late[:2000]):
                    self.publish(message)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.client.disconnect()
        self.client.loop_stop()


class Ward:
    """Some beds, a broker, ingest, a database; `tamper` lets the wall clock of ingest be set."""

    def __init__(
        self, folder: Path, broker: str = "embedded", url: str = "", beds: int = 3, seed: int = 0
    ) -> None:
        self.folder = folder
        self.random = random.Random(f"ward {seed}")
        self.url = url or f"sqlite:///{folder}/ward.db"
        self.broker = Broker(broker, folder).start()
        self.up = Proxy(self.broker.port)
        self.down = Proxy(self.broker.port)
        self._clock = folder / "clock"
        words = ["ingest", "--db", self.url, "--broker", f"mqtt://{HOST}:{self.down.port}"]
        self.ingest = Program(words, folder / "ingest.log")
        self.start_ingest()
        self.beds = [Bed(f"bed-{number}", self.up.port) for number in range(beds)]

    def start_ingest(self) -> None:
        os.environ["NEONAT_TEST_CLOCK"] = str(self._clock)
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SHIFTED), before]))
        try:
            self.ingest.start()
        finally:
            del os.environ["NEONAT_TEST_CLOCK"]
            if before is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = before

    def set_clock(self, ahead_s: float) -> None:
        """The wall clock of ingest goes so much ahead (behind, where negative)."""
        self._clock.write_text(str(ahead_s))

    def pause(self, least: float = 0.05, most: float = 0.4) -> None:
        time.sleep(self.random.uniform(least, most))

    def say(self, count: int = 100) -> None:
        """Every bed says something."""
        for bed in self.beds:
            bed.say(count)

    def flowing(self) -> None:
        """Wait until something new of every bed is acknowledged."""
        before = [len(bed.acked) for bed in self.beds]
        self.say(20)
        wait_for(
            lambda: all(len(b.acked) > n for b, n in zip(self.beds, before, strict=True)),
            120,
            "acknowledgements of every bed",
        )

    def lost(self) -> list[str]:
        """What is not as it was said, once everything is acknowledged; empty when nothing is."""
        self.up.thaw()
        self.down.thaw()
        if not self.ingest.running:
            self.start_ingest()
        wait_for(lambda: not any(bed.missing for bed in self.beds), 180, "all acknowledgements")
        wrong: list[str] = []
        with contextlib.closing(open_store(self.url, create=False)) as store:
            for bed in self.beds:
                rows = [*store.rows("frames", bed.name), *store.rows("records", bed.name)]
                mine = [row for row in rows if row["boot"] == bed.boot]
                found = {row["seq"]: row for row in mine}
                if len(found) != len(mine):
                    wrong.append(f"{bed.name}: a number is stored twice")
                if set(found) != set(bed.said):
                    wrong.append(f"{bed.name}: {len(set(found) ^ set(bed.said))} numbers differ")
                wrong += [
                    f"{bed.name} {seq}: stored {row['data']!r}"
                    for seq, row in found.items()
                    if _bytes(row["data"]) != bed.data(seq) or row["at"] != stamp(T0 + seq * 100)
                ]
                if store.gaps(bed.name):
                    wrong.append(f"{bed.name}: gaps {store.gaps(bed.name)[:3]}")
        return wrong

    def close(self) -> None:
        for bed in self.beds:
            bed.close()
        self.ingest.kill()
        self.broker.kill()
        self.up.close()
        self.down.close()

    def __enter__(self) -> "Ward":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else bytes(data)
