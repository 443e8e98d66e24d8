"""The browser's side of the live stream: events with the moment at which they arrived."""

import contextlib
import http.client
import json
import threading
import time
from typing import Any, NamedTuple

from system.proxy import HOST


class Event(NamedTuple):
    """One server-sent event; `arrived` is Unix time in ms."""

    arrived: float
    kind: str
    data: dict[str, Any]


class Stream:
    """Listens to `/api/v1/stream` until closed; `events` grows."""

    def __init__(self, port: int) -> None:
        self.events: list[Event] = []
        self._connection = http.client.HTTPConnection(HOST, port, timeout=30)
        self._connection.request("GET", "/api/v1/stream")
        self._response = self._connection.getresponse()
        assert self._response.status == 200
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        kind = ""
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
            while line := self._response.readline():
                arrived = time.time_ns() / 1_000_000
                word, _, rest = line.decode().rstrip("\n").partition(": ")
                if word == "event":
                    kind = rest
                elif word == "data":
                    self.events.append(Event(arrived, kind, json.loads(rest)))

    def close(self) -> None:
        sock = self._connection.sock
        if sock is not None:
            sock.close()
