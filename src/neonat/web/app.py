"""The HTTP application: routes, errors, what starts and ends with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from neonat.store import Store
from neonat.web import facts, query
from neonat.web.assets import load_assets, serve_asset
from neonat.web.encode import Json
from neonat.web.guard import Guard
from neonat.web.health import Health
from neonat.web.hub import Hub
from neonat.web.metrics import CONTENT_TYPE, render
from neonat.web.numbers import collect
from neonat.web.problem import Problem, problem_response
from neonat.web.source import Source, UnavailableError
from neonat.web.stream import EventStream

T = TypeVar("T")

THREADS = 4
WAITING_MAX = 64


def create_app(db_url: str, local: bool = True) -> ASGIApp:
    """The application for the database at `db_url`; `local` answers to loopback names only."""
    site = Site(db_url)
    routes = [
        Route("/healthz", site.healthz),
        Route("/metrics", site.metrics),
        Route("/api/v1/gateways", site.gateways),
        Route("/api/v1/gateways/{gateway}/latest", site.latest),
        Route("/api/v1/gateways/{gateway}/readings", site.readings),
        Route("/api/v1/gateways/{gateway}/alarms", site.alarms),
        Route("/api/v1/gateways/{gateway}/gaps", site.gaps),
        Route("/api/v1/stream", site.stream),
    ]
    routes += [Route(path, serve_asset(asset), name=path) for path, asset in load_assets().items()]
    handlers: dict[Any, Any] = {
        Problem: _problem,
        UnavailableError: _unavailable,
        HTTPException: _refused,
        Exception: _failed,
    }
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=site.lifespan)
    return Guard(app, local)


class Site:
    """The endpoints, and the threads in which they ask the store."""

    def __init__(self, db_url: str) -> None:
        self._source = Source(db_url)
        self._health = Health(self._source)
        self._hub = Hub(self._source, facts.latest, self._health.status)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="web-store")
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Watch the store while the server runs."""
        self._hub.start(asyncio.get_running_loop())
        try:
            yield
        finally:
            self._hub.stop()
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def healthz(self, request: Request) -> Response:
        """200 once ingest and store work, else 503 with the reason."""
        status = await self._in_thread(self._health.status)
        return Json(status, status_code=200 if status["ok"] else 503)

    async def metrics(self, request: Request) -> Response:
        """Prometheus text."""
        found = await self._in_thread(lambda: collect(self._source, self._health, self._hub))
        return PlainTextResponse(render(found), media_type=CONTENT_TYPE)

    async def gateways(self, request: Request) -> Response:
        """All gateways ever seen."""
        query.only(request.query_params)
        return Json({"gateways": await self._ask(facts.gateways)})

    async def latest(self, request: Request) -> Response:
        """All that is known of one gateway now."""
        query.only(request.query_params)
        return Json(await self._ask_of(request, facts.latest))

    async def readings(self, request: Request) -> Response:
        """Readings of one gateway, by name and time."""
        params = request.query_params
        query.only(params, "name", "from", "to", "limit")
        name, limit = query.name(params), query.limit(params)
        start, end = query.time_ms(params, "from"), query.time_ms(params, "to")
        rows = await self._ask_of(
            request, lambda store, gw: facts.readings(store, gw, name, start, end, limit)
        )
        return Json({"readings": rows})

    async def alarms(self, request: Request) -> Response:
        """Alarm episodes of one gateway."""
        params = request.query_params
        query.only(params, "from", "to", "limit")
        limit = query.limit(params)
        start, end = query.time_ms(params, "from"), query.time_ms(params, "to")
        rows = await self._ask_of(
            request, lambda store, gw: facts.alarms(store, gw, start, end, limit)
        )
        return Json({"alarms": rows})

    async def gaps(self, request: Request) -> Response:
        """Sequence numbers of one gateway that are not in the store, and why."""
        params = request.query_params
        query.only(params, "limit")
        limit = query.limit(params)
        rows = await self._ask_of(request, lambda store, gw: facts.gaps(store, gw, limit))
        return Json({"gaps": rows})

    async def stream(self, request: Request) -> Response:
        """Server-sent events; what changed since `Last-Event-ID` comes first."""
        if request.method == "HEAD":
            return Response(media_type=EventStream.media_type)
        since = query.change(request.headers.get("last-event-id"))
        client = self._hub.join(since)
        try:
            client.tick(await self._in_thread(self._hub.clock))
            client.catch_up(*await self._in_thread(lambda: self._hub.snapshot(since)))
        except BaseException:
            self._hub.leave(client)
            raise
        return EventStream(self._hub, client)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise Problem(503, "too many requests at once; try again later", {"Retry-After": "1"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    async def _ask(self, question: Callable[[Store], T]) -> T:
        return await self._in_thread(lambda: self._source.ask(question))

    async def _ask_of(self, request: Request, question: Callable[[Store, str], T | None]) -> T:
        gateway = request.path_params["gateway"]

        def of_known(store: Store) -> T | None:
            return question(store, gateway) if facts.knows(store, gateway) else None

        found = await self._ask(of_known)
        if found is None:
            raise Problem(404, f"no gateway {gateway[:40]!r} has been seen")
        return found


async def _problem(request: Request, error: Problem) -> Response:
    return problem_response(error.status, error.detail, error.headers)


async def _unavailable(request: Request, error: UnavailableError) -> Response:
    return problem_response(503, str(error), {"Retry-After": "1"})


async def _refused(request: Request, error: HTTPException) -> Response:
    details = {404: "nothing is here", 405: f"{request.method[:20]} is not allowed here"}
    headers = dict(error.headers) if error.headers else None
    return problem_response(
        error.status_code, details.get(error.status_code, error.detail), headers
    )


async def _failed(request: Request, error: Exception) -> Response:
    return problem_response(500, "the server failed; its log says more")
