"""A real server on a real database, fed as ingest feeds it."""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medibus.frame import response
from neonat.ingest.reading import FrameReader
from neonat.store import Record, State, open_store
from neonat.web.options import Options
from neonat.web.server import serve
from waiting import wait_for

MEASURED = b"6530.86631.66C 18 6D33.36E   0C2 0.8E4 183EC  53F1   4F3 101"
IDENTITY = b"5700'Babyleo TN500'01.06:06.00"
STATE = {
    "online": True,
    "version": "0.1.0",
    "boot": 1,
    "uptime_s": 60,
    "clock": "ntp",
    "link": "up",
    "line": {"baud": 38400, "parity": "odd"},
    "device": {"id": "5700", "name": "Babyleo TN500", "revision": "01.06:06.00"},
    "spool": {"records": 0, "bytes": 0, "oldest": None},
    "errors": {"checksum": 0, "timeout": 0},
    "heap_free": 71234,
}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Ward:
    """A database and what is written into it."""

    def __init__(self, place: Path | str) -> None:
        self.url = f"sqlite:///{place}" if isinstance(place, Path) else place
        self.reader = FrameReader()
        self.store = open_store(self.url, reader=self.reader)
        self.boot = 1
        self.seq: dict[str, int] = {}
        self.said: dict[str, Any] = {}
        self._saying = threading.Lock()

    def records(
        self, gateway: str, *frames: tuple[int, bytes], ago: int = 0, ahead: int = 0
    ) -> list[Record]:
        received = now_ms() - ago
        at = received + ahead
        made = []
        for code, data in frames:
            self.seq[gateway] = seq = self.seq.get(gateway, 0) + 1
            raw = response(code, data)[:-1]
            shape, body = self.reader.split(raw)
            made.append(Record(gateway, self.boot, seq, at, None, received, shape, body, raw))
        return made

    def feed(self, gateway: str, *frames: tuple[int, bytes], ago: int = 0, ahead: int = 0) -> None:
        self.store.write(self.records(gateway, *frames, ago=ago, ahead=ahead))

    def usual(self, gateway: str, air: bytes = b"33.3", ago: int = 0) -> None:
        """One round of all requests, as the recorded incubator answers."""
        self.feed(
            gateway,
            (0x52, IDENTITY),
            (0x24, MEASURED.replace(b"6D33.3", b"6D" + air)),
            (0x27, b""),
            (0x2E, b""),
            (0x29, b"1A 32.5"),
            (0x2A, b"13" + bytes([0x30 + 8]) + b"Air Mode\x03"),
            ago=ago,
        )

    def state(self, gateway: str, **changes: Any) -> None:
        self.store.write([], states=[State(gateway, now_ms(), json.dumps({**STATE, **changes}))])

    @contextlib.contextmanager
    def reporting(self) -> Iterator[None]:
        """Repeat what `health` said last as ingest does: what is old is not believed."""
        stop = threading.Event()

        def report() -> None:
            while not stop.wait(1):
                with self._saying:
                    self._say()

        self.health()
        thread = threading.Thread(target=report, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def health(self, **changes: Any) -> None:
        with self._saying:
            self.said = changes
            self._say()

    def _say(self) -> None:
        said = {
            "at": now_ms(),
            "running": True,
            "started_at": now_ms(),
            "broker": "mqtt://127.0.0.1:1883",
            "connected": True,
            "envelopes": 12,
            "stored": 10,
            "repeated": 2,
            "refused": {'odd"one\\\n': 3},
            "commits": 4,
            "waiting": 0,
            "let_go": 0,
            "last_commit_at": now_ms(),
            "failure": None,
        }
        self.store.set_health({**said, **self.said})


class Site:
    """A running server."""

    def __init__(self, db_url: str, port: int = 0, **options: Any) -> None:
        self.stop_event = threading.Event()
        self.address = ""
        self.thread = threading.Thread(
            target=serve,
            args=(Options(db_url, **options), "127.0.0.1", port, self.stop_event, self._ready),
            daemon=True,
        )
        self.thread.start()
        wait_for(lambda: self.address, what="the web server")
        self.port = int(self.address.rstrip("/").rpartition(":")[2])

    def _ready(self, address: str) -> None:
        self.address = address

    def stop(self) -> None:
        self.stop_event.set()
        self.thread.join(60)
        assert not self.thread.is_alive(), "the server did not stop"

    def request(
        self,
        path: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: Any = None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = None if body is None else json.dumps(body).encode()
            given = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, sent, {**given, **(headers or {})})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def json(self, path: str) -> Any:
        return json.loads(self.request(path)[1])

    def listen(self, last: int | None = None) -> "Listener":
        return Listener(self.port, last)


class Listener:
    """One client of the stream."""

    def __init__(self, port: int, last: int | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        self.connection.request("GET", "/api/v1/stream", headers=headers)
        self.answer = self.connection.getresponse()
        self.last = last or 0

    def next(self) -> dict[str, Any]:
        """The next event or comment: `event`, `id`, `data`, `comment`."""
        block: dict[str, Any] = {}
        while True:
            line = self.answer.readline()
            if not line:
                raise EOFError
            if line == b"\n":
                if set(block) - {"retry"}:
                    break
                block = {}
                continue
            key, _, value = line.decode().rstrip("\n").partition(":")
            block[key or "comment"] = value.strip()
        if "data" in block:
            block["data"] = json.loads(block["data"])
        self.last = int(block.get("id", self.last))
        return block

    def gateway(self) -> dict[str, Any]:
        """The next event of a gateway."""
        while True:
            block = self.next()
            if block.get("event") == "gateway":
                return block

    def close(self) -> None:
        self.answer.close()
        self.connection.close()
