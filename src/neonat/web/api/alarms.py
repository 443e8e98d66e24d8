"""The alarm log over all incubators, and how many a day."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as InQuery
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from neonat.store import Row, Store
from neonat.web import alarm_pages
from neonat.web.access.roles import Viewer
from neonat.web.encode import Json
from neonat.web.health import now_ms
from neonat.web.priority import level_of
from neonat.web.problem import Problem
from neonat.web.query import MS_MAX, stamp
from neonat.web.shapes import (
    TIME,
    GatewayId,
    Levels,
    Limit,
    Paged,
    Shape,
    Span,
    Stamp,
    Word,
    Zone,
    cursor_of,
    example,
    not_of_this_list,
    place_of,
    zone_of,
)
from neonat.web.site import Here

router = APIRouter(prefix="/api/v1/alarms", tags=["alarms"])

DAY_MS = 86_400_000
COUNTED_MAX_DAYS = 366

_ALARM = {
    "gateway": "bed-1",
    "bed": "12",
    "room": "A",
    "device": "BL-0042",
    "patient": "P-17",
    "code": "43",
    "codepage": 1,
    "priority": "C",
    "level": "medium",
    "phrase": "O2 SENS ERR",
    "name": "oxygen_sensor_error",
    "explained": "Oxygen sensor error",
    "started_at": TIME,
    "last_seen_at": TIME,
    "ended_at": None,
    "duration_s": 123.4,
}


class LoggedAlarm(Shape):
    """An episode and where it was when it began; `explained` is null where nobody knows."""

    gateway: str
    bed: str | None
    room: str | None
    device: str | None
    patient: str | None
    code: str
    codepage: int | None
    priority: str | None
    level: str | None
    phrase: str | None
    name: str | None
    explained: str | None
    started_at: Stamp | None
    last_seen_at: Stamp | None
    ended_at: Stamp | None
    duration_s: float


class AlarmLog(Shape):
    """Episodes, newest first; `next` is the cursor of what follows."""

    model_config = example({"from": TIME, "to": TIME, "alarms": [_ALARM], "next": None})
    start: Stamp | None = Field(alias="from")
    end: Stamp | None = Field(alias="to")
    alarms: list[LoggedAlarm]
    next: str | None


class Count(Shape):
    """How often an alarm began."""

    codepage: int | None
    code: str
    phrase: str | None
    name: str | None
    explained: str | None
    level: str | None
    count: int


class Day(Shape):
    """How many episodes began on a day."""

    day: Annotated[str, Field(json_schema_extra={"format": "date"})]
    high: int
    medium: int
    low: int
    other: int
    alarms: list[Count]


class Counts(Shape):
    """Days of a time zone, oldest first."""

    model_config = example(
        {
            "zone": "Europe/Paris",
            "days": [
                {
                    "day": "2026-11-23",
                    "high": 0,
                    "medium": 4,
                    "low": 0,
                    "other": 0,
                    "alarms": [
                        {
                            "codepage": 1,
                            "code": "43",
                            "phrase": "O2 SENS ERR",
                            "name": "oxygen_sensor_error",
                            "explained": "Oxygen sensor error",
                            "level": "medium",
                            "count": 4,
                        }
                    ],
                }
            ],
        }
    )
    zone: str
    days: list[Day]


class OfLog(Span, Paged):
    """Which episodes: those of a gateway or of a bed, of some levels, of a code."""

    gateway: GatewayId | None = None
    bed: Word | None = None
    priority: Levels | None = None
    code: Annotated[str, Field(max_length=2)] | None = None
    limit: Limit = 200


class OfCounts(Span):
    """Which days."""

    gateway: GatewayId | None = None
    zone: Zone = "UTC"


@router.get("", response_model=AlarmLog)
async def alarm_log(
    request: Request, site: Here, who: Viewer, wanted: Annotated[OfLog, InQuery()]
) -> Response:
    """Episodes of all incubators that touch a time, the last 24 h when none is given."""
    end = min(MS_MAX, now_ms() + DAY_MS if wanted.end is None else wanted.end)
    start = max(0, now_ms() - DAY_MS if wanted.start is None else wanted.start)
    place = place_of(wanted.cursor, int, list)
    language = request.state.language
    levels = None if wanted.priority is None else wanted.priority.split(",")

    def keep(names: alarm_pages.Names, row: Row) -> bool:
        if levels is not None and level_of(row["priority"]) not in levels:
            return False
        if wanted.code is not None and row["code"] != wanted.code:
            return False
        return wanted.bed is None or names.at(row["gateway"], row["started"]) is not None

    def look(store: Store) -> tuple[list[Row], str | None]:
        chosen = {} if wanted.bed is None else {"bed": wanted.bed}
        names = alarm_pages.Names(store, 0, end, chosen)
        rows, more = alarm_pages.page(
            store,
            start,
            end,
            wanted.gateway,
            lambda row: keep(names, row),
            wanted.limit,
            None if place is None else (place[0], place[1]),
        )
        told = [
            alarm_pages.told(row, names.at(row["gateway"], row["started"]), language)
            for row in rows
        ]
        return told, cursor_of(rows[-1]["started"], rows[-1]["place"]) if more else None

    try:
        found, following = await site.ask(look)
    except TypeError:
        raise not_of_this_list() from None
    return Json({"from": stamp(start), "to": stamp(end), "alarms": found, "next": following})


@router.get("/counts", response_model=Counts)
async def counts(
    request: Request, site: Here, who: Viewer, wanted: Annotated[OfCounts, InQuery()]
) -> Response:
    """How many episodes began on each day, the last 7 days when no time is given."""
    zone = zone_of(wanted.zone)
    end = min(MS_MAX, now_ms() + 1 if wanted.end is None else wanted.end)
    start = max(0, end - 7 * DAY_MS if wanted.start is None else wanted.start)
    if end - start > COUNTED_MAX_DAYS * DAY_MS:
        raise Problem(
            400,
            f"at most {COUNTED_MAX_DAYS} days can be counted; narrow 'from' and 'to'",
            french=f"au plus {COUNTED_MAX_DAYS} jours peuvent être comptés ; réduisez la durée",
        )
    language = request.state.language
    days = await site.ask(
        lambda store: alarm_pages.counts(store, start, end, wanted.gateway, zone, language)
    )
    return Json({"zone": wanted.zone, "days": days})
