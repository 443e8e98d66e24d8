"""The audit trail: who did what, never changed and never taken away."""

# ruff: noqa: S608 - statements are put together from this package's own text only.

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from neonat.store.base import Base, rows
from neonat.store.records import Row

if TYPE_CHECKING:
    from neonat.store.queries import Queries


class Entry(NamedTuple):
    """What was done: `at` in ms, `person` None for nobody by name, `details` without secrets.

    `via` is how they came: `session`, `token`, `command` or `open` (nobody signs in there).
    """

    at: int
    person: str | None
    via: str
    action: str
    gateway: str | None
    outcome: str
    details: dict[str, Any]


def add(base: Base, entry: Entry) -> int:
    """Write an entry; its number."""
    *fields, details = entry
    return base.execute(
        "INSERT INTO trail(at, person, via, action, gateway, outcome, details)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (*fields, json.dumps(details, ensure_ascii=False, separators=(",", ":"))),
    ).fetchone()[0]


def find(
    ask: "Queries",
    wanted: dict[str, str],
    start: int | None = None,
    end: int | None = None,
    before: int | None = None,
    limit: int = 1000,
) -> list[Row]:
    """The newest entries of [start, end) that have all of `wanted`; `before` is a number."""
    where = [f"{name} = ?" for name in wanted]
    values: list[Any] = list(wanted.values())
    for sign, column, bound in ((">=", "at", start), ("<", "at", end), ("<", "id", before)):
        if bound is not None:
            where.append(f"{column} {sign} ?")
            values.append(bound)
    condition = f"WHERE {' AND '.join(where)}" if where else ""
    sql = (
        "SELECT id, at, person, via, action, gateway, outcome, details FROM trail"
        f" {condition} ORDER BY id DESC LIMIT ?"
    )
    found = rows(ask.base, sql, (*values, limit))
    return [{**row, "details": json.loads(row["details"])} for row in found]
