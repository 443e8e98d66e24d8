"""The live stream as server-sent events."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from neonat.web.hub import Client, Hub

HEARTBEAT_S = 10.0
WRITE_S = 20.0
ALLOWED_EVERY_S = 15.0

_log = logging.getLogger(__name__)


class EventStream(Response):
    """Sends `first` and then what the hub has for `client`, until one of them leaves.

    A client that does not take a chunk within `WRITE_S` is let go: it comes back by itself. So
    is one that `allowed`, asked every `ALLOWED_EVERY_S`, does not let go on.
    """

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, client: Client, allowed: Callable[[], Awaitable[bool]]) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._client = client
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(self._watch(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._write(send, b"retry: 1000\n\n")
            asked_at = time.monotonic()
            while not self._client.closed:
                if time.monotonic() - asked_at > ALLOWED_EVERY_S:
                    asked_at = time.monotonic()
                    if not await self._allowed():
                        break
                await self._write(send, self._client.take() or await self._quiet())
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (TimeoutError, OSError):
            _log.info("a listener was too slow or left")
        finally:
            gone.cancel()
            self._hub.leave(self._client)

    async def _quiet(self) -> bytes:
        try:
            await asyncio.wait_for(self._client.wake.wait(), HEARTBEAT_S)
        except TimeoutError:
            return b": still here\n\n"
        return b""

    async def _write(self, send: Send, data: bytes) -> None:
        if data:
            message = {"type": "http.response.body", "body": data, "more_body": True}
            await asyncio.wait_for(send(message), WRITE_S)

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._client.close()
