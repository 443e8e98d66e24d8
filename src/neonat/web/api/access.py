"""Signing in and out, and what one is."""

import time
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from neonat.store import Row, Store, people, trail
from neonat.web.access import passwords
from neonat.web.access.keeper import ROLES, Visitor, hashed
from neonat.web.access.roles import Anybody, SignedIn
from neonat.web.encode import Json
from neonat.web.health import now_ms
from neonat.web.language import LANGUAGES, language_of
from neonat.web.problem import Problem
from neonat.web.shapes import Asked, Shape, asked, example
from neonat.web.site import Here, Site, entry_of

router = APIRouter(prefix="/api/v1", tags=["access"])

NAME = r"^[\w.@+-]{1,64}$"
Name = Annotated[str, Field(pattern=NAME)]
Password = Annotated[str, Field(min_length=1, max_length=passwords.LENGTH_MAX)]

_ME = {
    "user": "anna",
    "role": "operate",
    "roles": ["view", "operate"],
    "csrf": "b2Zm…",
    "language": "fr",
    "sign_in": {"required": True, "password": True, "oidc": None, "setup": False},
}


class Oidc(Shape):
    """Signing in at a hospital's own provider: a link and its words."""

    title: str
    href: str


class SignIn(Shape):
    """What signing in is like here."""

    required: bool
    password: bool
    oidc: Oidc | None
    setup: bool


class Me(Shape):
    """Who asks: `user` is null for nobody, `roles` are all that they have."""

    model_config = example(_ME)
    user: str | None
    role: str | None
    roles: list[str]
    csrf: str
    language: str
    sign_in: SignIn


class Credentials(Asked):
    """A name and a password."""

    model_config = asked({"user": "anna", "password": "correct horse battery"})
    user: Annotated[str, Field(min_length=1, max_length=64)]
    password: Password


class First(Asked):
    """The one-time link and who is to be the first administrator."""

    model_config = asked({"token": "…", "user": "anna", "password": "correct horse battery"})
    token: Annotated[str, Field(max_length=200)]
    user: Name
    password: Password


class MyChanges(Asked):
    """One's own settings; a null language follows the browser."""

    model_config = asked({"language": "fr"})
    language: Annotated[str, Field(pattern="^(" + "|".join(LANGUAGES) + ")$")] | None


class NewPassword(Asked):
    """The password of today and the next."""

    model_config = asked(
        {"password": "correct horse battery", "new_password": "staple of another horse"}
    )
    password: Password
    new_password: Password


@router.get("/me", response_model=Me)
async def me(request: Request, site: Here, who: Anybody) -> Response:
    """Who asks, what they may, and whether one has to sign in here; answers everybody."""
    return Json(await _me(request, site, who))


@router.post("/sign-in", response_model=Me)
async def sign_in(request: Request, site: Here, who: Anybody, given: Credentials) -> Response:
    """Begin a session by name and password."""
    address = request.client.host if request.client else ""
    now = time.monotonic()
    wait = site.throttle.wait(given.user, address, now)
    if wait > 0:
        raise Problem(
            429,
            f"too many tries; wait {wait:.0f} s",
            {"Retry-After": str(max(1, round(wait)))},
            french=f"trop de tentatives ; attendez {wait:.0f} s",
        )
    # Counted before it is known, so that many at once are no way around the wait.
    site.throttle.failed(given.user, address, now)
    row = await site.ask(lambda store: store.read(lambda ask: people.person(ask, given.user)))
    kept = None if row is None or row["disabled"] else row["password"]
    if not await site.hash(lambda: passwords.fits(given.password, kept)):
        await site.note(None, "sign-in", "refused", user=given.user, address=address)
        raise Problem(
            401,
            "the name or the password is wrong",
            kind="wrong-password",
            french="le nom ou le mot de passe est faux",
        )
    assert row is not None
    site.throttle.succeeded(given.user, address)
    if passwords.outdated(row["password"]):
        await _renew(site, given)
    return await begin(request, site, row, "password")


@router.post("/sign-out", status_code=204)
async def sign_out(site: Here, who: SignedIn) -> Response:
    """End the session."""
    if who.via == "session":
        await site.change(who, "sign-out", lambda base: people.end_session(base, who.key))
        site.keeper.forget()
    response = Response(status_code=204)
    site.keeper.take_back(response)
    return response


