"""The whole chain as real processes: incubator, gateway, broker, ingest, database."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

import spools
from brokers import Broker
from medibus.escape import escape
from neonat.audit.account import Account, account
from neonat.cli.serve import accepts
from neonat.store import open_store
from system.proxy import HOST, Proxy
from waiting import free_port, wait_for

GATEWAY = "bed-1"
NEONAT = [sys.executable, "-m", "neonat"]
QUICK = {"24": 20, "27": 40, "2E": 60, "29": 100, "2A": 150, "28": 1000}


def now_ms() -> int:
    """Unix time, the clock of the simulator's log."""
    return time.time_ns() // 1_000_000


class Program:
    """One `neonat …` process that can be killed with all its children and started again."""

    def __init__(self, words: list[str], log: Path) -> None:
        self.words = words
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Program":
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*NEONAT, *self.words], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL to the process and to what it has started."""
        if self.process is None:
            return
        for pid in [*children(self.process.pid), self.process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def end(self) -> int | None:
        """SIGTERM; the exit code."""
        if self.process is None:
            return None
        self.process.terminate()
        try:
            return self.process.wait(30)
        finally:
            self.kill()


def children(pid: int) -> list[int]:
    """The processes below `pid`, the youngest first."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [found for child in map(int, text.split()) for found in (*children(child), child)]


class Life(NamedTuple):
    """One process of the gateway, Unix times in ms; `end` is when it was killed. What it had heard
    in the last `delay_ms` before may have been in its RAM only.
    """

    start: int
    end: int
    delay_ms: int = 0


class Stored(NamedTuple):
    """One row of the view `frames` or `records`, `data` escaped."""

    boot: int
    seq: int
    at: str
    data: str


