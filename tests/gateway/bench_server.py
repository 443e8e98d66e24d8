"""Real parts for the gateway's tests: Mosquitto, a server that acknowledges, the commands."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from neonat.gateway import envelope
from waiting import free_port, wait_for

MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
MICROPYTHON = Path(sys.executable).parent / "micropython"


class Broker:
    """A Mosquitto on a free port of the loopback; `settings` are more lines of its file."""

    def __init__(self, directory: Path, settings: str = "allow_anonymous true\n", port: int = 0):
        if not MOSQUITTO:
            pytest.skip("mosquitto is not installed")
        self.port = port or free_port()
        self._file = directory / f"mosquitto-{self.port}.conf"
        self._file.write_text(f"listener {self.port} 127.0.0.1\n{settings}")
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(MOSQUITTO), "-c", str(self._file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._listens, what="mosquitto")

    def _listens(self) -> bool:
        import socket

        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()


class Server:
    """Takes envelopes and acknowledges them, as ingest does after its commit."""

    def __init__(self, port: int, gateway: str = "bed-1"):
        self.gateway = gateway
        self.rows: dict[tuple[int, int], tuple[str, str]] = {}
        self.order: list[tuple[int, int]] = []
        self.conflicts: list[tuple[int, int]] = []
        self.states: list[dict] = []
        self.replies: list[dict] = []
        self.refused: list[str] = []
        self.acknowledging = True
        self._lock = threading.Lock()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.reconnect_delay_set(0.1, 0.5)
        self._listens = threading.Event()
        self.client.on_connect = self._connected
        self.client.on_subscribe = lambda *_: self._listens.set()
        self.client.on_message = self._message
        self.client.connect_async("127.0.0.1", port)
        self.client.loop_start()
        assert self._listens.wait(60), "the broker takes no subscription"

    def _connected(self, client, *_) -> None:
        client.subscribe(
            [(f"neonat/1/{self.gateway}/{x}", 1) for x in ("frames", "state", "reply")]
        )

    def _message(self, client, _, message) -> None:
        kind = message.topic.rpartition("/")[2]
        if kind == "state":
            self.states.append(json.loads(message.payload))
        elif kind == "reply":
            self.replies.append(json.loads(message.payload))
        else:
            self._frames(message.payload)

    def _frames(self, payload: bytes) -> None:
        ranges = []
        if len(payload) > envelope.MESSAGE_MAX:
            self.refused.append(f"message of {len(payload)} bytes")
        for text in payload.decode().split("\n"):
            if len(text) > envelope.LINE_MAX:
                self.refused.append(text)
            gateway, time, boot, seq, data = envelope.parse_line(text)
            assert gateway == self.gateway
            with self._lock:
                old = self.rows.get((boot, seq))
                if old is None:
                    self.rows[boot, seq] = (time, data)
                    self.order.append((boot, seq))
                elif old[1] != data:
                    self.conflicts.append((boot, seq))
            ranges.append((boot, seq, seq))
        if self.acknowledging:
            self.acknowledge(ranges)

    def acknowledge(self, ranges: list[tuple[int, int, int]]) -> None:
        self.client.publish(f"neonat/1/{self.gateway}/ack", envelope.ack_lines(ranges), qos=1)

    def command(self, payload: str | bytes | dict) -> None:
        text = json.dumps(payload) if isinstance(payload, dict) else payload
        self.client.publish(f"neonat/1/{self.gateway}/command", text, qos=1)

    def data(self) -> list[str]:
        """What was stored, in order of boot and seq."""
        with self._lock:
            return [self.rows[key][1] for key in sorted(self.rows)]

    def boots(self) -> set[int]:
        """Every boot that has sent something."""
        with self._lock:
            return {boot for boot, _ in self.rows}

    def frames(self) -> list[str]:
        return [data for data in self.data() if not data.startswith("!")]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Command:
    """A `neonat` command as a process; its stderr goes to a file."""

    def __init__(self, log: Path, *words: str, **environment: str):
        self.log = log
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "neonat", *words],
                stderr=file,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **environment},
            )

    def text(self) -> str:
        return self.log.read_text()

    def terminate(self) -> int:
        """SIGTERM, then its exit code."""
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


@contextlib.contextmanager
def incubator(directory: Path, *words: str) -> Iterator[str]:
    """`neonat simulate` on a pseudo-terminal; the path of its link."""
    link = directory / "incubator"
    with Command(
        directory / "incubator.log", "simulate", "--pty", str(link), "--seed", "1", *words
    ):
        wait_for(link.exists, what="the simulator's pty")
        yield str(link)


def gateway(directory: Path, port: int, serial: str, *words: str, **environment: str) -> Command:
    """`neonat gateway` for bed-1."""
    return Command(
        directory / "gateway.log",
        *("gateway", "--id", "bed-1", "--serial", serial, "--broker", f"mqtt://127.0.0.1:{port}"),
        *("--spool", str(directory / "spool"), *words),
        **environment,
    )
