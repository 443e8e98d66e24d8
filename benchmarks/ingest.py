"""Envelopes a second committed and acknowledged, through a real broker into SQLite.

The clock stops when the last acknowledgement has come back to the publisher. Beside it, in the
same run, the machine's own baseline: a bare loop that takes the same lines from a socket and puts
one row a line into SQLite with the same durability. Publisher, broker and ingest share the machine.
"""

import argparse
import select
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from brokers import MOSQUITTO, Broker
from medibus.escape import escape
from medibus.frame import response
from neonat.cli.serve import neonat
from neonat.gateway.envelope import line, parse_ack, stamp
from table import Table, times

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
    """Sends QoS 1 messages as fast as they are acknowledged by ingest, `window` of them waiting.

    Packets are made beforehand and the socket is served by hand: an MQTT client in Python would
    take more of the machine than what is measured.
    """

    def __init__(self, port: int, window: int) -> None:
        self._window = window
        self._acked = 0
        self._ahead = b""
        self._replies: list[bytes] = []
        self._sock = socket.create_connection((HOST, port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.sendall(_packet(0x10, _text("MQTT") + b"\x04\x02\x02\x58" + _text("bench")))
        self._await(0x20)
        self._sock.sendall(_packet(0x82, b"\0\1" + _text("neonat/1/+/ack") + b"\1"))
        self._await(0x90)

    def send(self, made: list[tuple[str, bytes]], total: int) -> float:
        """Seconds until the last acknowledgement."""
        packets = [
            _publish(name, payload, 1 + at % 65535) for at, (name, payload) in enumerate(made)
        ]
        lines = [payload.count(b"\n") + 1 for _, payload in made]
        begun = time.perf_counter()
        at = sent = 0
        while self._acked < total:
            burst = []
            while at < len(packets) and sent - self._acked < self._window and len(burst) < 50:
                burst.append(packets[at])
                sent += lines[at]
                at += 1
            replies, self._replies = self._replies, []
            if burst or replies:
                self._sock.sendall(b"".join(replies + burst))
            self._receive(0 if at < len(packets) and sent - self._acked < self._window else 30)
        return time.perf_counter() - begun

    def close(self) -> None:
        """Disconnect."""
        self._sock.sendall(b"\xe0\0")
        self._sock.close()

    def _await(self, kind: int) -> None:
        while kind not in self._receive(10):
            pass

    def _receive(self, wait: float) -> list[int]:
        """Serve what has come within `wait` s; the kinds of packets."""
        if not select.select([self._sock], [], [], wait)[0]:
            if wait:
                raise SystemExit(f"nothing came for {wait} s, {self._acked} acknowledged")
            return []
        chunk = self._sock.recv(1 << 18)
        if hasattr(socket, "TCP_QUICKACK"):
            # rumqttd's small packets wait for the kernel's acknowledgement, which else is late.
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if not chunk:
            raise SystemExit("the broker closed the connection")
        kinds = []
        self._ahead += chunk
        while (cut := _cut(self._ahead)) is not None:
            kind, body, size = cut
            self._ahead = self._ahead[size:]
            kinds.append(kind & 0xF0)
            if kind & 0xF0 == 0x30:
                self._acknowledged(kind, body)
        return kinds

    def _acknowledged(self, kind: int, body: bytes) -> None:
        start = 2 + int.from_bytes(body[:2], "big")
        if kind & 6:
            self._replies.append(b"\x40\2" + body[start : start + 2])
            start += 2
        self._acked += sum(last - first + 1 for _, first, last in parse_ack(body[start:])[0])


def _text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def _packet(kind: int, body: bytes) -> bytes:
    size = len(body)
    head = bytearray([kind])
    while size > 127:
        head.append(size % 128 | 128)
        size //= 128
    head.append(size)
    return bytes(head) + body


def _publish(name: str, payload: bytes, ident: int) -> bytes:
    return _packet(0x32, _text(f"neonat/1/{name}/frames") + ident.to_bytes(2, "big") + payload)


def _cut(data: bytes) -> tuple[int, bytes, int] | None:
    """The first packet of `data`: kind, body, bytes in all; None when it is not whole."""
    size = 0
    for at in range(1, min(len(data), 5)):
        size |= (data[at] & 127) << 7 * (at - 1)
        if data[at] < 128:
            end = at + 1 + size
            return (data[0], data[at + 1 : end], end) if len(data) >= end else None
    return None


def publish(port: int, total: int, per_message: int) -> None:
    """The publisher's process: prints the seconds."""
    made = messages(total, per_message)
    publisher = Publisher(port, IN_FLIGHT * per_message)
    print("ready", flush=True)
    sys.stdin.readline()
    print(publisher.send(made, total), flush=True)
    publisher.close()


def through(kind: str, total: int, per_message: int) -> float:
    """Envelopes a second through a broker and `neonat ingest`."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        broker = Broker(kind, folder).start()
        stack.callback(broker.kill)
        log = stack.enter_context(open(folder / "ingest.log", "w+"))
        words = ("ingest", "--db", f"sqlite:///{folder}/bench.db", "--broker")
        ingest = subprocess.Popen(neonat(*words, broker.url), stderr=log)
        try:
            while "connected" not in (folder / "ingest.log").read_text():
                time.sleep(0.05)
                if ingest.poll() is not None:
                    raise SystemExit((folder / "ingest.log").read_text())
            seconds = publisher_seconds(broker.port, total, per_message)
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
    base = bare(args.total)
    table = Table(
        "ingest: envelopes/s committed and acknowledged through a broker",
        *("envelopes/s", "to baseline"),
    )
    table.row("baseline: bare socket into SQLite", round(base), times(base, base))
    for kind in ("embedded", "mosquitto") if MOSQUITTO else ("embedded",):
        for lines, total in ((1, args.total // 20), (50, args.total)):
            rate = through(kind, total, lines)
            label = f"{kind}, {lines} line{'s' if lines > 1 else ''} a message"
            table.row(label, round(rate), times(rate, base))


if __name__ == "__main__":
    main()
