"""What the store holds, as the JSON of the HTTP interface."""

from typing import Any

from neonat.store import Row, Store
from neonat.web.health import Health, now_stamp
from neonat.web.hub import Hub
from neonat.web.metrics import Family
from neonat.web.source import Source


def knows(store: Store, gateway: str) -> bool:
    """Whether a gateway of this name has been seen."""
    return any(row["gateway"] == gateway for row in store.gateways())


def gateways(store: Store) -> list[Row]:
    """All gateways ever seen."""
    return store.gateways()


def latest(store: Store, gateway: str) -> dict[str, Any] | None:
    """All that is known of one gateway now; None when it is not known."""
    row = store.latest(gateway)
    return None if row is None else {"now": now_stamp(), **row}


def readings(
    store: Store, gateway: str, name: str | None, start: int | None, end: int | None, limit: int
) -> list[Row]:
    """Readings, oldest first."""
    return store.readings(gateway, name, start, end, limit)


def alarms(store: Store, gateway: str, start: int | None, end: int | None, limit: int) -> list[Row]:
    """Alarm episodes, newest first."""
    return store.alarms(gateway, limit)


def gaps(store: Store, gateway: str, limit: int) -> list[Row]:
    """Holes, and why."""
    return store.gaps(gateway)[:limit]


def metrics(source: Source, health: Health, hub: Hub) -> list[Family]:
    """The numbers that matter."""
    status = health.status()
    return [
        Family("neonat_up", "gauge", "1 when ingest and store work.", [({}, int(status["ok"]))]),
    ]
