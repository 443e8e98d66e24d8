"""The first view: all tiles in one answer, and the order in which one likes them."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from neonat.store import Row, Store, people
from neonat.web.access.roles import Viewer
from neonat.web.encode import Json
from neonat.web.health import now_ms
from neonat.web.query import stamp
from neonat.web.shapes import TIME, Asked, GatewayId, Shape, Stamp, asked, example
from neonat.web.site import Here

router = APIRouter(prefix="/api/v1", tags=["ward"])

ASSIGNMENT = {
    "id": 3,
    "gateway": "bed-1",
    "bed": "12",
    "room": "A",
    "device": "BL-0042",
    "patient": "P-17",
    "from": TIME,
    "until": None,
}


class Assignment(Shape):
    """Where a gateway was from one time to another."""

    model_config = example(ASSIGNMENT)
    id: int
    gateway: str
    bed: str | None
    room: str | None
    device: str | None
    patient: str | None
    start: Stamp | None = Field(alias="from")
    until: Stamp | None


class Value(Shape):
    """A value and its unit (UCUM)."""

    value: float | None
    unit: str | None


class Limits(Shape):
    """The device's own alarm limits."""

    low: float | None
    high: float | None


class Mode(Shape):
    """A text that the device shows, such as its mode."""

    code: str
    name: str | None
    text: str | None


class Alarm(Shape):
    """An alarm that stands; `level` is null for a priority that is not known."""

    code: str
    codepage: int | None
    priority: str | None
    level: str | None
    phrase: str | None
    name: str | None
    started_at: Stamp | None
    last_seen_at: Stamp | None


class Stale(Shape):
    """Why there are no values of now.

    `reason`: server_behind, gateway_off, line_down, device_off or unknown.
    """

    since: Stamp | None
    reason: str


class Tile(Shape):
    """One gateway at a glance."""

    gateway: str
    assignment: Assignment | None
    device: dict[str, Any] | None
    online: bool | None
    link: str | None
    waiting: int | None
    clock: str | None
    at: Stamp | None
    received_at: Stamp | None
    measured_at: Stamp | None
    values: dict[str, Value]
    set_points: dict[str, Value]
    limits: dict[str, Limits]
    modes: list[Mode]
    alarms: list[Alarm]
    level: str | None
    stale: Stale | None


class Server(Shape):
    """Whether the server works."""

    ok: bool
    reason: str | None


class WardShape(Shape):
    """All tiles by gateway; `order` is the reader's own; the stream goes on from `change`."""

    model_config = example(
        {
            "now": TIME,
            "change": 4711,
            "server": {"ok": True, "reason": None},
            "order": ["bed-1"],
            "tiles": [
                {
                    "gateway": "bed-1",
                    "assignment": ASSIGNMENT,
                    "device": {"id": "5700", "name": "Babyleo TN500", "revision": "01.06:06.00"},
                    "online": True,
                    "link": "up",
                    "waiting": 0,
                    "clock": "set",
                    "at": TIME,
                    "received_at": TIME,
                    "measured_at": TIME,
                    "values": {"air_temperature": {"value": 33.3, "unit": "Cel", "raw": "33.3"}},
                    "set_points": {"air_temperature": {"value": 32.5, "unit": "Cel"}},
                    "limits": {},
                    "modes": [{"code": "13", "name": "air_mode", "text": "Air Mode"}],
                    "alarms": [
                        {
                            "code": "43",
                            "codepage": 1,
                            "priority": "C",
                            "level": "medium",
                            "phrase": "O2 SENS ERR",
                            "name": "oxygen_sensor_error",
                            "started_at": TIME,
                            "last_seen_at": TIME,
                        }
                    ],
                    "level": "medium",
                    "stale": None,
                }
            ],
        }
    )
    now: Stamp | None
    change: int
    server: Server
    order: list[str]
    tiles: list[Tile]


class Layout(Shape):
    """The order of tiles; gateways that it does not name follow."""

    model_config = example({"order": ["bed-2", "bed-1"]})
    order: list[str]


class NewLayout(Asked):
    """The order of tiles to keep."""

    model_config = asked({"order": ["bed-2", "bed-1"]})
    order: Annotated[list[GatewayId], Field(max_length=5000)]


@router.get("/ward", response_model=WardShape)
async def ward(site: Here, who: Viewer) -> Response:
    """All that the first view needs, of all gateways."""

    def look(store: Store) -> Row:
        status = site.health.status()
        tiles, change = site.ward.tiles(store)
        return {
            "now": stamp(now_ms()),
            "change": change,
            "server": {"ok": status["ok"], "reason": status["reason"]},
            "order": store.read(lambda ask: people.tile_order(ask, who.person)),
            "tiles": tiles,
        }

    return Json(await site.ask(look))


@router.get("/layout", response_model=Layout)
async def layout(site: Here, who: Viewer) -> Response:
    """One's own order of tiles."""
    order = await site.ask(lambda store: store.read(lambda ask: people.tile_order(ask, who.person)))
    return Json({"order": order})


@router.put("/layout", response_model=Layout)
async def put_layout(site: Here, who: Viewer, given: NewLayout) -> Response:
    """Keep one's own order of tiles."""
    order = list(dict.fromkeys(given.order))
    await site.ask(
        lambda store: store.change(lambda base: people.put_tile_order(base, who.person, order))
    )
    return Json({"order": order})
