"""What the store holds, as the JSON of the HTTP interface."""

from datetime import datetime
from typing import Any

from neonat.store import Row, Store
from neonat.web.health import now_ms
from neonat.web.query import stamp

# The parts of a tile that age, the requests they come from and where their items are.
_PARTS = {
    "measured": (("24",), "readings"),
    "alarms_seen": (("27", "2E"), "alarms"),
    "settings_seen": (("29",), "settings"),
    "texts_seen": (("2A",), "texts"),
}


def _received(at: str, newest_at: str | None, newest_received: str | None) -> str | None:
    """When a frame came in that is stamped `at` by a clock that runs ahead, else None.

    Such a gateway's values would otherwise look fresh for as long as its clock is ahead.
    """
    try:
        lead = datetime.fromisoformat(newest_at or "") - datetime.fromisoformat(
            newest_received or ""
        )
        came = datetime.fromisoformat(at) - lead
    except (ValueError, OverflowError):
        return None
    return stamp(round(came.timestamp() * 1000)) if lead.total_seconds() > 0 else None


def knows(store: Store, gateway: str) -> bool:
    """Whether a gateway of this name has been seen."""
    return store.read(lambda ask: ask.knows(gateway))


def gateways(store: Store) -> list[Row]:
    """All gateways ever seen."""
    return store.gateways()


def latest(store: Store, gateway: str) -> dict[str, Any] | None:
    """All that is known of one gateway now; None when it is not known."""
    row = store.latest(gateway)
    if row is None:
        return None
    return {"now": stamp(now_ms()), **row, **{part: seen(row, part) for part in _PARTS}}


def seen(row: Row, part: str) -> dict[str, Any] | None:
    """When the incubator last answered for a part of a tile; the oldest of those that it answers.

    Without the store's word on answers, by the items in them: an empty answer then counts as
    old as the newest frame.
    """
    requests, kind = _PARTS[part]
    answers = row.get("answers")
    if isinstance(answers, dict):
        given = [answers[request] for request in requests if answers.get(request)]
        return min(given, key=lambda answer: answer["at"] or "", default=None)
    stamps = [item["at"] for item in row[kind] if item.get("at")]
    if stamps:
        newest = max(stamps)
        return {"at": newest, "received_at": _received(newest, row["at"], row["received_at"])}
    return None if kind == "readings" else {"at": row["at"], "received_at": row["received_at"]}


def history(
    store: Store, gateway: str, names: list[str], start: int, end: int, points: int
) -> dict[str, Any]:
    """Readings by name in [start, end), summed up: columns of numbers, times in ms of UTC."""
    found = store.history(gateway, names, start, end, points)
    return {
        "step_ms": found.step,
        "signals": {
            name: {
                "unit": signal.unit,
                "t": [point.at for point in signal.points],
                "count": [point.n for point in signal.points],
                "min": [point.low for point in signal.points],
                "mean": [round(point.mean, 4) for point in signal.points],
                "max": [point.high for point in signal.points],
            }
            for name, signal in found.signals.items()
        },
    }
