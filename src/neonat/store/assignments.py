"""Where a gateway was: bed, room, device and patient pseudonym, each from one time to another.

Times are ms of UTC; `until` None stands for one that goes on. A gateway has at most one at a time,
and so has a device.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from neonat.store.base import Base, rows
from neonat.store.records import RefusedError, Row

if TYPE_CHECKING:
    from neonat.store.queries import Queries

NAMES = ("bed", "room", "device", "patient")
FIELDS = ("gateway", *NAMES, "start", "until")
_COLUMNS = "id, " + ", ".join(FIELDS)

FOREVER = 1 << 62


class OverlapError(RefusedError):
    """Another assignment holds the same gateway or device at that time; `other` is its row."""

    def __init__(self, what: str, other: Row) -> None:
        super().__init__(what)
        self.what = what
        self.other = other


def find(
    ask: "Queries",
    wanted: Mapping[str, str],
    start: int | None = None,
    end: int | None = None,
    before: tuple[int, int] | None = None,
    limit: int = FOREVER,
) -> list[Row]:
    """Those that have all of `wanted` and touch [start, end), the newest first.

    `before` is the start and the id of the last one of the page before.
    """
    where = [f"{name} = ?" for name in wanted]
    values: list[Any] = list(wanted.values())
    if start is not None:
        where.append("(until IS NULL OR until > ?)")
        values.append(start)
    if end is not None:
        where.append("start < ?")
        values.append(end)
    if before is not None:
        where.append("(start, id) < (?, ?)")
        values += before
    condition = f"WHERE {' AND '.join(where)}" if where else ""
    sql = f"SELECT {_COLUMNS} FROM assignment {condition} ORDER BY start DESC, id DESC LIMIT ?"
    return rows(ask.base, sql, (*values, limit))


def at_a_time(ask: "Queries", at: int, gateway: str | None = None) -> dict[str, Row]:
    """The one of each gateway at a time."""
    wanted = {} if gateway is None else {"gateway": gateway}
    return {row["gateway"]: row for row in find(ask, wanted, at, at + 1)}


def get(base: Base, number: int) -> Row | None:
    """One by its id."""
    found = rows(base, f"SELECT {_COLUMNS} FROM assignment WHERE id = ?", (number,))
    return found[0] if found else None


def add(base: Base, new: Row) -> tuple[Row, list[Row]]:
    """Add one (`FIELDS`); it, and those that stood open and end where it begins.

    What stands open for the gateway, or for the device elsewhere, ends. Raises OverlapError.
    """
    ended = []
    for _, other in _others(base, new, None):
        if other["until"] is None and other["start"] < new["start"]:
            base.execute(
                "UPDATE assignment SET until = ? WHERE id = ?", (new["start"], other["id"])
            )
            ended.append({**other, "until": new["start"]})
    _check(base, new, None)
    _touch(base, new["gateway"], *(row["gateway"] for row in ended))
    number = base.execute(
        f"INSERT INTO assignment({', '.join(FIELDS)}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        tuple(new[field] for field in FIELDS),
    ).fetchone()[0]
    return {"id": number, **new}, list({row["id"]: row for row in ended}.values())


def correct(base: Base, number: int, changes: Row) -> Row | None:
    """Change what is named; None when there is none. Raises OverlapError."""
    old = get(base, number)
    if old is None:
        return None
    new = {**old, **changes}
    _check(base, new, number)
    _touch(base, old["gateway"], new["gateway"])
    base.execute(
        f"UPDATE assignment SET {' = ?, '.join(FIELDS)} = ? WHERE id = ?",
        (*(new[field] for field in FIELDS), number),
    )
    return new


def remove(base: Base, number: int) -> bool:
    """Take one away; whether it was there."""
    old = get(base, number)
    if old is None:
        return False
    _touch(base, old["gateway"])
    base.execute("DELETE FROM assignment WHERE id = ?", (number,))
    return True


def _touch(base: Base, *gateways: str) -> None:
    """Have `changes` name them: what is shown of them is another."""
    change = base.next_change()
    for gateway in sorted(set(gateways)):
        base.execute("UPDATE gateway SET change = ? WHERE name = ?", (change, gateway))


def _others(base: Base, new: Row, number: int | None) -> Iterable[tuple[str, Row]]:
    """What touches the time of `new` and has its gateway or its device."""
    for what in ("gateway", "device"):
        if new[what] is None:
            continue
        found = rows(
            base,
            f"SELECT {_COLUMNS} FROM assignment WHERE {what} = ? AND start < ?"
            " AND (until IS NULL OR until > ?) AND id <> ? ORDER BY start",
            (
                new[what],
                FOREVER if new["until"] is None else new["until"],
                new["start"],
                number or 0,
            ),
        )
        yield from ((what, row) for row in found)


def _check(base: Base, new: Row, number: int | None) -> None:
    for what, other in _others(base, new, number):
        raise OverlapError(what, other)
