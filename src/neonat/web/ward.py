"""The ward at a glance: a tile for each gateway, from the newest of everything."""

import threading
import time
from datetime import datetime
from functools import partial
from typing import Any

from neonat.store import Row, Store, assignments
from neonat.web import facts
from neonat.web.health import Health, now_ms
from neonat.web.priority import LEVELS, level_of, number_of
from neonat.web.query import CHANGE_MAX, stamp

STALE_MS = 10_000
# More records than this in a gateway's spool, and the server is behind: half a minute of them
# where one comes a second. The page has the same limit (live/staleness.ts).
BACKLOG = 30
# How long the tiles of all may be shown to others who ask.
KEPT_S = 0.5

_SETTING = "_setting"


class Ward:
    """Tiles of all gateways, worked out at most every `KEPT_S`; safe from any thread."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._lock = threading.Lock()
        self._at = -KEPT_S
        self._tiles: list[Row] = []
        self._change = 0

    def tiles(self, store: Store) -> tuple[list[Row], int]:
        """The tiles by name of the gateway, and the change behind which the stream goes on."""
        with self._lock:
            if time.monotonic() - self._at >= KEPT_S:
                self._change = store.changes(CHANGE_MAX)[0]
                ok = self._health.status()["ok"]
                now = now_ms()
                rows = store.latest_of_all()
                named = store.read(partial(assignments.at_a_time, at=now))
                self._tiles = [tile(row, named.get(row["gateway"]), ok, now) for row in rows]
                self._at = time.monotonic()
            return self._tiles, self._change

    def told(self, store: Store, gateway: str) -> dict[str, Any] | None:
        """What the stream says of a gateway: `facts.latest`, and its tile."""
        latest = facts.latest(store, gateway)
        if latest is None:
            return None
        now = now_ms()
        named = store.read(partial(assignments.at_a_time, at=now, gateway=gateway))
        ok = self._health.status()["ok"]
        return {**latest, "tile": tile(latest, named.get(gateway), ok, now)}


def tile(row: Row, assignment: Row | None, server_ok: bool, now: int) -> Row:
    """What a tile shows of `store.latest`; `now` in ms."""
    state = row["state"] if isinstance(row["state"], dict) else {}
    spool = state.get("spool")
    waiting = spool.get("records") if isinstance(spool, dict) else None
    measured = facts.seen(row, "measured")
    # A gateway whose clock runs ahead would look fresh for as long as it does.
    heard = [] if measured is None else [measured["at"], measured["received_at"]]
    measured_at = min(filter(None, heard), default=None)
    made = {
        "gateway": row["gateway"],
        "assignment": named(assignment),
        "device": row["device"] if isinstance(row["device"], dict) else None,
        "online": row["online"],
        "link": state.get("link") if isinstance(state.get("link"), str) else None,
        "waiting": waiting if isinstance(waiting, int) else None,
        "clock": row["clock"],
        "at": row["at"],
        "received_at": row["received_at"],
        "measured_at": measured_at,
        "values": {
            one["name"]: {key: one[key] for key in ("value", "unit", "raw")}
            for one in row["readings"]
            if one["name"]
        },
        "set_points": {
            one["name"].removesuffix(_SETTING): {key: one[key] for key in ("value", "unit")}
            for one in row["settings"]
            if one["name"]
        },
        "limits": _limits(row["limits"]),
        "modes": [{key: one[key] for key in ("code", "name", "text")} for one in row["texts"]],
        "alarms": by_priority(row["alarms"]),
    }
    levels = {alarm["level"] for alarm in made["alarms"]}
    made["level"] = next((level for level in LEVELS if level in levels), None)
    made["stale"] = _stale(made, server_ok, now)
    return made


def named(assignment: Row | None) -> Row | None:
    """An assignment as JSON."""
    if assignment is None:
        return None
    return {
        **{key: assignment[key] for key in ("id", "gateway", *assignments.NAMES)},
        "from": stamp(assignment["start"]),
        "until": stamp(assignment["until"]),
    }


def by_priority(alarms: list[Row]) -> list[Row]:
    """Alarms with their level, the highest first."""
    keys = ("code", "codepage", "priority", "phrase", "name", "started_at", "last_seen_at")
    made = [
        {**{key: alarm[key] for key in keys}, "level": level_of(alarm["priority"])}
        for alarm in alarms
    ]
    return sorted(made, key=lambda one: (-number_of(one["priority"]), one["phrase"] or ""))


def _limits(rows: list[Row]) -> Row:
    made: Row = {}
    for one in rows:
        if one["name"] and one["side"] in ("low", "high"):
            made.setdefault(one["name"], {"low": None, "high": None})[one["side"]] = one["value"]
    return made


def _stale(one: Row, server_ok: bool, now: int) -> Row | None:
    since = one["measured_at"]
    if since is not None and now - _ms(since) < STALE_MS:
        return None
    return {"since": since, "reason": _reason(one, server_ok)}


def _reason(one: Row, server_ok: bool) -> str:
    if not server_ok:
        return "server_behind"
    if one["online"] is False:
        return "gateway_off"
    if one["link"] == "down":
        return "line_down"
    if (one["waiting"] or 0) > BACKLOG:
        return "server_behind"
    if one["link"] in ("connecting", "up"):
        return "device_off"
    return "unknown"


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
