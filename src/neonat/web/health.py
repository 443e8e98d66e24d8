"""Whether the server takes in and keeps data, and why not."""

import threading
import time
from typing import Any

from neonat.store import Row, Store
from neonat.web.query import stamp
from neonat.web.source import Source, UnavailableError

ASK_S = 0.5
SILENT_MS = 5000


class Health:
    """The state of store and ingest, asked at most every `ASK_S`; safe from any thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._asked_at = -ASK_S
        self._found: dict[str, Any] = {}
        self._report: Row | None = None
        self._heard: tuple[Any, float] = (None, 0.0)

    def status(self) -> dict[str, Any]:
        """`ok`, `reason` (None when ok), the parts, how many gateways (None: not known), `now`."""
        return self.examine()[0]

    def examine(self) -> tuple[dict[str, Any], Row]:
        """The status, and what ingest said last of itself (empty: nothing)."""
        with self._lock:
            if time.monotonic() - self._asked_at >= ASK_S:
                self._found = self._ask()
                self._asked_at = time.monotonic()
            return {"now": stamp(now_ms()), **self._found}, self._report or {}

    def _ask(self) -> dict[str, Any]:
        self._report = None
        try:
            self._report, gateways = self._source.ask(_look)
        except UnavailableError as error:
            return _status(str(error), "not known", None)
        trouble = self._trouble(self._report)
        return _status(None, trouble, gateways)

    def _trouble(self, report: Row | None) -> str | None:
        if report is None:
            return "ingest has not run on this database yet; start neonat serve or neonat ingest"
        if not report.get("running"):
            return "ingest is stopped; start neonat serve or neonat ingest"
        if not self._fresh(report.get("at")):
            return "ingest does not report any more; see its log"
        if report.get("failure"):
            return f"ingest cannot store: {report['failure']}"
        if not report.get("connected"):
            return f"ingest has no connection to the broker {report.get('broker', '')}".rstrip()
        return None

    def _fresh(self, at: Any) -> bool:
        """Whether a report is new: by its time, or because it differs from the one before.

        The second holds when ingest runs on a machine whose clock is off.
        """
        now = time.monotonic()
        if not isinstance(at, int):
            return False
        before, heard_at = self._heard
        if at != before:
            heard_at = now if before is not None else now - SILENT_MS / 1000
            self._heard = (at, heard_at)
        return abs(now_ms() - at) < SILENT_MS or now - heard_at < SILENT_MS / 1000


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def _look(store: Store) -> tuple[Row | None, int]:
    store.check()
    return store.health(), len(store.gateways())


def _status(store: str | None, ingest: str | None, gateways: int | None) -> dict[str, Any]:
    reason = f"store: {store}" if store else ingest
    return {
        "ok": reason is None,
        "reason": reason,
        "store": store or "ok",
        "ingest": ingest or "ok",
        "gateways": gateways,
    }
