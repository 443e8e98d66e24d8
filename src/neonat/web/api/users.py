"""Users and API tokens."""

import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from neonat.store import Row, people
from neonat.web.access.keeper import ROLES, hashed, least
from neonat.web.access.roles import Administrator, SignedIn, Viewer
from neonat.web.api.access import Name, Password, kept_password
from neonat.web.encode import Json
from neonat.web.health import now_ms
from neonat.web.problem import Problem
from neonat.web.query import stamp
from neonat.web.shapes import TIME, Asked, Shape, Stamp, Word, asked, example
from neonat.web.site import Here
from neonat.web.words import ROLES_FR

router = APIRouter(prefix="/api/v1", tags=["access"])

DAY_MS = 86_400_000
Role = Literal["view", "operate", "administer"]
_USER = {
    "user": "anna",
    "role": "operate",
    "disabled": False,
    "oidc": False,
    "created_at": TIME,
    "signed_in_at": None,
}
_TOKEN = {
    "id": 5,
    "name": "Grafana",
    "user": "anna",
    "role": "view",
    "created_at": TIME,
    "expires_at": TIME,
    "used_at": None,
}


class User(Shape):
    """Somebody who can sign in; without a role they see nothing."""

    model_config = example(_USER)
    user: str
    role: str | None
    disabled: bool
    oidc: bool
    created_at: Stamp | None
    signed_in_at: Stamp | None


class Users(Shape):
    """All of them by name."""

    model_config = example({"users": [_USER]})
    users: list[User]


class NewUser(Asked):
    """Who is to be added; without a role they see nothing."""

    model_config = asked({"user": "anna", "password": "correct horse battery", "role": "view"})
    user: Name
    password: Password
    role: Role | None = None


class UserChanges(Asked):
    """What is to be changed; their sessions end."""

    model_config = asked({"role": "operate"}, {"disabled": True})
    role: Role | None = None
    password: Password = ""
    disabled: bool = False


class Token(Shape):
    """An API token; it is kept as a hash and cannot be shown again."""

    model_config = example(_TOKEN)
    id: int
    name: str
    user: str
    role: str
    created_at: Stamp | None
    expires_at: Stamp | None
    used_at: Stamp | None


class Tokens(Shape):
    """Tokens by number."""

    model_config = example({"tokens": [_TOKEN]})
    tokens: list[Token]


class NewToken(Asked):
    """A token for a program: its role is at most one's own, `days` null is for ever."""

    model_config = asked({"name": "Grafana", "role": "view", "days": 365})
    name: Word
    role: Role
    days: Annotated[int, Field(ge=1, le=3660)] | None = 365


class MadeToken(Token):
    """The token itself, shown this once."""

    model_config = example({**_TOKEN, "token": "nt_…"})
    token: str


@router.get("/users", response_model=Users)
async def users(site: Here, who: Administrator) -> Response:
    """All users."""
    rows = await site.ask(lambda store: store.read(people.everybody))
    return Json({"users": [_user(row) for row in rows]})


@router.post("/users", status_code=201, response_model=User)
async def add(site: Here, who: Administrator, given: NewUser) -> Response:
    """Add a user."""
    password = await kept_password(site, given.user, given.password)
    now = now_ms()
    row = await site.change(
        who,
        "add-user",
        lambda base: people.add(base, given.user, given.role, now, password),
        user=given.user,
        role=given.role,
    )
    site.keeper.forget()
    return Json(_user(row), status_code=201)


@router.patch("/users/{user}", response_model=User)
async def change(site: Here, who: Administrator, user: Name, given: UserChanges) -> Response:
    """Change a user's role or password, or shut them out; their sessions end."""
    changes = given.model_dump(exclude_unset=True)
    noted = {key: value for key, value in changes.items() if key != "password"}
    if "password" in changes:
        changes["password"] = await kept_password(site, user, given.password)
        noted["new_password"] = True
    if "disabled" in changes:
        changes["disabled"] = int(changes["disabled"])

    def work(base: Any) -> Row:
        row = people.change(base, user, changes)
        if row is None:
            raise _missing(user)
        _keep_one(base)
        people.end_sessions(base, row["id"], who.key)
        return row

    row = await site.change(who, "change-user", work, user=user, **noted)
    site.keeper.forget()
    return Json(_user(row))


