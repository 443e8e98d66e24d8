"""A long file made while it is sent: a piece at a time, in a thread, out of the event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator

from starlette.responses import StreamingResponse

from neonat.web.problem import Problem
from neonat.web.site import Site

# Each holds a connection to the database and one state of it.
AT_ONCE = 4


class Download(StreamingResponse):
    """`pieces` as a CSV file `name`; Problem 503 when too many are under way."""

    media_type = "text/csv; charset=utf-8"

    def __init__(self, site: Site, pieces: Generator[str, None, None], name: str) -> None:
        if site.downloads >= AT_ONCE:
            raise Problem(
                503,
                "too many exports at once; try again later",
                {"Retry-After": "10"},
                french="trop d'exports à la fois ; réessayez plus tard",
            )
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(_sent(site, pieces), headers=disposition)


async def _sent(site: Site, pieces: Generator[str, None, None]) -> AsyncIterator[str]:
    # Whoever leaves while a piece is made leaves it to the thread to end first.
    turn = threading.Lock()

    def one() -> str | None:
        with turn:
            return next(pieces, None)

    def end() -> None:
        with turn:
            pieces.close()

    site.downloads += 1
    try:
        while (piece := await site.in_thread(one)) is not None:
            yield piece
    finally:
        site.downloads -= 1
        asyncio.get_running_loop().run_in_executor(None, end)