@router.post("/setup", response_model=Me)
async def setup(request: Request, site: Here, given: First) -> Response:
    """Make the first administrator with the link that the first start printed, and sign in."""
    offered = await site.ask(
        lambda store: store.read(lambda ask: people.setup_is(ask, hashed(given.token), now_ms()))
    )
    if not offered:
        raise _wrong_link()
    password = await kept_password(site, given.user, given.password)

    def make(store: Store) -> Row | None:
        def work(base: Any) -> Row | None:
            now = now_ms()
            if not people.use_setup(base, hashed(given.token), now):
                return None
            if people.administrators(base):
                return None
            made = people.add(base, given.user, ROLES[-1], now, password)
            trail.add(base, entry_of(None, "setup", None, "done", {"user": given.user}))
            return made

        return store.change(work)

    row = await site.ask(make)
    if row is None:
        raise _wrong_link()
    site.keeper.forget()
    return await begin(request, site, row, "setup")


@router.patch("/me", response_model=Me)
async def change_me(request: Request, site: Here, who: SignedIn, given: MyChanges) -> Response:
    """Change one's own settings."""
    name = _somebody(who)
    await site.ask(
        lambda store: store.change(
            lambda base: people.change(base, name, {"language": given.language})
        )
    )
    site.keeper.forget()
    return Json(await _me(request, site, who._replace(language=given.language)))


@router.post("/me/password", status_code=204)
async def change_password(site: Here, who: SignedIn, given: NewPassword) -> Response:
    """Change one's own password; other sessions of the same person end."""
    name = _somebody(who)
    row = await site.ask(lambda store: store.read(lambda ask: people.person(ask, name)))
    kept = row["password"] if row else None
    if not await site.hash(lambda: passwords.fits(given.password, kept)):
        raise Problem(
            403,
            "the password of today is wrong",
            kind="wrong-password",
            french="le mot de passe actuel est faux",
        )
    password = await kept_password(site, name, given.new_password)

    def work(base: Any) -> None:
        people.change(base, name, {"password": password})
        people.end_sessions(base, who.person, who.key)

    await site.change(who, "change-password", work)
    site.keeper.forget()
    return Response(status_code=204)


async def begin(request: Request, site: Site, row: Row, how: str) -> Response:
    """The response that begins a session."""
    cookie, who = await site.ask(lambda store: site.keeper.begin(store, row))
    await site.note(who, "sign-in", "done", how=how)
    response = Json(await _me(request, site, who))
    site.keeper.hand_over(response, cookie)
    return response


async def kept_password(site: Site, name: str, password: str) -> str:
    """The hash of a new password; Problem 400 for one that is too weak."""
    try:
        passwords.check(name, password)
    except passwords.WeakPasswordError as error:
        raise Problem(400, str(error), kind="weak-password", french=error.french) from error
    return await site.hash(lambda: passwords.hashed(password))


def _wrong_link() -> Problem:
    return Problem(
        403,
        "this link was used or is too old; restart the server for a new one",
        kind="wrong-link",
        french="ce lien a servi ou est trop ancien ; redémarrez le serveur pour un nouveau",
    )


def _somebody(who: Visitor) -> str:
    if who.name is None:
        raise Problem(
            409,
            "nobody signs in here, so there is nothing of one's own to change",
            french="personne ne se connecte ici : il n'y a donc rien à changer pour soi",
        )
    return who.name


async def _renew(site: Site, given: Credentials) -> None:
    password = await site.hash(lambda: passwords.hashed(given.password))
    await site.ask(
        lambda store: store.change(
            lambda base: people.change(base, given.user, {"password": password})
        )
    )


async def _me(request: Request, site: Site, who: Visitor | None) -> Row:
    def look(store: Store) -> tuple[bool, bool]:
        offered = store.read(lambda ask: people.setup_offered(ask, now_ms()))
        return site.keeper.needed(), offered

    required, offered = await site.ask(look)
    role = who.role if who else None
    oidc = site.options.oidc
    own = who.language if who else None
    return {
        "user": who.name if who else None,
        "role": role,
        "roles": list(ROLES[: ROLES.index(role) + 1]) if role else [],
        "csrf": who.csrf if who else "",
        "language": language_of(request.headers.get("accept-language"), own),
        "sign_in": {
            "required": required,
            "password": True,
            "oidc": None if oidc is None else {"title": oidc.title, "href": "/sign-in/oidc"},
            "setup": offered,
        },
    }