@router.delete("/users/{user}", status_code=204)
async def remove(site: Here, who: Administrator, user: Name) -> Response:
    """Take a user away with their sessions and tokens; the trail keeps the name."""

    def work(base: Any) -> None:
        if not people.remove(base, user):
            raise _missing(user)
        _keep_one(base)

    await site.change(who, "remove-user", work, user=user)
    site.keeper.forget()
    return Response(status_code=204)


@router.get("/tokens", response_model=Tokens)
async def tokens(site: Here, who: SignedIn) -> Response:
    """One's own tokens; all of them for an administrator."""
    name = None if who.may(ROLES[-1]) else who.name
    rows = await site.ask(lambda store: store.read(lambda ask: people.tokens(ask, name)))
    return Json({"tokens": [_token(row) for row in rows]})


@router.post("/tokens", status_code=201, response_model=MadeToken)
async def add_token(site: Here, who: Viewer, given: NewToken) -> Response:
    """Make a token; it is shown this once."""
    if who.name is None:
        raise Problem(
            409,
            "nobody signs in here: no token is needed",
            french="personne ne se connecte ici : aucun jeton n'est nécessaire",
        )
    if who.via == "token":
        raise Problem(
            403,
            "a token cannot make another: sign in",
            french="un jeton ne peut pas en faire un autre : connectez-vous",
        )
    if least(who.role, given.role) != given.role:
        mine = ROLES_FR.get(who.role or "", "")
        raise Problem(
            403,
            f"a token of {who.name} can have at most the role {who.role}",
            french=f"un jeton de {who.name} peut avoir au plus le rôle « {mine} »",
        )
    token, now = "nt_" + secrets.token_urlsafe(32), now_ms()
    until = None if given.days is None else now + given.days * DAY_MS
    row = await site.change(
        who,
        "add-token",
        lambda base: people.add_token(
            base, hashed(token), given.name, who.person, given.role, now, until
        ),
        name=given.name,
        role=given.role,
    )
    return Json({**_token(row), "token": token}, status_code=201)


@router.delete("/tokens/{number}", status_code=204)
async def remove_token(
    site: Here, who: SignedIn, number: Annotated[int, Field(ge=1, le=2**62)]
) -> Response:
    """Take a token away; an administrator can anybody's."""
    name = None if who.may(ROLES[-1]) else who.name

    def work(base: Any) -> None:
        if not people.remove_token(base, number, name):
            raise Problem(
                404,
                f"there is no token {number} of yours",
                french=f"vous n'avez pas de jeton {number}",
            )

    await site.change(who, "remove-token", work, token=number)
    site.keeper.forget()
    return Response(status_code=204)


def _keep_one(base: Any) -> None:
    """Problem 409 where nobody could administer any more: nothing is changed then."""
    if not people.administrators(base):
        raise Problem(
            409,
            "this is the last administrator; make another one first",
            kind="last-administrator",
            french="c'est le dernier administrateur ; nommez-en d'abord un autre",
        )


def _missing(user: str) -> Problem:
    return Problem(404, f"there is no user {user!r}", french=f"il n'y a pas d'utilisateur {user!r}")


def _user(row: Row) -> Row:
    return {
        "user": row["name"],
        "role": row["role"],
        "disabled": bool(row["disabled"]),
        "oidc": row["subject"] is not None,
        "created_at": stamp(row["created_at"]),
        "signed_in_at": stamp(row["signed_in_at"]),
    }


def _token(row: Row) -> Row:
    return {
        "id": row["id"],
        "name": row["name"],
        "user": row["person"],
        "role": row["role"],
        "created_at": stamp(row["created_at"]),
        "expires_at": stamp(row["expires_at"]),
        "used_at": stamp(row["used_at"]),
    }
