"""What every endpoint needs: the threads in which the store is asked, and who is asking."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends
from starlette.requests import Request

from neonat.store import Store, trail
from neonat.store.trail import Entry
from neonat.web import facts
from neonat.web.access.keeper import Keeper, Visitor
from neonat.web.access.throttle import Throttle
from neonat.web.acts import Acts
from neonat.web.fleet import Fleet
from neonat.web.health import Health, now_ms
from neonat.web.hub import Hub
from neonat.web.options import Options
from neonat.web.problem import Problem
from neonat.web.source import Source
from neonat.web.ward import Ward

if TYPE_CHECKING:
    from neonat.store.base import Base
    from neonat.web.access.oidc import Provider

T = TypeVar("T")

THREADS = 4
WAITING_MAX = 64
# Each takes 64 MiB while it works.
HASHERS = 2
HASHING_MAX = 16


class Site:
    """One running server."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.source = Source(options.db_url)
        self.health = Health(self.source)
        self.acts = Acts()
        self.keeper = Keeper(self.source, options)
        self.throttle = Throttle()
        self.provider = _provider(options)
        self.ward = Ward(self.health)
        self.fleet = Fleet()
        self.hub = Hub(self.source, self.ward.told, self.health.status)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="web-store")
        self._waiting = 0
        self._hashers = ThreadPoolExecutor(HASHERS, thread_name_prefix="web-hash")
        self._hashing = 0
        self.downloads = 0

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """Watch the store while the server runs."""
        self.hub.start(asyncio.get_running_loop())
        try:
            yield
        finally:
            self.hub.stop()
            self.acts.close()
            for pool in (self._pool, self._hashers):
                pool.shutdown(wait=False, cancel_futures=True)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do what may wait, out of the event loop; Problem 503 when too much of it waits."""
        if self._waiting >= WAITING_MAX:
            raise Problem(
                503,
                "too many requests at once; try again later",
                {"Retry-After": "1"},
                french="trop de demandes à la fois ; réessayez plus tard",
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    async def hash(self, work: Callable[[], T]) -> T:
        """Work on a password, away from those who ask the store; Problem 503 when many do."""
        if self._hashing >= HASHING_MAX:
            raise Problem(
                503,
                "too many sign-ins at once; try again",
                {"Retry-After": "2"},
                french="trop de connexions à la fois ; réessayez",
            )
        self._hashing += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._hashers, work)
        finally:
            self._hashing -= 1

    async def ask(self, question: Callable[[Store], T]) -> T:
        """The store's answer; UnavailableError."""
        return await self.in_thread(lambda: self.source.ask(question))

    async def change(
        self,
        who: Visitor | None,
        action: str,
        work: "Callable[[Base], T]",
        gateway: str | None = None,
        **details: Any,
    ) -> T:
        """Do the work and write it into the audit trail, both or neither; UnavailableError."""
        entry = entry_of(who, action, gateway, "done", details)

        def both(base: "Base") -> T:
            done = work(base)
            trail.add(base, entry)
            return done

        return await self.ask(lambda store: store.change(both))

    async def note(
        self,
        who: Visitor | None,
        action: str,
        outcome: str,
        gateway: str | None = None,
        **details: Any,
    ) -> None:
        """Write what was tried into the audit trail; UnavailableError."""
        entry = entry_of(who, action, gateway, outcome, details)
        await self.ask(lambda store: store.change(lambda base: trail.add(base, entry)))

    async def ask_of(self, gateway: str, question: Callable[[Store], T | None]) -> T:
        """The store's answer about a gateway; Problem 404 when nobody has seen it."""

        def of_known(store: Store) -> T | None:
            return question(store) if facts.knows(store, gateway) else None

        found = await self.ask(of_known)
        if found is None:
            raise Problem(
                404,
                f"no gateway {gateway[:40]!r} has been seen",
                french=f"aucune passerelle {gateway[:40]!r} n'a été vue",
            )
        return found


def _provider(options: Options) -> "Provider | None":
    if options.oidc is None:
        return None
    # Half a second of imports that few servers need.
    from neonat.web.access.oidc import Provider

    return Provider(options.oidc)


def entry_of(
    who: Visitor | None, action: str, gateway: str | None, outcome: str, details: dict[str, Any]
) -> Entry:
    """An entry of the audit trail, now."""
    name, via = (None, "open") if who is None else (who.name, who.via)
    return Entry(now_ms(), name, via, action, gateway, outcome, details)


def site_of(request: Request) -> Site:
    """The server that a request came to."""
    return request.app.state.site


Here = Annotated[Site, Depends(site_of)]
