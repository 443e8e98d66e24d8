"""A gateway's configuration from the desk: `broker.host=server` as a patch, and its trial."""

import json
import secrets
from typing import Any

from neonat.board.desk import Desk, silent
from neonat.board.problem import BoardError

# On trial it starts again, connects and delivers; if it does not, the old one comes back.
TRIAL_S = 360.0


def patch(words: list[str]) -> dict[str, Any]:
    """`broker.port=8883` and the like as nested objects; a value is JSON, else text. BoardError."""
    found: dict[str, Any] = {}
    for word in words:
        path, equals, text = word.partition("=")
        keys = path.split(".")
        if not equals or not all(keys):
            raise BoardError(f"{word!r} is not KEY=VALUE, such as broker.host=server")
        inner = found
        for key in keys[:-1]:
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                raise BoardError(f"{path} is set twice, once as a whole")
        inner[keys[-1]] = value(text)
    return found


def value(text: str) -> Any:
    """JSON where it is some, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def picked(config: dict[str, Any], path: str | None) -> Any:
    """What is at `broker.host`; all without a path. BoardError when nothing is."""
    inner: Any = config
    for key in path.split(".") if path else []:
        if not isinstance(inner, dict) or key not in inner:
            raise BoardError(f"the configuration has no {path}")
        inner = inner[key]
    return inner


def apply(desk: Desk, gateway: str, change: dict[str, Any], patience_s: float = TRIAL_S) -> None:
    """Try a changed configuration and wait until the gateway has confirmed it.

    BoardError when it is refused, or rolled back because the gateway did not come back with it.
    """
    number = secrets.token_hex(4)
    command = {"id": number, "command": "set-config", "config": change}
    desk.listen(gateway, "reply")
    desk.post(gateway, json.dumps(command).encode())
    try:
        state = desk.reply(gateway, number).get("state")
    except TimeoutError:
        raise BoardError(silent(gateway)) from None
    while state == "trial":
        try:
            state = desk.reply(gateway, number, patience_s).get("state")
        except TimeoutError:
            raise BoardError(
                f"{gateway} has not confirmed it within {patience_s:.0f} s and goes back by itself:"
                " look with `neonat board status`"
            ) from None
