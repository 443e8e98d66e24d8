"""Telling who sends a request: by session cookie, by API token, or nobody."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from neonat.store import Row, Store, people
from neonat.web.health import now_ms
from neonat.web.options import Options
from neonat.web.source import Source

ROLES = ("view", "operate", "administer")

SESSION_MS = 12 * 3_600_000
SESSION_MAX_MS = 30 * 86_400_000
PROLONGED_EVERY_MS = 10 * 60_000
SETUP_MS = 24 * 3_600_000
# How long what the store said of a cookie or token is taken for true.
KEPT_S = 2.0
_MANY = 5000

T = TypeVar("T")


class Visitor(NamedTuple):
    """Who asks. `name` is None and `person` 0 where nobody signs in; `role` None may nothing.

    `via` is `session`, `token` or `open`; `key` is that of the session.
    """

    name: str | None
    person: int
    role: str | None
    via: str
    csrf: str
    language: str | None = None
    key: str = ""

    def may(self, role: str) -> bool:
        """Whether their role holds another."""
        return self.role in ROLES[ROLES.index(role) :]


class Keeper:
    """Asks the store about cookies and tokens; safe from any thread."""

    def __init__(self, source: Source, options: Options) -> None:
        self._source = source
        self._options = options
        self.cookie = "__Host-neonat" if options.secure else "neonat"
        # The token of those who are nobody by name; a session has its own.
        self.csrf = secrets.token_urlsafe(24)
        self._kept: dict[str, tuple[float, Visitor | None]] = {}
        self._anybody: tuple[float, bool] = (-KEPT_S, False)

    def needed(self) -> bool:
        """Whether people have to sign in; UnavailableError."""
        if self._options.sign_in != "users":
            return self._options.sign_in == "always"
        asked_at, anybody = self._anybody
        if not anybody and time.monotonic() - asked_at > KEPT_S:
            anybody = self._ask(lambda store: store.read(people.any_person))
            self._anybody = (time.monotonic(), anybody)
        return anybody

    def visitor(self, request: Request) -> Visitor | None:
        """Who sends a request, None for nobody where one has to sign in; UnavailableError."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._known("t" + hashed(token.strip()), self._of_token)
        cookie = request.cookies.get(self.cookie)
        if cookie:
            known = self._known("s" + hashed(cookie), self._of_session)
            if known is not None:
                return known
        if self.needed():
            return None
        return Visitor(None, 0, ROLES[-1], "open", self.csrf)

    def forget(self) -> None:
        """Ask the store anew: somebody's rights have changed."""
        self._kept.clear()
        self._anybody = (-KEPT_S, False)

    def begin(self, store: Store, person: Row) -> tuple[str, Visitor]:
        """A new session: what the cookie holds, and who it is."""
        cookie, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), now_ms()
        key = hashed(cookie)
        store.change(
            lambda base: people.begin_session(base, key, person["id"], csrf, now, now + SESSION_MS)
        )
        return cookie, _visitor({**person, "csrf": csrf}, "session", person["role"], key)

    def hand_over(self, response: Response, cookie: str) -> None:
        """Put a session's cookie into a response."""
        response.set_cookie(
            self.cookie,
            cookie,
            max_age=SESSION_MAX_MS // 1000,
            path="/",
            secure=self._options.secure,
            httponly=True,
            samesite="strict",
        )

    def take_back(self, response: Response) -> None:
        """Have the browser forget its cookie."""
        response.delete_cookie(
            self.cookie,
            path="/",
            secure=self._options.secure,
            httponly=True,
            samesite="strict",
        )

    def _known(self, key: str, ask: Callable[[Store, str, int], Visitor | None]) -> Visitor | None:
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < KEPT_S:
            return kept[1]
        found = self._ask(lambda store: ask(store, key[1:], now_ms()))
        if len(self._kept) > _MANY:
            self._kept.clear()
        self._kept[key] = (time.monotonic(), found)
        return found

    def _ask(self, question: Callable[[Store], T]) -> T:
        return self._source.ask(question)

    def _of_session(self, store: Store, key: str, now: int) -> Visitor | None:
        row = store.read(partial(people.session, key=key, at=now, since=now - SESSION_MAX_MS))
        if row is None:
            return None
        if row["expires_at"] - now < SESSION_MS - PROLONGED_EVERY_MS:
            store.change(partial(people.prolong, key=key, until=now + SESSION_MS))
        return _visitor(row, "session", row["role"], key)

    def _of_token(self, store: Store, key: str, now: int) -> Visitor | None:
        row = store.read(partial(people.token, key=key, at=now))
        if row is None:
            return None
        if now - (row["used_at"] or 0) > PROLONGED_EVERY_MS:
            store.change(partial(people.use_token, number=row["token_id"], at=now))
        return _visitor({**row, "csrf": ""}, "token", least(row["role"], row["token_role"]), "")


def hashed(secret: str) -> str:
    """The key under which a secret of 256 random bits is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(given: str, wanted: str) -> bool:
    """Whether two secrets are equal, in a time that says nothing."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def least(one: str | None, other: str | None) -> str | None:
    """The lesser of two roles; None when one of them is none."""
    if one not in ROLES or other not in ROLES:
        return None
    return ROLES[min(ROLES.index(one), ROLES.index(other))]


def _visitor(row: Row, via: str, role: str | None, key: str) -> Visitor:
    known = role if role in ROLES else None
    return Visitor(row["name"], row["id"], known, via, row["csrf"], row["language"], key)
