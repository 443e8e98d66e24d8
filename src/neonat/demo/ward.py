"""The six incubators of the demonstration, and where they were in the weeks before."""

from typing import NamedTuple

from neonat.store import Store, assignments

DAY_MS = 86_400_000
# Another newborn was in the incubator of bed 3, at another bed, until so many days ago.
MOVED_DAYS = 6


class Bed(NamedTuple):
    """One incubator: its gateway, where it stands, which device it is and what is wrong with it.

    `seed` makes its values; `faults` are the simulator's, with rates.
    """

    gateway: str
    bed: str
    room: str
    inventory: str
    patient: str
    seed: int
    device: str = "tn500"
    faults: tuple[str, ...] = ()


BEDS = (
    Bed("demo", "1", "A", "BL-0041", "P-101", 0),
    Bed("demo-2", "2", "A", "BL-0042", "P-102", 1),
    Bed("demo-3", "3", "A", "BL-0043", "P-103", 2),
    Bed("demo-4", "4", "B", "BL-0044", "P-104", 3),
    Bed("demo-5", "5", "B", "IS-0007", "P-105", 4, "isolette"),
    Bed(
        *("demo-6", "6", "B", "BL-0046", "P-106", 5),
        faults=("flip=0.02", "lose=0.01", "unknown=0.003", "silence=0.004", "restart=0.001"),
    ),
)


def seat(store: Store, now: int, days: int) -> None:
    """Name the beds from `days` days before `now` (UTC ms) on; nothing where any is named."""
    if store.read(lambda ask: assignments.find(ask, {}, limit=1)):
        return
    for bed in BEDS:
        start = now - days * DAY_MS
        names = {"room": bed.room, "device": bed.inventory}
        if bed.bed == "3" and days > MOVED_DAYS:
            moved = now - MOVED_DAYS * DAY_MS
            before = {"bed": "7", "patient": "P-099", "start": start, "until": moved}
            _name(store, {"gateway": bed.gateway, **names, **before})
            start = moved
        present = {"bed": bed.bed, "patient": bed.patient, "start": start, "until": None}
        _name(store, {"gateway": bed.gateway, **names, **present})


def _name(store: Store, row: dict) -> None:
    store.change(lambda base: assignments.add(base, row))
