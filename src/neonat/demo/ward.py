"""The six incubators of the demonstration."""

from typing import NamedTuple


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
        faults=("flip=0.02", "lose=0.01", "unknown=0.05", "silence=0.004", "restart=0.001"),
    ),
)
