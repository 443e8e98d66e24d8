"""The poll plan, kept over restarts, and WebREPL, open for a time; `remote` is a `Remote`."""

from medibus.schedule import DEFAULT
from neonat.gateway import flash

PLAN = "/poll.json"
HEX = set("0123456789ABCDEFabcdef")


def periods(value) -> "dict[int, int]":
    """The periods of a plan with codes as two hex digits; ValueError."""
    if value == "default":
        return DEFAULT
    if not isinstance(value, dict) or not value:
        raise ValueError('plan is an object like {"24": 1000}, or "default"')
    found = {}
    for key, period in value.items():
        if not isinstance(key, str) or len(key) != 2 or set(key) - HEX:
            raise ValueError("a request code is two hex digits")
        if not isinstance(period, int) or isinstance(period, bool):
            raise ValueError("a period is a whole number of milliseconds")
        found[int(key, 16)] = period
    return found


def set_poll(remote, command: dict) -> dict:
    """Put a plan in force, now and after each restart."""
    plan = remote.gateway.plan
    plan.set(periods(command.get("plan")))
    found = {"%02X" % code: period for code, period in plan.periods.items()}
    kept = True
    try:
        if command["plan"] == "default":
            flash.remove(remote.home + PLAN)
        else:
            flash.replace(remote.home + PLAN, found)
    except OSError:
        kept = False
    return {"plan": found, "kept": kept}


def webrepl(remote, command: dict) -> dict:
    """Open WebREPL for `minutes`, or close it with 0; ValueError."""
    minutes = command.get("minutes", 10)
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 0 <= minutes <= 60:
        raise ValueError("minutes is 1 to 60, or 0 to close it")
    board = remote.gateway.board
    hook = getattr(board, "webrepl", None)
    password = remote.gateway.config.get("webrepl_password")
    if hook is None:
        raise ValueError("this board has no WebREPL")
    if minutes and not password:
        raise ValueError("no webrepl_password was provisioned")
    remote.until.pop("webrepl", None)
    hook(password if minutes else "")
    if minutes:
        remote.until["webrepl"] = board.ticks() + minutes * 60000
    remote.log("webrepl: " + ("open for %d min" % minutes if minutes else "closed"))
    return {"minutes": minutes}
