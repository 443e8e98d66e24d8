"""What the store holds, as the JSON of the HTTP interface."""

from typing import Any

from neonat.store import Row, Store
from neonat.web.health import now_ms
from neonat.web.query import stamp

# The parts of a tile that age, and the requests they come from.
_PARTS = {
    "measured": ("24",),
    "alarms_seen": ("27", "2E"),
    "settings_seen": ("29",),
    "texts_seen": ("2A",),
}


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
    """When the incubator last answered for a part of a tile: the oldest of those it answers."""
    answers = row["answers"]
    given = [answers[request] for request in _PARTS[part] if answers.get(request)]
    return min(given, key=lambda answer: answer["at"] or "", default=None)


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
