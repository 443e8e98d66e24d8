"""Whether the server takes in and keeps data, and why not."""

import threading
import time
from typing import Any, NamedTuple

from neonat.store import Row, Store
from neonat.web.query import stamp
from neonat.web.source import Source, UnavailableError

ASK_S = 0.5
SILENT_MS = 5000
# What can be wrong, in the order in which it is looked for; the page has words for each.
CODES = (
    "store_failing",
    "ingest_new",
    "ingest_stopped",
    "ingest_silent",
    "ingest_failing",
    "broker_lost",
)


class Trouble(NamedTuple):
    """Why something does not work: one of `CODES`, and one line that says it."""

    code: str
    text: str


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
        """`now`, `ok`, `code` and `reason` (None when ok), the parts, how many gateways.

        None gateways: not known.
        """
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
            return _status(str(error), Trouble("", "not known"), None)
        trouble = self._trouble(self._report)
        return _status(None, trouble, gateways)

    def _trouble(self, report: Row | None) -> Trouble | None:
        if report is None:
            text = "ingest has not run on this database yet; start neonat serve or neonat ingest"
            return Trouble("ingest_new", text)
        if not report.get("running"):
            text = "ingest is stopped; start neonat serve or neonat ingest"
            return Trouble("ingest_stopped", text)
        if not self._fresh(report.get("at")):
            return Trouble("ingest_silent", "ingest does not report any more; see its log")
        if report.get("failure"):
            return Trouble("ingest_failing", f"ingest cannot store: {report['failure']}")
        if not report.get("connected"):
            text = f"ingest has no connection to the broker {report.get('broker', '')}".rstrip()
            return Trouble("broker_lost", text)
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


def _status(store: str | None, ingest: Trouble | None, gateways: int | None) -> dict[str, Any]:
    trouble = Trouble("store_failing", f"store: {store}") if store else ingest
    return {
        "ok": trouble is None,
        "code": trouble and trouble.code,
        "reason": trouble and trouble.text,
        "store": store or "ok",
        "ingest": ingest.text if ingest else "ok",
        "gateways": gateways,
    }
