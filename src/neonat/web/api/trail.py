"""The audit trail."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as InQuery
from starlette.responses import Response

from neonat.store import trail
from neonat.web.access.roles import Administrator
from neonat.web.encode import Json
from neonat.web.query import stamp
from neonat.web.shapes import (
    TIME,
    GatewayId,
    Paged,
    Shape,
    Span,
    Stamp,
    Word,
    cursor_of,
    example,
    place_of,
)
from neonat.web.site import Here

router = APIRouter(prefix="/api/v1", tags=["access"])


class Entry(Shape):
    """Who did what; `user` is null where nobody signs in, `via` is how they came."""

    id: int
    at: Stamp | None
    user: str | None
    via: str
    action: str
    gateway: str | None
    outcome: str
    details: dict[str, Any]


class Trail(Shape):
    """Entries, newest first."""

    model_config = example(
        {
            "entries": [
                {
                    "id": 17,
                    "at": TIME,
                    "user": "anna",
                    "via": "session",
                    "action": "restart",
                    "gateway": "bed-1",
                    "outcome": "done",
                    "details": {},
                }
            ],
            "next": None,
        }
    )
    entries: list[Entry]
    next: str | None


class OfTrail(Span, Paged):
    """Which entries."""

    user: Word | None = None
    action: Word | None = None
    gateway: GatewayId | None = None


@router.get("/audit-trail", response_model=Trail)
async def audit_trail(
    site: Here, who: Administrator, wanted: Annotated[OfTrail, InQuery()]
) -> Response:
    """Who did what, newest first."""
    chosen = {
        column: value
        for column, value in (
            ("person", wanted.user),
            ("action", wanted.action),
            ("gateway", wanted.gateway),
        )
        if value is not None
    }
    place = place_of(wanted.cursor, int)
    before = None if place is None else place[0]
    rows = await site.ask(
        lambda store: store.read(
            lambda ask: trail.find(ask, chosen, wanted.start, wanted.end, before, wanted.limit + 1)
        )
    )
    shown = rows[: wanted.limit]
    following = cursor_of(shown[-1]["id"]) if len(rows) > wanted.limit else None
    entries = [{**row, "at": stamp(row["at"]), "user": row["person"]} for row in shown]
    for entry in entries:
        del entry["person"]
    return Json({"entries": entries, "next": following})
