"""The page's files, read once: nothing a request says is ever a path."""

import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
PAGE = "index.html"


class Asset(NamedTuple):
    """One file: its bytes, the same packed, media type and entity tag."""

    data: bytes
    packed: bytes
    media_type: str
    etag: str


def load_assets() -> dict[str, Asset]:
    """The path of each file to its content; the page itself is `/`."""
    assets = {}
    for file in sorted(STATIC.iterdir()):
        if not file.is_file():
            continue
        data = file.read_bytes()
        media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        etag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
        assets["/" if file.name == PAGE else f"/static/{file.name}"] = Asset(
            data, gzip.compress(data, mtime=0), media_type, etag
        )
    return assets


def serve_asset(asset: Asset) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that gives one file, packed to who takes it so, or 304 to who has it."""
    headers = {"ETag": asset.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}

    async def endpoint(request: Request) -> Response:
        if asset.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            packed = {**headers, "Content-Encoding": "gzip"}
            return Response(asset.packed, media_type=asset.media_type, headers=packed)
        return Response(asset.data, media_type=asset.media_type, headers=headers)

    return endpoint
