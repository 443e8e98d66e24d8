"""The HTTP application: routes, errors, what starts and ends with it."""

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from neonat.store import people
from neonat.web import invalid
from neonat.web.api import (
    access,
    actions,
    alarms,
    events,
    gateways,
    names,
    oidc,
    system,
    trail,
    users,
    ward,
)
from neonat.web.assets import load_assets, serve_asset
from neonat.web.encode import Json
from neonat.web.guard import Guard
from neonat.web.language import language_of
from neonat.web.openapi import document, only_what_is_known
from neonat.web.options import Options
from neonat.web.problem import Problem, problem_response
from neonat.web.site import Site
from neonat.web.source import UnavailableError

ROUTERS = (system, access, oidc, ward, gateways, events, actions, alarms, names, users, trail)


def create_app(options: Options) -> ASGIApp:
    """The application for a database."""
    site = Site(options)
    handlers: dict[Any, Any] = {
        Problem: _problem,
        RequestValidationError: _invalid,
        people.TakenError: _taken,
        UnavailableError: _unavailable,
        HTTPException: _refused,
        Exception: _failed,
    }
    app = FastAPI(
        title="neonat",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        exception_handlers=handlers,
        lifespan=site.lifespan,
        redirect_slashes=False,
    )
    app.state.site = site
    for module in ROUTERS:
        app.include_router(module.router, dependencies=[Depends(only_what_is_known)])
    app.add_api_route("/api/v1/openapi.json", _openapi, include_in_schema=False)
    for path, asset in load_assets().items():
        app.add_route(path, serve_asset(asset), include_in_schema=False)
    # Now rather than for whoever comes first.
    document(app)
    return Guard(app, options)


async def _openapi(request: Request) -> Response:
    return Json(document(request.app))


async def _problem(request: Request, error: Problem) -> Response:
    line = error.line(_language(request))
    return _told(request, error.status, line, error.headers, error.kind, **error.more)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    """One line about the first thing that is wrong, and which member it is."""
    field, detail = invalid.line(error.errors()[0], _language(request))
    return _told(request, 400, detail, field=field or None)


async def _taken(request: Request, error: people.TakenError) -> Response:
    french = f"il y a déjà un utilisateur {error}"
    problem = Problem(409, f"there is a user {error} already", kind="name-taken", french=french)
    return await _problem(request, problem)


async def _unavailable(request: Request, error: UnavailableError) -> Response:
    # The store's own words are English in any language: what went wrong is in them.
    french = f"la base de données ne répond pas ({error})"
    line = french if _language(request) == "fr" else str(error)
    return _told(request, 503, line, {"Retry-After": "1"})


async def _refused(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers) if error.headers else None
    method = request.method[:20]
    details = {
        404: Problem(404, "nothing is here", headers, french="il n'y a rien ici"),
        405: Problem(
            405, f"{method} is not allowed here", headers, french=f"{method} n'est pas permis ici"
        ),
    }
    told = details.get(error.status_code) or Problem(error.status_code, error.detail, headers)
    return await _problem(request, told)


async def _failed(request: Request, error: Exception) -> Response:
    french = "le serveur a échoué ; son journal en dit plus"
    problem = Problem(500, "the server failed; its log says more", french=french)
    return await _problem(request, problem)


def _told(
    request: Request,
    status: int,
    detail: str,
    headers: dict[str, str] | None = None,
    kind: str | None = None,
    **more: object,
) -> Response:
    return problem_response(status, _line(detail), headers, kind, _language(request), **more)


def _language(request: Request) -> str:
    own = getattr(request.state, "language", None)
    return own or language_of(request.headers.get("accept-language"))


def _line(text: str) -> str:
    return " ".join(text.split())[:500]
