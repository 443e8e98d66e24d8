"""JSON that any client can read, whatever a gateway said of itself."""

import json
import math
from typing import Any

from starlette.responses import Response


def to_json(value: Any) -> bytes:
    """Compact UTF-8 JSON; NaN and infinities become null, half characters a question mark."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


class Json(Response):
    """A JSON response by `to_json`."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return to_json(content)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
