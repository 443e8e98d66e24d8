"""What the store holds, as the JSON of the HTTP interface."""

from typing import Any

from neonat.store import Row, Store
from neonat.web.health import now_ms
from neonat.web.query import stamp


def knows(store: Store, gateway: str) -> bool:
    """Whether a gateway of this name has been seen."""
    return any(row["gateway"] == gateway for row in store.gateways())


def gateways(store: Store) -> list[Row]:
    """All gateways ever seen."""
    return store.gateways()


def latest(store: Store, gateway: str) -> dict[str, Any] | None:
    """All that is known of one gateway now; None when it is not known."""
    row = store.latest(gateway)
    return None if row is None else {"now": stamp(now_ms()), **row}


def readings(
    store: Store, gateway: str, name: str | None, start: int | None, end: int | None, limit: int
) -> list[Row]:
    """The newest `limit` readings of [start, end), oldest first."""
    return store.readings(gateway, name, start, end, limit)


def alarms(store: Store, gateway: str, start: int | None, end: int | None, limit: int) -> list[Row]:
    """Alarm episodes that touch [start, end), newest first."""
    return store.alarms(gateway, start, end, limit)


def gaps(store: Store, gateway: str, limit: int) -> list[Row]:
    """Holes in the numbers, and why."""
    return store.gaps(gateway, limit)
