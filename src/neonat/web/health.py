"""Whether the server takes in and keeps data, and since when not."""

import threading
import time
from typing import Any

from neonat.web.query import stamp
from neonat.web.source import Source, UnavailableError

FRESH_S = 0.5


class Health:
    """The state of store and ingest, asked at most every `FRESH_S`; safe from any thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._asked_at = -FRESH_S
        self._found: dict[str, Any] = {}

    def status(self) -> dict[str, Any]:
        """`ok`, `reason` (None when ok), the parts, how many gateways (None: not known), `now`."""
        with self._lock:
            if time.monotonic() - self._asked_at >= FRESH_S:
                self._found = self._ask()
                self._asked_at = time.monotonic()
            return {"now": now_stamp(), **self._found}

    def _ask(self) -> dict[str, Any]:
        try:
            self._source.ask(lambda store: store.check())
            gateways = len(self._source.ask(lambda store: store.gateways()))
        except UnavailableError as error:
            return _status(f"store: {error}", store=str(error), ingest="unknown")
        return _status(None, store="ok", ingest="ok", gateways=gateways)


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def now_stamp() -> str | None:
    """UTC now as text."""
    return stamp(now_ms())


def _status(
    reason: str | None, store: str, ingest: str, gateways: int | None = None
) -> dict[str, Any]:
    return {
        "ok": reason is None,
        "reason": reason,
        "store": store,
        "ingest": ingest,
        "gateways": gateways,
    }
