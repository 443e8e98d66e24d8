"""From the last byte on the line to the event in the browser's stream, through the whole chain.

Simulator, gateway, broker, ingest, SQLite and page run as processes of their own on this machine.
Beside it, in the same run, the baseline: a round trip over loopback TCP plus a durable commit of
one row into SQLite.
"""

import argparse
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from system.chain import Chain
from system.compare import unix_ms
from system.stream import Stream
from table import Table
from waiting import wait_for

PERIOD_MS = 350
SLACK_MS = 5


def baseline(count: int) -> list[float]:
    """Milliseconds of an echo over TCP and a commit with fsync, `count` times."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        database = sqlite3.connect(Path(folder) / "baseline.db", isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE line (id INTEGER PRIMARY KEY, text BLOB)")
        took = []
        with socket.create_connection(server.getsockname()) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(count):
                begun = time.perf_counter()
                peer.sendall(b"x" * 100)
                database.execute("INSERT INTO line (text) VALUES (?)", (peer.recv(100),))
                took.append((time.perf_counter() - begun) * 1000)
                time.sleep(0.005)
        database.close()
        return took


def _echo(server: socket.socket) -> None:
    peer, _ = server.accept()
    with peer:
        while data := peer.recv(100):
            peer.sendall(data)


def latencies(broker: str, micropython: bool, count: int) -> list[float]:
    """Milliseconds for each of `count` frames with measured data."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Chain(folder, broker, micropython, plan={"24": PERIOD_MS}) as chain:
            chain.await_first()
            stream = Stream(chain.start_web())
            wait_for(lambda: len(stream.events) >= 10, 60, "live events")
            begun = len(stream.events)
            need = begun + count
            wait_for(lambda: len(stream.events) >= need, count * PERIOD_MS / 250 + 60, "frames")
            stream.close()
            sent = [line["at"] for line in chain.log() if line.get("raw", "").startswith("\\x01$")]
            return matched(sent, stream.events[begun:])


def matched(sent: list[int], events: list) -> list[float]:
    """Each frame with the first event that shows it: by the gateway's stamp, which lies between."""
    first: dict[int, float] = {}
    for event in events:
        seen = event.data.get("measured") if event.kind == "gateway" else None
        if seen:
            first.setdefault(unix_ms(seen["at"]), event.arrived)
    took = []
    for stamp, arrived in first.items():
        before = [at for at in sent if at <= stamp + SLACK_MS]
        if before and before[-1] > stamp - PERIOD_MS:
            took.append(arrived - before[-1])
    return took


def percentile(values: list[float], part: float) -> float:
    """The value below which `part` of the values lie."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * part))]


def row(table: Table, label: str, values: list[float]) -> None:
    """One line of the table."""
    table.row(label, len(values), percentile(values, 0.5), percentile(values, 0.99), max(values))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300)
    args = parser.parse_args()
    table = Table(
        "latency: ms from the last byte on the line to the browser's event",
        *("frames", "p50", "p99", "max"),
    )
    row(table, "baseline: TCP echo and a durable commit", baseline(args.frames))
    for micropython in (False, True):
        label = "gateway under MicroPython" if micropython else "gateway under CPython"
        row(table, f"{label}, embedded broker", latencies("embedded", micropython, args.frames))


if __name__ == "__main__":
    main()
