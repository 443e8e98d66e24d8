"""The web server of `neonat web`: one process, stopped by an event."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn

from neonat.web.address import is_loopback, why
from neonat.web.app import create_app
from neonat.web.options import Options

__all__ = ["ServeError", "is_loopback", "serve"]

CONNECTIONS_MAX = 1000
STOP_S = 2


class ServeError(Exception):
    """The server cannot start: one line that says why and what to do."""


def serve(
    options: Options,
    host: str,
    port: int,
    stop_event: threading.Event,
    ready: Callable[[str], None] | None = None,
    certificate: tuple[str, str] | None = None,
) -> None:
    """Serve the page and the HTTP API of a database until `stop_event` is set.

    The database may be missing: `/healthz` says so and it is tried again. `port` 0 takes a free
    one; `ready` gets the address once requests are answered. Raises ServeError when the address
    cannot be had. Takes any address: whether one without sign-in is wise is the caller's to ask.
    `certificate` is a file with it and one with its key (PEM), for HTTPS.
    """
    listener = _listen(host, port)
    try:
        asyncio.run(_serve(options, listener, stop_event, ready, certificate))
    finally:
        listener.close()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command's: it sets the stop event."""
        yield


async def _serve(
    options: Options,
    listener: socket.socket,
    stop_event: threading.Event,
    ready: Callable[[str], None] | None,
    certificate: tuple[str, str] | None,
) -> None:
    file, key = certificate or (None, None)
    config = uvicorn.Config(
        create_app(options),
        ssl_certfile=file,
        ssl_keyfile=key,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # A proxy on this machine says who asks; nobody else is believed.
        proxy_headers=options.public_url is not None,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=STOP_S,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve([listener]))
    while not (server.started or running.done()):
        await asyncio.sleep(0.01)
    if ready is not None and not running.done():
        ready(_address(listener, certificate is not None))
    while not (stop_event.is_set() or running.done()):
        await asyncio.sleep(0.05)
    server.should_exit = True
    await running


def _listen(host: str, port: int) -> socket.socket:
    bare = host.removeprefix("[").removesuffix("]")
    try:
        found = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        return socket.create_server(address[:2], family=family, backlog=256)
    except (OSError, UnicodeError, OverflowError) as error:
        raise ServeError(
            f"cannot listen on {host}:{port}: {why(error)}; choose another address with --http"
        ) from error


def _address(listener: socket.socket, tls: bool) -> str:
    host, port = listener.getsockname()[:2]
    bare = f"[{host}]" if ":" in host else host
    return f"http{'s' if tls else ''}://{bare}:{port}/"
