"""What was asked of gateways lately, and the threads that wait for their replies."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from neonat.web.health import now_ms
from neonat.web.problem import Problem
from neonat.web.query import stamp

T = TypeVar("T")

KEPT = 20
THREADS = 8
# At most this many updates and commands at once.
UNDER_WAY_MAX = 32


class Act:
    """One action on one gateway."""

    def __init__(self, gateway: str, action: str) -> None:
        self.id = secrets.token_hex(4)
        self.gateway = gateway
        self.action = action
        self.state = "asked"
        self.reply: dict[str, Any] | None = None
        self.error: str | None = None
        self.progress: float | None = None
        self.asked_at = now_ms()
        self.ended_at: int | None = None

    def answered(self, reply: dict[str, Any] | None) -> None:
        """The gateway's reply has come, or none in time."""
        if reply is None:
            self.ended("no_reply", "the gateway does not answer: is it online?")
            return
        self.reply = {key: reply[key] for key in reply if key not in ("id", "command")}
        if reply.get("ok"):
            self.ended("done", None)
        else:
            self.ended("refused", str(reply.get("error", "refused without a reason")))

    def moved(self, state: str, progress: float) -> None:
        """An update is `sending` or on `trial`."""
        self.state, self.progress = state, progress

    def ended(self, state: str, error: str | None) -> None:
        """It is over."""
        self.state, self.error, self.ended_at = state, error, now_ms()

    def failed(self, error: str) -> None:
        """The broker was not there."""
        self.ended("no_reply", error)

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **{key: getattr(self, key) for key in ("id", "gateway", "action", "state", "reply")},
            "error": self.error,
            "progress": self.progress,
            "asked_at": stamp(self.asked_at),
            "ended_at": stamp(self.ended_at),
        }


class Acts:
    """The latest of each gateway."""

    def __init__(self) -> None:
        self._acts: dict[str, deque[Act]] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="web-act")
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0

    def begin(self, gateway: str, action: str) -> Act:
        """A new one; Problem 503 when too many are under way, 409 for a second update."""
        if self._waiting >= UNDER_WAY_MAX:
            raise Problem(
                503,
                "too many actions at once; try again later",
                {"Retry-After": "5"},
                french="trop d'actions à la fois ; réessayez plus tard",
            )
        mine = self._acts.setdefault(gateway, deque(maxlen=KEPT))
        if action == "update" and any(
            act.action == "update" and act.ended_at is None for act in mine
        ):
            raise Problem(
                409,
                f"an update of {gateway} is under way",
                french=f"une mise à jour de {gateway} est en cours",
            )
        made = Act(gateway, action)
        mine.appendleft(made)
        return made

    def of(self, gateway: str) -> list[Act]:
        """Those of one gateway, the newest first."""
        return list(self._acts.get(gateway, ()))

    def keep(self, task: "asyncio.Task[None]") -> None:
        """Hold what goes on behind an answer."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Wait for a gateway."""
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let go of what is under way."""
        for task in self._tasks:
            task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
