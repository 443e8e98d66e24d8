"""Envelopes a second committed and acknowledged, through a real broker into SQLite.

The clock stops when the last acknowledgement has come back to the publisher. Beside it, in the
same run, the machine's own baseline: a bare loop that takes the same lines from a socket and puts
one row a line into SQLite with the same durability. Publisher, broker and ingest share the machine.
"""

import argparse
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from medibus.escape import escape
from medibus.frame import response
from neonat.broker import command, environment
from neonat.cli.serve import accepts, neonat
from neonat.gateway.envelope import line, parse_ack, stamp
from neonat.supervisor import Child, Supervisor

HOST = "127.0.0.1"
GATEWAYS = 8
BATCH_ROWS = 5000
# Messages that wait for ingest at most: Mosquitto drops beyond 1000 a client.
IN_FLIGHT = 400
START_MS = 1_790_000_000_000


def frame(number: int) -> str:
    """Measured data as the TN500 sends it, its values drifting; now and then its texts."""
    if number % 33 == 0:
        return escape(response(0x2A, b"138Air Mode\x03A3<Weaning Mode\x03")[:-1])
    fields = (
        ("65", f"{36 + number % 37 / 10:4.1f}"),
        ("66", f"{36 + number % 23 / 10:4.1f}"),
        ("6C", f"{40 + number % 19:3d} "),
        ("6D", f"{32 + number % 29 / 10:4.1f}"),
        ("6E", f"{number % 101:4d}"),
        ("C2", f"{number % 13 / 10:4.1f}"),
        ("E4", f"{100 + number % 89:4d}"),
        ("EC", f"{40 + number % 17:4d}"),
        ("F1", f"{number % 97:4d}"),
        ("F3", " 101"),
    )
    body = "".join(code + value for code, value in fields).encode()
    return escape(response(0x24, body)[:-1])


def messages(count: int, per_message: int) -> list[tuple[str, bytes]]:
    """(gateway, payload) of `count` envelopes, spread over the gateways."""
    data = [frame(number) for number in range(1000)]
    per_gateway = count // GATEWAYS
    made = []
    for first in range(1, per_gateway + 1, per_message):
        last = min(first + per_message, per_gateway + 1)
        for index in range(GATEWAYS):
            name = f"bench{index:02d}"
            rows = [
                line(name, stamp(START_MS + seq * 333), 1, seq, data[(seq * 7 + index) % 1000])
                for seq in range(first, last)
            ]
            made.append((name, "\n".join(rows).encode()))
    return made


class Publisher:
    """Sends messages with a bounded number of them unacknowledged by ingest, as gateways do."""

    def __init__(self, port: int, window: int) -> None:
        self.acked = 0
        self._window = window
        self._moved = threading.Condition()
        self._ready = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.max_inflight_messages_set(200)
        self.client.on_connect = lambda client, *_: client.subscribe("neonat/1/+/ack", 1)
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._acknowledged
        self.client.connect(HOST, port)
        self.client.loop_start()
        self._ready.wait(10)

    def _acknowledged(self, _client: Client, _user: object, message: MQTTMessage) -> None:
        ranges, _ = parse_ack(message.payload)
        with self._moved:
            self.acked += sum(last - first + 1 for _, first, last in ranges)
            self._moved.notify()

    def send(self, made: list[tuple[str, bytes]], total: int) -> float:
        """Seconds until the last acknowledgement."""
        begun = time.perf_counter()
        sent = 0
        for name, payload in made:
            with self._moved:
                while sent - self.acked >= self._window:
                    self._moved.wait(60)
            self.client.publish(f"neonat/1/{name}/frames", payload, qos=1)
            sent += payload.count(b"\n") + 1
        with self._moved:
            if not self._moved.wait_for(lambda: self.acked >= total, 120):
                raise SystemExit(f"only {self.acked} of {total} were acknowledged")
        return time.perf_counter() - begun

    def close(self) -> None:
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()


def publish(port: int, total: int, per_message: int) -> None:
    """The publisher's process: prints the seconds."""
    made = messages(total, per_message)
    publisher = Publisher(port, IN_FLIGHT * per_message)
    print("ready", flush=True)
    sys.stdin.readline()
    print(publisher.send(made, total), flush=True)
    publisher.close()


@contextmanager
def embedded(port: int, _folder: Path) -> Iterator[None]:
    """The broker that comes with neonat."""
    child = Child("broker", command(), environment(HOST, port, {}), accepts(HOST, port))
    supervisor = Supervisor([child], threading.Event())
    supervisor.start()
    try:
        yield
    finally:
        supervisor.end()