class Desk:
    """An operator: keeps the poll plan quick, asks for the status, repeats messages."""

    def __init__(self, port: int) -> None:
        self.status: dict[str, Any] = {}
        self.frames: list[bytes] = []
        self.replies = 0
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="desk")
        self._client.reconnect_delay_set(0.2, 0.5)
        self._client.on_connect = self._connected
        self._client.on_message = self._got
        self._client.connect_async(HOST, port)
        self._client.loop_start()

    def _connected(self, client: Client, *_: object) -> None:
        client.subscribe([(f"neonat/1/{GATEWAY}/{level}", 1) for level in ("reply", "frames")])

    def _got(self, _client: Client, _user: object, message: Any) -> None:
        if message.topic.endswith("/frames"):
            self.frames = [*self.frames[-30:], message.payload]
            return
        reply = json.loads(message.payload)
        self.replies += 1
        if reply["command"] == "status" and reply["ok"]:
            self.status = reply["state"]

    def tell(self, command: str, **more: object) -> None:
        """Send a command to the gateway."""
        payload = json.dumps({"id": 1, "command": command, **more})
        if self._client.is_connected():
            self._client.publish(f"neonat/1/{GATEWAY}/command", payload)

    def repeat(self) -> int:
        """Publish once more what was seen of the gateway's messages: how many."""
        seen, self.frames = self.frames, []
        for payload in seen:
            self._client.publish(f"neonat/1/{GATEWAY}/frames", payload, qos=1)
        return len(seen)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Chain:
    """Everything from the line to the database, in `folder`; between the broker and its two
    clients are proxies. `lives` and `spooled` are the harness's own record of the gateway:
    when its processes lived, and every (boot, seq) that the spool held when it was killed.
    """

    def __init__(
        self,
        folder: Path,
        broker: str = "embedded",
        micropython: bool = False,
        faults: tuple[str, ...] = (),
        seed: int = 0,
        plan: dict[str, int] | None = None,
    ) -> None:
        self.folder = folder
        self.micropython = micropython
        self.database = folder / "store.db"
        self.url = f"sqlite:///{self.database}"
        self.journal = folder / "line.jsonl"
        self.spool = folder / "spool"
        self.lives: list[Life] = []
        self.spooled: dict[tuple[int, int], str] = {}
        self.broker = Broker(broker, folder)
        self.up = Proxy(self.broker.port)
        self.down = Proxy(self.broker.port)
        self._plan = QUICK if plan is None else plan
        self.web: Program | None = None
        self._started = 0
        self._stop = threading.Event()
        line = str(folder / "line")
        fault_words = [word for fault in faults for word in ("--fault", fault)]
        self.simulator = self._program(
            "simulate", "--pty", line, "--log", str(self.journal), "--seed", str(seed), *fault_words
        )
        words = ["--id", GATEWAY, "--serial", line, "--baud", "38400", "--parity", "odd"]
        words += ["--broker", f"mqtt://{HOST}:{self.up.port}", "--spool", str(self.spool)]
        self.gateway = self._program("gateway", *words, *(["--micropython"] * micropython))
        self.ingest = self._program(
            "ingest", "--db", self.url, "--broker", f"mqtt://{HOST}:{self.down.port}"
        )

    def start_web(self) -> int:
        """Start the page; its port."""
        port = free_port()
        self.web = self._program("web", "--db", self.url, "--http", f"{HOST}:{port}")
        self.web.start()
        wait_for(accepts(HOST, port), what="the page")
        return port

    def _program(self, *words: str) -> Program:
        return Program(list(words), self.folder / f"{words[0]}.log")

    def __enter__(self) -> "Chain":
        self.start_broker()
        self.desk = Desk(self.broker.port)
        self.ingest.start()
        self.simulator.start()
        wait_for(lambda: os.path.islink(self.folder / "line"), what="the incubator's line")
        self.start_gateway()
        threading.Thread(target=self._keep_quick, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for program in (self.gateway, self.ingest, self.simulator, self.web):
            if program:
                program.kill()
        self.desk.close()
        self.kill_broker()
        self.up.close()
        self.down.close()

    def _keep_quick(self) -> None:
        while not self._stop.wait(0.5):
            if self._plan:
                self.desk.tell("set-poll", plan=self._plan)

    def start_broker(self) -> None:
        self.broker.start()
        self.broker_runs = True

    def kill_broker(self) -> None:
        self.broker.kill()
        self.broker_runs = False

    def start_gateway(self) -> None:
        """Begin a life of the gateway."""
        self._started = now_ms()
        self.gateway.start()

    def kill_gateway(self) -> None:
        """End it by SIGKILL, and look at what its spool holds."""
        if self.gateway.process is not None:
            end = now_ms()
            self.gateway.kill()
            delay_ms = spools.DELAY_MS if self.micropython else 0
            self.lives.append(Life(self._started, end, delay_ms))
        self.look_into_spool()

    def look_into_spool(self) -> None:
        """Note every whole record on disk."""
        for boot, seq, data in spools.records(self.spool):
            self.spooled[boot, seq] = data

    def stored(self, view: str = "frames") -> list[Stored]:
        """The rows of a view, in the order of boot and seq."""
        sql = f"SELECT boot, seq, at, data FROM {view} WHERE gateway = ? ORDER BY boot, seq"
        with contextlib.closing(sqlite3.connect(self.database, timeout=20)) as database:
            return [
                Stored(boot, seq, at, escape(data) if view == "frames" else data)
                for boot, seq, at, data in database.execute(sql, (GATEWAY,))
            ]

    def await_first(self) -> None:
        """Wait until a frame has come all the way."""
        wait_for(self._has_first, what="the first stored frame")

    def _has_first(self) -> bool:
        try:
            return bool(self.stored())
        except sqlite3.OperationalError:
            return False

    def gaps(self) -> list[tuple[int, int, int, str]]:
        """The holes that the store knows: (boot, first, last, reason)."""
        sql = "SELECT boot, first, last, reason FROM gaps WHERE gateway = ? ORDER BY 1, 2"
        with contextlib.closing(sqlite3.connect(self.database, timeout=20)) as database:
            return list(database.execute(sql, (GATEWAY,)))

    def audit(self) -> Account:
        """What `neonat audit` finds about the gateway."""
        store = open_store(self.url, create=False)
        try:
            with store.evidence() as evidence:
                found = account(evidence, GATEWAY, None, None, 1000)
        finally:
            store.close()
        assert found is not None
        return found

    def log(self) -> list[dict[str, Any]]:
        """The simulator's log, without a line that is still being written."""
        whole, _, _ = self.journal.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def settle(self, timeout: float = 120.0) -> None:
        """Silence the line, bring everything up and wait until the spool is empty."""
        self.up.thaw()
        self.down.thaw()
        if not self.broker_runs:
            self.start_broker()
        if not self.ingest.running:
            self.ingest.start()
        if not self.gateway.running:
            self.kill_gateway()
            self.start_gateway()
        # What nobody has read when the line closes is gone, however long the spool takes then.
        end = now_ms()
        self.simulator.end()
        self._plan = {}
        self.desk.status = {}
        wait_for(self._is_settled, timeout, "an empty spool")
        self.lives.append(Life(self._started, end))
        self.look_into_spool()

    def spool_is_empty(self) -> bool:
        """Whether the gateway says that it holds nothing."""
        self.desk.tell("status")
        time.sleep(0.1)
        spool = self.desk.status.get("spool")
        return spool is not None and spool["records"] == 0

    def _is_settled(self) -> bool:
        return self.spool_is_empty() and self.desk.status["link"] == "down"
