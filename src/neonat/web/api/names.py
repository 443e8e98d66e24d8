"""Names in time: which bed, room, device and patient a gateway stood for."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as InQuery
from pydantic import Field, StringConstraints
from starlette.responses import Response, StreamingResponse

from neonat.export import assigned
from neonat.export.lines import csv_pieces
from neonat.store import Row, Store, assignments
from neonat.web.access.roles import Operating, Viewer
from neonat.web.api.ward import ASSIGNMENT, Assignment
from neonat.web.download import Download
from neonat.web.encode import Json
from neonat.web.health import now_ms
from neonat.web.problem import Problem
from neonat.web.query import stamp
from neonat.web.shapes import (
    TIME,
    Asked,
    GatewayId,
    Moment,
    Paged,
    Shape,
    Word,
    asked,
    cursor_of,
    example,
    place_of,
)
from neonat.web.site import Here
from neonat.web.ward import named

router = APIRouter(prefix="/api/v1/assignments", tags=["names"])

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Number = Annotated[int, Field(ge=1, le=2**62)]


class Assignments(Shape):
    """Assignments, newest first."""

    model_config = example({"assignments": [ASSIGNMENT], "next": None})
    assignments: list[Assignment]
    next: str | None


class Assigned(Assignment):
    """A new assignment; `ended` are those that it ended."""

    model_config = example({**ASSIGNMENT, "ended": []})
    ended: list[Assignment]


class NewAssignment(Asked):
    """What a gateway stands for from a time on; `from` is now when it is left out."""

    model_config = asked(
        {"gateway": "bed-1", "bed": "12", "room": "A", "device": "BL-0042", "patient": "P-17"}
    )
    gateway: GatewayId
    bed: Title | None = None
    room: Title | None = None
    device: Title | None = None
    patient: Title | None = None
    start: Moment | None = Field(None, alias="from")
    until: Moment | None = None


class Correction(Asked):
    """What is to be changed; what is left out stays."""

    model_config = asked({"until": TIME}, {"bed": "13"})
    gateway: GatewayId = ""
    bed: Title | None = None
    room: Title | None = None
    device: Title | None = None
    patient: Title | None = None
    start: Moment = Field(0, alias="from")
    until: Moment | None = None


class OfAssignments(Paged):
    """Which ones: of a gateway, bed, room, device or patient; those of a time."""

    gateway: GatewayId | None = None
    bed: Word | None = None
    room: Word | None = None
    device: Word | None = None
    patient: Word | None = None
    at: Moment | None = None


@router.get("", response_model=Assignments)
async def find(site: Here, who: Viewer, wanted: Annotated[OfAssignments, InQuery()]) -> Response:
    """Assignments, newest first."""
    chosen = {
        key: value
        for key in ("gateway", *assignments.NAMES)
        if (value := getattr(wanted, key)) is not None
    }
    start, end = (None, None) if wanted.at is None else (wanted.at, wanted.at + 1)
    place = place_of(wanted.cursor, int, int)
    rows = await site.ask(
        lambda store: store.read(
            lambda ask: assignments.find(ask, chosen, start, end, place, wanted.limit + 1)
        )
    )
    shown = rows[: wanted.limit]
    more = len(rows) > wanted.limit
    following = cursor_of(shown[-1]["start"], shown[-1]["id"]) if more else None
    return Json({"assignments": [named(row) for row in shown], "next": following})


@router.get(
    "/{number}/readings",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "text/csv": {
                    "schema": {"type": "string"},
                    "example": "gateway,boot,seq,at,clock,code,codepage,name,value,unit,raw\n",
                }
            }
        }
    },
)
async def readings(site: Here, who: Viewer, number: Number) -> Response:
    """What was measured under an assignment, as CSV: the view `readings` of its gateway and time.

    It comes while it is read; one that breaks off is not complete.
    """

    def look(store: Store) -> tuple[Store, Row | None]:
        return store, store.read(lambda ask: assignments.get(ask.base, number))

    store, found = await site.ask(look)
    if found is None:
        raise _missing(number)
    end = assignments.FOREVER if found["until"] is None else found["until"]
    rows = assigned.rows(store, "readings", [(found["gateway"], found["start"], end)])
    return Download(site, csv_pieces("readings", rows), f"neonat-assignment-{number}.csv")


@router.post("", status_code=201, response_model=Assigned)
async def add(site: Here, who: Operating, given: NewAssignment) -> Response:
    """Name a gateway from a time on.

    What stands open for it, and for the same device elsewhere, ends there; 409 for any other
    overlap.
    """
    new = given.model_dump()
    new["start"] = now_ms() if given.start is None else given.start
    _check(new)
    try:
        made, ended = await site.change(
            who,
            "assign",
            lambda base: assignments.add(base, new),
            given.gateway,
            **_noted(new),
        )
    except assignments.OverlapError as error:
        raise _overlap(error) from error
    return Json({**(named(made) or {}), "ended": [named(row) for row in ended]}, status_code=201)


@router.patch("/{number}", response_model=Assignment)
async def correct(site: Here, who: Operating, number: Number, given: Correction) -> Response:
    """Correct an assignment, or end it with `until`."""
    changes = given.model_dump(exclude_unset=True)

    def work(base: Any) -> Row | None:
        old = assignments.get(base, number)
        if old is not None:
            _check({**old, **changes})
        return assignments.correct(base, number, changes)

    try:
        made = await site.change(
            who,
            "correct-assignment",
            work,
            given.gateway or None,
            assignment=number,
            **_noted(changes),
        )
    except assignments.OverlapError as error:
        raise _overlap(error) from error
    if made is None:
        raise _missing(number)
    return Json(named(made))


@router.delete("/{number}", status_code=204)
async def remove(site: Here, who: Operating, number: Number) -> Response:
    """Take an assignment away that was a mistake."""

    def work(base: Any) -> None:
        if not assignments.remove(base, number):
            raise _missing(number)

    await site.change(who, "remove-assignment", work, assignment=number)
    return Response(status_code=204)


def _check(row: Row) -> None:
    if row["until"] is not None and row["until"] <= row["start"]:
        raise Problem(400, "'until' is not after 'from'", french="la fin n'est pas après le début")
    if all(row[name] is None for name in assignments.NAMES):
        raise Problem(
            400,
            "name at least one of bed, room, device and patient",
            french="nommez au moins le lit, la chambre, l'appareil ou le patient",
        )


def _noted(row: Row) -> Row:
    """What the trail keeps of it."""
    kept = {key: value for key, value in row.items() if key not in ("gateway", "start", "until")}
    for key, name in (("start", "from"), ("until", "until")):
        if row.get(key) is not None:
            kept[name] = stamp(row[key])
    return kept


def _missing(number: int) -> Problem:
    return Problem(
        404, f"there is no assignment {number}", french=f"il n'y a pas d'affectation {number}"
    )


def _overlap(error: assignments.OverlapError) -> Problem:
    other = named(error.other) or {}
    until = other["until"] or "now"
    what = {"gateway": "la passerelle est affectée", "device": "l'appareil est affecté"}
    to = f"à {other['until']}" if other["until"] else "à maintenant"
    return Problem(
        409,
        f"the {error.what} is assigned from {other['from']} to {until} (assignment {other['id']})",
        kind="overlap",
        french=f"{what[error.what]} de {other['from']} {to} (affectation {other['id']})",
        other=other,
    )
