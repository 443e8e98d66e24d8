"""What an endpoint asks of who sends a request."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.requests import Request

from neonat.web.access.keeper import Visitor, same
from neonat.web.language import language_of
from neonat.web.problem import Problem
from neonat.web.site import Here
from neonat.web.source import UnavailableError
from neonat.web.words import ROLES_FR

CSRF_HEADER = "x-csrf-token"
_SAFE = ("GET", "HEAD", "OPTIONS")

# For the OpenAPI document; what they find is not looked at.
_session = APIKeyCookie(name="neonat", auto_error=False, scheme_name="session")
_token = HTTPBearer(auto_error=False, scheme_name="token", description="An API token.")


async def anybody(request: Request, site: Here) -> Visitor | None:
    """Who asks, None for nobody."""
    who = await site.in_thread(lambda: site.keeper.visitor(request))
    request.state.language = language_of(
        request.headers.get("accept-language"), who.language if who else None
    )
    return who


def _at_least(role: str | None) -> Callable[..., Awaitable[Visitor]]:
    async def check(
        request: Request,
        who: Annotated[Visitor | None, Depends(anybody)],
        _by_session: Annotated[object, Security(_session)],
        _by_token: Annotated[object, Security(_token)],
    ) -> Visitor:
        if who is None:
            raise Problem(
                401,
                "sign in, or send an API token",
                {"WWW-Authenticate": 'Bearer realm="neonat"'},
                french="connectez-vous, ou envoyez un jeton d'API",
            )
        if request.method not in _SAFE and who.via != "token":
            given = request.headers.get(CSRF_HEADER, "")
            if not same(given, who.csrf):
                raise Problem(
                    403,
                    "send X-CSRF-Token with the csrf of /api/v1/me",
                    kind="csrf",
                    french="la session a changé : rechargez la page",
                )
        if role is not None and not who.may(role):
            has = f"has the role {who.role}" if who.role else "has no role yet"
            mine = ROLES_FR[who.role] if who.role else ""
            a = f"a le rôle « {mine} »" if mine else "n'a pas encore de rôle"
            raise Problem(
                403,
                f"this needs the role {role}; {who.name} {has}",
                french=f"il faut pour cela le rôle « {ROLES_FR[role]} » ; {who.name} {a}",
            )
        return who

    return check


Anybody = Annotated[Visitor | None, Depends(anybody)]
SignedIn = Annotated[Visitor, Depends(_at_least(None))]
Viewer = Annotated[Visitor, Depends(_at_least("view"))]
Operating = Annotated[Visitor, Depends(_at_least("operate"))]
Administrator = Annotated[Visitor, Depends(_at_least("administer"))]


def still_allowed(request: Request, who: Visitor) -> Callable[[], Awaitable[bool]]:
    """Whether a long answer may go on: signed out or without a role, it may not."""
    site = request.app.state.site

    async def ask() -> bool:
        try:
            now = await site.in_thread(lambda: site.keeper.visitor(request))
        except (Problem, UnavailableError):
            return True
        return now is not None and now.person == who.person and now.may("view")

    return ask
