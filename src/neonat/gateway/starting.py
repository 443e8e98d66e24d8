"""From power-up to the configuration: what `entry` needs before the gateway runs, and after it
failed.
"""

import json
import os
import sys

from neonat.gateway import flash

HOME = "."
GUARD_MS = 180000
TRACE_MAX = 480
AGAIN_S = 2
# A board without a usable configuration waits for somebody at its USB port.
UNUSABLE_S = 60


def cause() -> str:
    """What started the hardware: `power`, `watchdog` or `reset`; elsewhere NEONAT_RESET says it."""
    try:
        import machine  # type: ignore[import-not-found]

        # What is loaded next may never come to feed it.
        machine.WDT(timeout=GUARD_MS)
        causes = {machine.PWRON_RESET: "power", machine.WDT_RESET: "watchdog"}
        return causes.get(machine.reset_cause(), "reset")
    except (ImportError, AttributeError):
        return os.getenv("NEONAT_RESET") or "power"


def choose() -> dict:
    """Decide by the program that was flashed, then forget it: another one may run."""
    from neonat.gateway import slots

    begun = slots.start(HOME, cause())
    for name in list(sys.modules):
        if name.split(".")[0] == "neonat":
            # A place in a dict keeps what it had until it is used again.
            sys.modules[name] = None  # type: ignore[assignment]
            del sys.modules[name]
    if begun["slot"]:
        sys.path.insert(0, begun["slot"])
    return begun


def prepared(begun: dict) -> tuple:
    """The board, its network on the way up, and the configuration; OSError, ValueError."""
    try:
        # Another kind of board brings its module, beside `main.py`.
        from board import Board  # type: ignore[import-not-found]
    except ImportError:
        from neonat.gateway.board_esp32 import Board

    board = Board()
    config = configuration(begun, board)
    begin = getattr(board, "begin", None)
    begun["faults"] = begin(config) if begin else []
    return board, config


def configuration(begun: dict, board) -> dict:
    """The checked configuration of this start, that of safe mode where it is broken; ValueError.

    One on trial is not saved: it goes back.
    """
    from neonat.gateway.config import checked

    try:
        with open(begun["config"]) as file:
            return checked(json.load(file), board)
    except (OSError, ValueError) as error:
        if begun["trial"] == "config":
            raise
        from neonat.gateway import safe

        return safe.configuration(begun["home"], error, board)


def crashed(error: Exception, home: str = HOME) -> int:
    """Keep the end of the trace for the next start; how many seconds to wait until that."""
    import io

    out = io.StringIO()
    sys.print_exception(error, out)  # type: ignore[attr-defined]
    flash.note(home, "crash", type(error).__name__, out.getvalue()[-TRACE_MAX:])
    if type(error).__name__ != "ConfigError":
        return AGAIN_S
    print("neonat: %s: run `neonat board deploy --config DIR` at the desk" % error)  # noqa: T201
    return UNUSABLE_S
