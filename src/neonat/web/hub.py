"""One watcher of the store for all who listen: what changed goes out once encoded."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from neonat.store import Store
from neonat.web.encode import to_json
from neonat.web.problem import Problem
from neonat.web.query import CHANGE_MAX
from neonat.web.source import Source, UnavailableError

POLL_S = 0.025
POLL_ALONE_S = 0.5
CLOCK_S = 5.0
PERIOD_S = 0.25
BURST = 4
CLIENTS_MAX = 200

Describe = Callable[[Store, str], dict[str, Any] | None]
Status = Callable[[], dict[str, Any]]

_log = logging.getLogger(__name__)


def event(kind: str, data: dict[str, Any]) -> bytes:
    """One server-sent event without its id; JSON text never holds a line end."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), to_json(data))


class Pace:
    """At most `BURST` events at once and one each `PERIOD_S` for one gateway.

    The burst lets what a gateway sends in a normal second through without waiting.
    """

    def __init__(self) -> None:
        self._free_at: dict[str, float] = {}

    def allows(self, gateway: str, now: float) -> bool:
        """Whether an event may go out now (then it is counted)."""
        free_at = max(self._free_at.get(gateway, now), now)
        if free_at - now > (BURST - 1) * PERIOD_S:
            return False
        self._free_at[gateway] = free_at + PERIOD_S
        return True


class Client:
    """What one listener has not been sent yet: the newest event of each gateway, never more.

    `floor` is the change number up to which nothing is missing once all that waits is sent.
    """

    def __init__(self, since: int) -> None:
        self.wake = asyncio.Event()
        self.closed = False
        self._waiting: dict[str, bytes] = {}
        self._clock: bytes | None = None
        self._sent = since
        self._floor = since

    def offer(self, events: dict[str, bytes], floor: int) -> None:
        """Take newer events; what waits for the same gateway is replaced."""
        self._waiting.update(events)
        self._floor = max(self._floor, floor)
        self.wake.set()

    def catch_up(self, events: dict[str, bytes], floor: int) -> None:
        """Take a snapshot; what already waits was seen by the hub, which sends again if older."""
        self.offer({**events, **self._waiting}, floor)

    def tick(self, clock: bytes) -> None:
        """Take the server's time; only the newest waits."""
        self._clock = clock
        self.wake.set()

    def close(self) -> None:
        """Nothing more will come."""
        self.closed = True
        self.wake.set()

    def take(self) -> bytes:
        """The bytes to send now, empty when there is nothing.

        Only the last event of a batch carries the new number: a client that got half of it
        asks for all of it again.
        """
        self.wake.clear()
        waiting, self._waiting = self._waiting, {}
        clock, self._clock = self._clock, None
        parts = [clock] if clock else []
        for index, text in enumerate(waiting.values(), 1):
            if index == len(waiting):
                self._sent = self._floor
            parts.append(b"id: %d\n" % self._sent + text)
        return b"".join(parts)


class Hub:
    """Watches the store from one thread and hands events to the clients of one event loop."""

    def __init__(self, source: Source, describe: Describe, status: Status) -> None:
        self._source = source
        self._describe = describe
        self._status = status
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clients: set[Client] = set()
        self._stop = threading.Event()
        self._busy = threading.Event()
        self._thread = threading.Thread(target=self._run, name="web-hub", daemon=True)
        self._pace = Pace()
        self._pending: dict[str, int] = {}
        self._change: int | None = None
        self._clock_at = 0.0
        self.events = 0
        self.refused = 0

    @property
    def clients(self) -> int:
        """How many listen now."""
        return len(self._clients)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch; clients live in `loop`."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """End the watching and every client's stream; to be called from the loop."""
        self._stop.set()
        self._busy.set()
        self._close_all()

    def join(self, since: int) -> Client:
        """A new listener; Problem 503 when there are too many."""
        if len(self._clients) >= CLIENTS_MAX:
            self.refused += 1
            raise Problem(
                503,
                "too many listeners; try again later",
                {"Retry-After": "5"},
                french="trop de pages ouvertes à la fois ; réessayez plus tard",
            )
        client = Client(since)
        self._clients.add(client)
        self._busy.set()
        return client

    def leave(self, client: Client) -> None:
        """Forget a listener."""
        self._clients.discard(client)

    def snapshot(self, since: int) -> tuple[dict[str, bytes], int]:
        """The events of all that changed after `since`, and the change number they bring one to.

        A number the store never gave (its file was replaced) counts as 0. Raises UnavailableError.
        """
        change, gateways = self._source.ask(lambda store: store.changes(since))
        if change < since:
            change, gateways = self._source.ask(lambda store: store.changes(0))
        return self._events(gateways), change

    def clock(self) -> bytes:
        """The event with the server's time and state."""
        return event("clock", self._status())

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._round(time.monotonic())
            except UnavailableError:
                self._stop.wait(POLL_ALONE_S)
            except Exception:
                _log.exception("the watcher of the store failed")
                self._stop.wait(POLL_ALONE_S)
            if self._clients:
                self._stop.wait(POLL_S)
            else:
                self._busy.wait(POLL_ALONE_S)
                self._busy.clear()
        self._source.close()

    def _round(self, now: float) -> None:
        if now - self._clock_at >= CLOCK_S and self._clients:
            self._clock_at = now
            self._tell(self._tick_all, self.clock())
        self._look()
        ready = [name for name in self._pending if self._pace.allows(name, now)]
        if not ready:
            return
        events = self._events(ready)
        for name in ready:
            del self._pending[name]
        floor = min(self._pending.values(), default=self._change or 0)
        self.events += len(events)
        self._tell(self._offer_all, events, floor)

    def _look(self) -> None:
        since = CHANGE_MAX if self._change is None else self._change
        change, gateways = self._source.ask(lambda store: store.changes(since))
        if change < since:
            if self._change is not None:
                self._tell(self._close_all)
            gateways = []
        self._change = change
        if not self._clients:
            self._pending.clear()
            return
        for name in gateways:
            self._pending.setdefault(name, since)

    def _events(self, gateways: list[str]) -> dict[str, bytes]:
        events = {}
        trouble: UnavailableError | None = None
        for name in gateways:
            try:
                facts = self._source.ask(partial(self._facts, name))
            except UnavailableError as error:
                trouble = error
                continue
            if facts is not None:
                events[name] = event("gateway", facts)
        # One gateway that cannot be told is no reason to be silent about the others.
        if trouble is not None and not events:
            raise trouble
        return events

    def _facts(self, name: str, store: Store) -> dict[str, Any] | None:
        return self._describe(store, name)

    def _tell(self, what: Callable[..., None], *args: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *args)

    def _offer_all(self, events: dict[str, bytes], floor: int) -> None:
        for client in self._clients:
            client.offer(events, floor)

    def _tick_all(self, clock: bytes) -> None:
        for client in self._clients:
            client.tick(clock)

    def _close_all(self) -> None:
        for client in self._clients:
            client.close()
