"""A new version onto a gateway: built here, signed, sent in pieces, followed until confirmed."""

import json
import secrets
import time
from collections.abc import Callable

from neonat.board.desk import Desk, parsed, silent
from neonat.board.files import LIBRARY, Files
from neonat.board.problem import BoardError
from neonat.gateway.bundle import BundleError, key_of
from neonat.update import Delivery, UpdateError, pack

# The format of compiled files, MicroPython 1.23 and later (py/persistentcode.h).
MPY_VERSION = 6
SILENCE_S = 5.0
# On trial it starts again, finds the line, connects and delivers; then it confirms.
TRIAL_S = 300.0

Progress = Callable[[str, float, float], None]


def bundle(program: Files, key: str, version: str, counter: int | None = None) -> bytes:
    """The bundle of a board's modules; `counter` is the time unless given. BoardError."""
    modules = {
        path.removeprefix(LIBRARY + "/"): content
        for path, content in program.items()
        if path.startswith(LIBRARY + "/")
    }
    try:
        number = int(time.time()) if counter is None else counter
        return pack(modules, key_of(key), version, number, MPY_VERSION)
    except BundleError as error:
        raise BoardError(f"no bundle can be made: {error}") from error


def send(
    desk: Desk, gateway: str, whole: bytes, progress: Progress, patience_s: float = TRIAL_S
) -> None:
    """Deliver a bundle and follow it until it is confirmed; goes on where an earlier try ended.

    BoardError when the gateway refuses it, rolls it back or is silent for `patience_s`.
    """
    delivery = Delivery(whole, secrets.token_hex(4))
    desk.listen(gateway, "reply")
    heard = asked = 0.0
    until = time.monotonic() + patience_s
    while delivery.state != "confirmed":
        now = time.monotonic()
        if now > until:
            raise BoardError(_silent(gateway, delivery))
        if now - max(heard, asked) > SILENCE_S or not asked:
            desk.post(gateway, json.dumps(delivery.begin()).encode())
            asked = now
        message = desk.next(1.0)
        reply = parsed(message[2]) if message else None
        if reply is None:
            continue
        before = (delivery.at, delivery.state)
        try:
            pieces = delivery.take(reply)
        except UpdateError as error:
            raise BoardError(f"{gateway} says: {error}") from error
        for piece in pieces:
            desk.post(gateway, piece, "update")
        heard = time.monotonic()
        if (delivery.at, delivery.state) != before:
            until = heard + patience_s
        progress(delivery.state, delivery.at, delivery.size)


def _silent(gateway: str, delivery: Delivery) -> str:
    if delivery.state == "asking":
        return silent(gateway)
    if delivery.state == "trial":
        return (
            f"{gateway} has not confirmed {delivery.version} yet; it goes back to its old version"
            " by itself if it cannot deliver: look with `neonat board status`"
        )
    return f"{gateway} went away in the middle: repeat the command, it goes on where it was"
