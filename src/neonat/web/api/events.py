"""What happened to one incubator, when nothing was heard of it, and how all gateways do."""

from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi import Query as InQuery
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from neonat.audit.reasons import REASONS
from neonat.store import Row, Store
from neonat.web import timeline
from neonat.web.access.roles import Viewer
from neonat.web.api.ward import ASSIGNMENT, Assignment
from neonat.web.encode import Json
from neonat.web.health import now_ms
from neonat.web.problem import Problem
from neonat.web.query import MS_MAX, stamp
from neonat.web.shapes import TIME, Limit, Query, Shape, Span, Stamp, Zone, example, zone_of
from neonat.web.site import Here
from neonat.web.words import ALARMS

router = APIRouter(prefix="/api/v1", tags=["gateways"])

DAY_MS = 86_400_000
SPAN_MAX_DAYS = 400

_EVENT = {
    "kind": "mode",
    "at": TIME,
    "until": None,
    "name": "air_mode",
    "text": "Air Mode",
    "code": "13",
    "level": None,
    "value": None,
    "unit": None,
}


class Event(Shape):
    """Something on the time axis.

    `kind`: mode, setting, alarm, weight or assignment; alarms also have codepage, priority,
    `last_seen_at` and `explained`. A setting or mode holds from `at` to `until`.
    """

    kind: str
    at: Stamp | None
    until: Stamp | None
    name: str | None
    text: str | None
    code: str | None
    level: str | None
    value: float | None
    unit: str | None


class Events(Shape):
    """Events by their begin; `complete` is false when there were more than `limit`."""

    model_config = example({"events": [_EVENT], "complete": True})
    events: list[Event]
    complete: bool


class Quiet(Shape):
    """A stretch without measured data; `until` is null while it goes on."""

    start: Stamp | None = Field(alias="from")
    until: Stamp | None
    reason: Annotated[str, Field(description="; ".join(f"{k}: {v}" for k, v in REASONS.items()))]


class QuietSpans(Shape):
    """Stretches, oldest first; `complete` is false when only the longest were looked at."""

    model_config = example(
        {"spans": [{"from": TIME, "until": None, "reason": "line_down"}], "complete": True}
    )
    spans: list[Quiet]
    complete: bool


class FleetRow(Shape):
    """How one gateway does; `state` is what it said last (docs/remote.md)."""

    gateway: str
    assignment: Assignment | None
    online: bool | None
    state: dict[str, Any] | None
    state_at: Stamp | None
    boot: int | None
    restarts_today: int
    coverage_today: float | None


class FleetShape(Shape):
    """All gateways by name; a coverage is null until it has been worked out."""

    model_config = example(
        {
            "now": TIME,
            "gateways": [
                {
                    "gateway": "bed-1",
                    "assignment": ASSIGNMENT,
                    "online": True,
                    "state": {"online": True, "version": "0.1.0", "boot": 7, "link": "up"},
                    "state_at": TIME,
                    "boot": 7,
                    "restarts_today": 1,
                    "coverage_today": 0.9986,
                }
            ],
        }
    )
    now: Stamp | None
    gateways: list[FleetRow]


class OfEvents(Span):
    """Which events; the last 24 h when no time is given."""

    limit: Limit = 5000


class OfQuiet(Span):
    """Which stretches: of at least so many seconds; the last 24 h when no time is given."""

    at_least: Annotated[float, Field(ge=1, le=86_400)] = 10.0


class OfFleet(Query):
    """Where days begin."""

    zone: Zone = "UTC"


@router.get("/gateways/{gateway}/events", response_model=Events)
async def events(
    request: Request, site: Here, who: Viewer, gateway: str, wanted: Annotated[OfEvents, InQuery()]
) -> Response:
    """Modes, settings, alarms, weights and names of one gateway on one time axis."""
    start, end = _span(wanted)
    rows = await site.ask_of(gateway, lambda store: timeline.events(store, gateway, start, end))
    language = request.state.language
    for row in rows:
        if row["kind"] == "alarm":
            words = ALARMS.get(row["name"] or "")
            row["explained"] = words[language] if words else None
    shown = rows[-wanted.limit :]
    return Json({"events": shown, "complete": len(shown) == len(rows)})


@router.get("/gateways/{gateway}/gaps/spans", response_model=QuietSpans)
async def quiet(
    site: Here, who: Viewer, gateway: str, wanted: Annotated[OfQuiet, InQuery()]
) -> Response:
    """Stretches of time without measured data and why, for drawing.

    Of more than six hours only stretches that are as long as a point of a chart are found.
    """
    start, end = _span(wanted)
    least = round(wanted.at_least * 1000)
    spans, complete = await site.ask_of(
        gateway, lambda store: timeline.quiet(store, gateway, start, end, least)
    )
    return Json({"spans": spans, "complete": complete})


@router.get("/fleet", response_model=FleetShape)
async def fleet(site: Here, who: Viewer, wanted: Annotated[OfFleet, InQuery()]) -> Response:
    """How all gateways do: state, restarts and coverage of today."""
    midnight = midnight_of(now_ms(), zone_of(wanted.zone))

    def look(store: Store) -> list[Row]:
        return site.fleet.look(store, midnight)

    return Json({"now": stamp(now_ms()), "gateways": await site.ask(look)})


def midnight_of(now: int, zone: ZoneInfo) -> int:
    """When the day of a time began in a zone, ms."""
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    return round(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def _span(wanted: Span) -> tuple[int, int]:
    end = min(MS_MAX, now_ms() + 1 if wanted.end is None else wanted.end)
    start = max(0, end - DAY_MS if wanted.start is None else wanted.start)
    if end - start > SPAN_MAX_DAYS * DAY_MS:
        raise Problem(
            400,
            f"at most {SPAN_MAX_DAYS} days at once; narrow 'from' and 'to'",
            french=f"au plus {SPAN_MAX_DAYS} jours à la fois ; réduisez la durée",
        )
    return start, end
