"""Signing in at the hospital's own provider: there and back."""

import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from neonat.store import Row, people
from neonat.web.access.identity import Identity, OidcError
from neonat.web.access.keeper import same
from neonat.web.health import now_ms
from neonat.web.problem import Problem
from neonat.web.site import Here, Site

if TYPE_CHECKING:
    from neonat.web.access.oidc import Provider

router = APIRouter(prefix="/sign-in/oidc", tags=["access"])

STATE_COOKIE = "neonat-sign-in"
STATE_S = 600

_log = logging.getLogger(__name__)


@router.get("", status_code=303, response_class=RedirectResponse)
async def begin(request: Request, site: Here) -> Response:
    """Go to the provider."""
    provider = _provider(site)
    try:
        url, state = await provider.begin(_back(request, site))
    except OidcError as error:
        return _failed("provider", error)
    response = RedirectResponse(url, status_code=303)
    response.set_cookie(
        STATE_COOKIE,
        state,
        max_age=STATE_S,
        path="/sign-in",
        secure=site.options.secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.get("/callback", status_code=303, response_class=RedirectResponse)
async def callback(
    request: Request,
    site: Here,
    state: str = "",
    code: str = "",
    error: str = "",
) -> Response:
    """Come back from the provider: a session begins, and the page opens."""
    provider = _provider(site)
    if not state or not same(request.cookies.get(STATE_COOKIE, ""), state):
        return _failed("state", "the browser that came back is not the one that went")
    if error or not code:
        return _failed("refused", error[:100] or "no code")
    try:
        identity = await provider.finish(state, code)
    except OidcError as trouble:
        return _failed("provider", trouble)
    row = await site.ask(lambda store: store.change(lambda base: person_of(base, identity)))
    if row["disabled"]:
        return _failed("disabled", f"{row['name']} is shut out")
    site.keeper.forget()
    cookie, who = await site.ask(lambda store: site.keeper.begin(store, row))
    await site.note(who, "sign-in", "done", how="oidc")
    response = RedirectResponse("/", status_code=303)
    site.keeper.hand_over(response, cookie)
    response.delete_cookie(STATE_COOKIE, path="/sign-in")
    return response


def person_of(base: Any, identity: Identity) -> Row:
    """The person of an identity, added at the first sign-in; the provider's role wins.

    A name that somebody else has gets a number: names alone never make two people one.
    """
    row = people.of_subject(base, identity.subject)
    if row is None:
        wanted = re.sub(r"[^\w.@+-]", "-", identity.name)[:60] or "somebody"
        name, number = wanted, 1
        while people.named(base, name) is not None:
            number += 1
            name = f"{wanted}-{number}"
        return people.add(base, name, identity.role, now_ms(), subject=identity.subject)
    if identity.role is not None and identity.role != row["role"]:
        return people.change(base, row["name"], {"role": identity.role}) or row
    return row


def _provider(site: Site) -> "Provider":
    if site.provider is None:
        raise Problem(
            404,
            "no OpenID Connect provider is configured",
            french="aucun fournisseur OpenID Connect n'est configuré",
        )
    return site.provider


def _back(request: Request, site: Site) -> str:
    base = site.options.public_url or str(request.base_url)
    return base.rstrip("/") + router.prefix + "/callback"


def _failed(kind: str, reason: object) -> Response:
    """The page says what went wrong in words; the log says more."""
    _log.warning("sign-in by OpenID Connect: %s", reason)
    return RedirectResponse(f"/#sign-in-failed={quote(kind)}", status_code=303)
