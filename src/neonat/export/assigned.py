"""Rows of what was recorded under a name: a bed, a room, a device, a patient, an assignment."""

from collections.abc import Iterator, Mapping
from functools import partial

from neonat.store import Row, Store, StoreError, assignments

# Views whose rows last: one may touch two spans of the same name.
_LASTING = ("alarms", "settings", "texts")

# (gateway, from, to) in ms
Span = tuple[str, int, int]


def spans(
    store: Store, wanted: Mapping[str, str], number: int | None, start: int | None, end: int | None
) -> list[Span]:
    """Where and when something had the name, by gateway and time; StoreError when never.

    Spans that follow each other at one gateway are one.
    """
    found = store.read(partial(assignments.find, wanted=wanted, start=start, end=end))
    if number is not None:
        found = [row for row in found if row["id"] == number]
    if not found:
        asked = [f"{name} {value}" for name, value in wanted.items()]
        asked += [] if number is None else [f"assignment {number}"]
        raise StoreError(f"nothing was assigned to {', '.join(asked)} in that time")
    made: list[Span] = []
    for row in sorted(found, key=lambda row: (row["gateway"], row["start"])):
        low = row["start"] if start is None else max(row["start"], start)
        high = assignments.FOREVER if row["until"] is None else row["until"]
        high = high if end is None else min(high, end)
        if made and made[-1][0] == row["gateway"] and made[-1][2] >= low:
            made[-1] = (row["gateway"], made[-1][1], max(made[-1][2], high))
        else:
            made.append((row["gateway"], low, high))
    return made


def rows(store: Store, what: str, where: list[Span]) -> Iterator[Row]:
    """The rows of a view in the spans; `gaps` and `gateways` have no time: once a gateway."""
    timeless = what in ("gaps", "gateways")
    seen: set[tuple] = set()
    for place, (gateway, start, end) in enumerate(where):
        if timeless and gateway in [one[0] for one in where[:place]]:
            continue
        until = None if end == assignments.FOREVER else end
        for row in store.rows(what, gateway, start, until):
            if what in _LASTING:
                key = tuple(row.values())
                if key in seen:
                    continue
                seen.add(key)
            yield row
