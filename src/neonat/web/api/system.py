"""How the server is, and what changes as it changes."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as InQuery
from pydantic import Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from neonat.web import query
from neonat.web.access.roles import Viewer, still_allowed
from neonat.web.encode import Json
from neonat.web.health import CODES
from neonat.web.metrics import CONTENT_TYPE, render
from neonat.web.numbers import collect
from neonat.web.shapes import TIME, Query, Shape, Stamp, example
from neonat.web.site import Here
from neonat.web.stream import EventStream

router = APIRouter(tags=["server"])


class Status(Shape):
    """Whether all works, and if not why."""

    model_config = example(
        {
            "now": TIME,
            "ok": True,
            "code": None,
            "reason": None,
            "store": "ok",
            "ingest": "ok",
            "gateways": 6,
        }
    )
    now: Stamp | None
    ok: bool
    code: Annotated[str | None, Field(description=f"null, or one of {', '.join(CODES)}")]
    reason: str | None
    store: str
    ingest: str
    gateways: int | None


class OfStream(Query):
    """From which change on; all there is without it."""

    since: Annotated[str, Field(pattern="^[0-9]{1,19}$", examples=["4711"])] | None = None


@router.get("/healthz", response_model=Status, responses={503: {"model": Status}})
async def healthz(site: Here) -> Response:
    """200 once ingest and store work, else 503 with the reason; needs no sign-in."""
    status = await site.in_thread(site.health.status)
    return Json(status, status_code=200 if status["ok"] else 503)


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": "neonat_up 1\n"}}}},
)
async def metrics(site: Here, who: Viewer) -> Response:
    """Prometheus text."""
    found = await site.in_thread(lambda: collect(site.source, site.health, site.hub))
    return PlainTextResponse(render(found), media_type=CONTENT_TYPE)


@router.get(
    "/api/v1/stream",
    status_code=200,
    response_class=Response,
    responses={
        200: {
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'event: clock\ndata: {"now":"2026-11-23T08:45:00.000Z"}\n\n',
                }
            }
        }
    },
)
async def stream(
    request: Request, site: Here, who: Viewer, wanted: Annotated[OfStream, InQuery()]
) -> Response:
    """Server-sent events; what changed since the header `Last-Event-ID` comes first.

    Without it, what changed since `since`, as `change` of `/api/v1/ward` says it.

    `gateway`: what `latest` says of one, and its `tile`. `clock`: the server's time and state.
    """
    if request.scope.get("neonat.head"):
        return Response(media_type=EventStream.media_type)
    since = query.change(request.headers.get("last-event-id", wanted.since))
    client = site.hub.join(since)
    try:
        client.tick(await site.in_thread(site.hub.clock))
        client.catch_up(*await site.in_thread(lambda: site.hub.snapshot(since)))
    except BaseException:
        site.hub.leave(client)
        raise
    return EventStream(site.hub, client, still_allowed(request, who))