@contextmanager
def mosquitto(port: int, folder: Path) -> Iterator[None]:
    """Debian's Mosquitto with its own defaults."""
    path = folder / "mosquitto.conf"
    path.write_text(f"listener {port} {HOST}\nallow_anonymous true\nuser root\n")
    child = Child(
        "mosquitto",
        [which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") or "", "-c", str(path)],
        ready=accepts(HOST, port),
    )
    supervisor = Supervisor([child], threading.Event())
    supervisor.start()
    try:
        yield
    finally:
        supervisor.end()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server((HOST, 0)) as found:
        return found.getsockname()[1]


def through(broker: Callable, total: int, per_message: int) -> float:
    """Envelopes a second through a broker and `neonat ingest`."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, port = Path(name), free_port()
        stack.enter_context(broker(port, folder))
        log = stack.enter_context(open(folder / "ingest.log", "w+"))
        words = ("ingest", "--db", f"sqlite:///{folder}/bench.db", "--broker")
        ingest = subprocess.Popen(neonat(*words, f"mqtt://{HOST}:{port}"), stderr=log)
        try:
            while "connected" not in (folder / "ingest.log").read_text():
                time.sleep(0.05)
                if ingest.poll() is not None:
                    raise SystemExit((folder / "ingest.log").read_text())
            seconds = publisher_seconds(port, total, per_message)
        finally:
            ingest.terminate()
            ingest.wait()
        found = sqlite3.connect(folder / "bench.db")
        if found.execute("SELECT count(*) FROM frames").fetchone()[0] != total:
            raise SystemExit("not everything was stored")
        found.close()
        return total / seconds


def publisher_seconds(port: int, total: int, per_message: int) -> float:
    """What the publisher's process measured."""
    words = ["--publish", str(port), "--total", str(total), "--lines", str(per_message)]
    with subprocess.Popen(
        [sys.executable, __file__, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.write("go\n")
        process.stdin.flush()
        return float(process.stdout.readline())


def bare(total: int) -> float:
    """Lines a second from a socket into one row each of SQLite: WAL, synchronous FULL."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server((HOST, 0)) as server:
        sender = threading.Thread(target=_pour, args=(server.getsockname(), total))
        sender.start()
        taker, _ = server.accept()
        database = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE line (id INTEGER PRIMARY KEY, text BLOB)")
        begun = time.perf_counter()
        with taker, taker.makefile("rb") as lines:
            _insert(database, lines)
        seconds = time.perf_counter() - begun
        sender.join()
        database.close()
        return total / seconds


def _pour(address: tuple[str, int], total: int) -> None:
    payload = b"\n".join(payload for _, payload in messages(total, 50)) + b"\n"
    with socket.create_connection(address) as sock:
        sock.sendall(payload)


def _insert(database: sqlite3.Connection, lines: Iterator[bytes]) -> None:
    rows: list[tuple[bytes]] = []
    for text in lines:
        rows.append((text,))
        if len(rows) >= BATCH_ROWS:
            _commit(database, rows)
            rows = []
    _commit(database, rows)


def _commit(database: sqlite3.Connection, rows: list[tuple[bytes]]) -> None:
    database.execute("BEGIN")
    database.executemany("INSERT INTO line (text) VALUES (?)", rows)
    database.execute("COMMIT")


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--total", type=int, default=400_000, help="envelopes (50 a message)")
    parser.add_argument("--lines", type=int, default=50, help=argparse.SUPPRESS)
    parser.add_argument("--publish", type=int, metavar="PORT", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.publish:
        publish(args.publish, args.total, args.lines)
        return
    brokers: list[tuple[str, Callable]] = [("embedded", embedded)]
    if which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin"):
        brokers.append(("mosquitto", mosquitto))
    base = bare(args.total)
    print(f"{'ingest, committed and acknowledged':42}{'envelopes/s':>12}{'of baseline':>13}")
    print(f"{'baseline: bare socket into SQLite':42}{base:12,.0f}{1:13.0%}")
    for name, broker in brokers:
        for lines, total in ((1, args.total // 20), (50, args.total)):
            rate = through(broker, total, lines)
            label = f"{name}, {lines} line{'s' if lines > 1 else ''} a message"
            print(f"{label:42}{rate:12,.0f}{rate / base:13.0%}", flush=True)


if __name__ == "__main__":
    main()
