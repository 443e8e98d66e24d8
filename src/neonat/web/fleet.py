"""How the gateways do: what they say of themselves, restarts and coverage of a day."""

import json
import threading
import time
from functools import partial
from typing import Any

from neonat.store import Row, Store, assignments
from neonat.store.queries import Queries
from neonat.web import timeline
from neonat.web.health import now_ms
from neonat.web.query import stamp
from neonat.web.ward import named

# How long a coverage is shown, and how long one request works on new ones.
KEPT_S = 60.0
WORK_S = 0.7
MINUTE_MS = 60_000


class Fleet:
    """Facts on all gateways; coverages are worked out a few at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._coverage: dict[tuple[str, int], tuple[float, float | None]] = {}

    def look(self, store: Store, midnight: int) -> list[Row]:
        """A row for each gateway; days begin at `midnight` (ms)."""
        now = now_ms()
        names = store.read(partial(assignments.at_a_time, at=now))
        restarts = store.read(partial(_restarts, since=midnight))
        coverage = self._covered(store, [row["gateway"] for row in restarts], midnight, now)
        return [
            {
                "gateway": row["gateway"],
                "assignment": named(names.get(row["gateway"])),
                "online": None if row["online"] is None else bool(row["online"]),
                "state": row["state"],
                "state_at": stamp(row["state_at"]),
                "boot": row["boot"],
                "restarts_today": row["restarts"],
                "coverage_today": coverage.get(row["gateway"]),
            }
            for row in restarts
        ]

    def _covered(
        self, store: Store, gateways: list[str], midnight: int, now: int
    ) -> dict[str, float | None]:
        with self._lock:
            began = time.monotonic()
            kept = {
                key: one
                for key, one in self._coverage.items()
                if key[1] == midnight and key[0] in gateways
            }
            fresh = {key for key, one in kept.items() if began - one[0] < KEPT_S}
            # What was never worked out comes before what is old.
            due = [name for name in gateways if (name, midnight) not in kept]
            due += [name for name in gateways if (name, midnight) in kept.keys() - fresh]
            for name in due:
                if time.monotonic() - began > WORK_S:
                    break
                kept[name, midnight] = (time.monotonic(), coverage(store, name, midnight, now))
            self._coverage = kept
            return {name: value for (name, _), (_, value) in kept.items()}


def coverage(store: Store, gateway: str, start: int, end: int) -> float | None:
    """How much of the minutes of [start, end) has something measured in it, 0 to 1.

    Counted from the first sight of a gateway on; None where no minute is over yet.
    """
    start = max(start, timeline.first_seen(store, gateway) or end) // MINUTE_MS * MINUTE_MS
    minutes = (end - start) // MINUTE_MS
    if minutes < 1:
        return None
    _, full = timeline.filled(store, gateway, start, start + minutes * MINUTE_MS)
    heard = {at // MINUTE_MS for at in full}
    wanted = range(start // MINUTE_MS, start // MINUTE_MS + minutes)
    return round(sum(minute in heard for minute in wanted) / minutes, 4)


def _restarts(ask: Queries, since: int) -> list[dict[str, Any]]:
    rows = ask.rows_of(
        "SELECT g.name AS gateway, g.online AS online, g.state AS state, g.state_at AS state_at,"
        " max(r.boot) AS boot,"
        " sum(CASE WHEN r.boot > 0 AND coalesce(r.boot_at, r.base_at) >= ? THEN 1 ELSE 0 END)"
        " AS restarts FROM gateway g LEFT JOIN run r ON r.gateway = g.id"
        " GROUP BY g.id, g.name, g.online, g.state, g.state_at ORDER BY g.name",
        (since,),
    )
    return [{**row, "state": json.loads(row["state"]) if row["state"] else None} for row in rows]
