"""What is stored of one gateway: newest, readings, alarms, gaps."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as InQuery
from pydantic import Field
from starlette.responses import Response

from neonat.store.records import Place, Row
from neonat.web import facts
from neonat.web.access.roles import Viewer
from neonat.web.encode import Json
from neonat.web.health import now_ms
from neonat.web.problem import Problem
from neonat.web.query import POINTS_DEFAULT, ms_of
from neonat.web.shapes import (
    DAY_MS,
    TIME,
    Paged,
    Points,
    Shape,
    Span,
    Stamp,
    Word,
    cursor_of,
    example,
    place_of,
)
from neonat.web.site import Here

router = APIRouter(prefix="/api/v1/gateways", tags=["gateways"])


class Gateway(Shape):
    """A gateway that was seen."""

    gateway: str
    first_seen: Stamp | None
    last_seen: Stamp | None
    device_id: str | None
    device_name: str | None
    online: bool | None


class Gateways(Shape):
    """All of them."""

    model_config = example(
        {
            "gateways": [
                {
                    "gateway": "bed-1",
                    "first_seen": TIME,
                    "last_seen": TIME,
                    "device_id": "5700",
                    "device_name": "Babyleo TN500",
                    "online": True,
                }
            ]
        }
    )
    gateways: list[Gateway]


class Reading(Shape):
    """One measured value; `value` is null for a field that is no number."""

    at: Stamp | None
    code: str
    codepage: int | None
    name: str | None
    value: float | None
    unit: str | None
    raw: str | None


class Readings(Shape):
    """Readings, oldest first; `next` leads to older ones."""

    model_config = example(
        {
            "readings": [
                {
                    "gateway": "bed-1",
                    "boot": 7,
                    "seq": 4711,
                    "at": TIME,
                    "code": "6D",
                    "codepage": 1,
                    "name": "air_temperature",
                    "value": 33.3,
                    "unit": "Cel",
                    "raw": "33.3",
                }
            ],
            "next": None,
        }
    )
    readings: list[Reading]
    next: str | None


class Column(Shape):
    """The readings of one name as columns of equal length; `t` in ms since 1970, UTC."""

    unit: str | None
    t: list[int]
    count: list[int]
    min: list[float]
    mean: list[float]
    max: list[float]


class History(Shape):
    """Readings summed up in buckets of `step_ms`; where it is 0, each point is one reading."""

    model_config = example(
        {
            "step_ms": 60000,
            "signals": {
                "air_temperature": {
                    "unit": "Cel",
                    "t": [1795424700000, 1795424760000],
                    "count": [60, 59],
                    "min": [33.2, 33.3],
                    "mean": [33.2717, 33.3051],
                    "max": [33.3, 33.4],
                }
            },
        }
    )
    step_ms: int
    signals: dict[str, Column]


class Episode(Shape):
    """An episode of an alarm; `ended_at` is null while it stands."""

    gateway: str
    code: str
    codepage: int | None
    priority: str | None
    phrase: str | None
    started_at: Stamp | None
    last_seen_at: Stamp | None
    ended_at: Stamp | None


class Episodes(Shape):
    """Episodes, newest first."""

    model_config = example(
        {
            "alarms": [
                {
                    "gateway": "bed-1",
                    "code": "43",
                    "codepage": 1,
                    "priority": "C",
                    "phrase": "O2 SENS ERR",
                    "started_at": TIME,
                    "last_seen_at": TIME,
                    "ended_at": None,
                }
            ],
            "next": None,
        }
    )
    alarms: list[Episode]
    next: str | None


class Gap(Shape):
    """Numbers that are not in the store, and why."""

    gateway: str
    boot: int
    first: int
    last: int
    reason: str


class Gaps(Shape):
    """Holes, newest boot first."""

    model_config = example(
        {
            "gaps": [
                {"gateway": "bed-1", "boot": 7, "first": 120, "last": 340, "reason": "dropped"}
            ],
            "next": None,
        }
    )
    gaps: list[Gap]
    next: str | None


class Latest(Shape):
    """The newest of everything; `answers` says when each request was last answered.

    `tile` is what `/api/v1/ward` says of it.
    """

    model_config = example(
        {
            "now": TIME,
            "gateway": "bed-1",
            "online": True,
            "device": {"id": "5700", "name": "Babyleo TN500", "revision": "01.06:06.00"},
            "state": {"online": True, "link": "up"},
            "at": TIME,
            "received_at": TIME,
            "clock": "set",
            "answers": {"24": {"at": TIME, "received_at": TIME}},
            "readings": [
                {
                    "at": TIME,
                    "code": "6D",
                    "codepage": 1,
                    "name": "air_temperature",
                    "value": 33.3,
                    "unit": "Cel",
                    "raw": "33.3",
                }
            ],
            "alarms": [],
            "settings": [],
            "texts": [],
            "limits": [],
            "tile": {"gateway": "bed-1", "level": None, "stale": None},
        }
    )
    now: Stamp | None
    gateway: str
    online: bool | None
    device: Any
    state: Any
    at: Stamp | None
    received_at: Stamp | None
    clock: str | None
    answers: dict[str, dict[str, Any]]
    readings: list[Reading]
    alarms: list[dict[str, Any]]
    settings: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    limits: list[dict[str, Any]]
    tile: dict[str, Any]


class OfReadings(Span, Paged):
    """Which readings."""

    name: Word | None = None


class OfHistory(Span):
    """Which readings, and about how many points of each name; a day unless told."""

    name: list[Word] = Field(min_length=1, max_length=20)
    points: Points = POINTS_DEFAULT

    @property
    def whole(self) -> tuple[int, int]:
        """[from, to) in ms; Problem 400 when that is no time."""
        end = now_ms() if self.end is None else self.end
        start = end - DAY_MS if self.start is None else self.start
        if start >= end:
            raise Problem(
                400, "'from' must be before 'to'", french="le début doit être avant la fin"
            )
        return start, end


class OfAlarms(Span, Paged):
    """Which episodes."""


@router.get("", response_model=Gateways)
async def gateways(site: Here, who: Viewer) -> Response:
    """All gateways ever seen."""
    return Json({"gateways": await site.ask(facts.gateways)})


@router.get("/{gateway}/latest", response_model=Latest)
async def latest(site: Here, who: Viewer, gateway: str) -> Response:
    """All that is known of one gateway now."""
    return Json(await site.ask_of(gateway, lambda store: site.ward.told(store, gateway)))


@router.get("/{gateway}/readings", response_model=Readings)
async def readings(
    site: Here, who: Viewer, gateway: str, wanted: Annotated[OfReadings, InQuery()]
) -> Response:
    """The newest readings of a time, oldest first."""
    boot, number, given = place_of(wanted.cursor, int, int, int) or (None, 0, 0)
    last = None if boot is None else (boot, number)
    most = wanted.limit + given + 1
    rows = await site.ask_of(
        gateway,
        lambda store: store.readings(gateway, wanted.name, wanted.start, wanted.end, most, last),
    )
    rows = rows[: len(rows) - given]
    shown = rows[-wanted.limit :]
    following = None
    if len(rows) > wanted.limit:
        place = frame_of(shown[0])
        same = sum(frame_of(row) == place for row in shown)
        following = cursor_of(*place, same + (given if place == last else 0))
    return Json({"readings": shown, "next": following})


def frame_of(reading: Row) -> Place:
    """What the frame of a reading is known by."""
    if reading["boot"] is None:
        return 0, ms_of(reading["at"])
    return reading["boot"], reading["seq"]


@router.get("/{gateway}/history", response_model=History)
async def history(
    site: Here, who: Viewer, gateway: str, wanted: Annotated[OfHistory, InQuery()]
) -> Response:
    """Readings of one or more names, summed up for a chart of any span."""
    start, end = wanted.whole
    names = list(dict.fromkeys(wanted.name))
    found = await site.ask_of(
        gateway,
        lambda store: facts.history(store, gateway, names, start, end, wanted.points),
    )
    return Json(found)


@router.get("/{gateway}/alarms", response_model=Episodes)
async def alarms(
    site: Here, who: Viewer, gateway: str, wanted: Annotated[OfAlarms, InQuery()]
) -> Response:
    """Alarm episodes of one gateway that touch a time, newest first."""
    began, given = place_of(wanted.cursor, int, int) or (None, 0)
    end = wanted.end if began is None else began + 1
    most = wanted.limit + given + 1
    rows = await site.ask_of(gateway, lambda store: store.alarms(gateway, wanted.start, end, most))
    shown = rows[given:][: wanted.limit]
    following = None
    if len(rows) == most:
        began_at = shown[-1]["started_at"]
        same = sum(row["started_at"] == began_at for row in rows[: given + wanted.limit])
        following = cursor_of(ms_of(began_at), same)
    return Json({"alarms": shown, "next": following})


@router.get("/{gateway}/gaps", response_model=Gaps)
async def gaps(
    site: Here, who: Viewer, gateway: str, wanted: Annotated[Paged, InQuery()]
) -> Response:
    """Sequence numbers that are not in the store, and why."""
    before = place_of(wanted.cursor, int, int)
    rows = await site.ask_of(gateway, lambda store: store.gaps(gateway, wanted.limit + 1, before))
    shown = rows[: wanted.limit]
    more = len(rows) > wanted.limit
    following = cursor_of(shown[-1]["boot"], shown[-1]["first"]) if more else None
    return Json({"gaps": shown, "next": following})
