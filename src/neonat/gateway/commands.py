"""Commands from the desk, JSON in and JSON out; nothing in them can end the program."""

import json

COMMAND_MAX = 1024
HEX = set("0123456789ABCDEFabcdef")
NAMES = ("ping", "status", "set-poll", "restart")


def _plan(value) -> "dict[int, int]":
    if not isinstance(value, dict) or not value:
        raise ValueError('plan is an object like {"24": 1000}')
    periods = {}
    for key, period in value.items():
        if not isinstance(key, str) or len(key) != 2 or set(key) - HEX:
            raise ValueError("a request code is two hex digits")
        if not isinstance(period, int) or isinstance(period, bool):
            raise ValueError("a period is a whole number of milliseconds")
        periods[int(key, 16)] = period
    return periods


def plan_text(periods: "dict[int, int]") -> "dict[str, int]":
    """A poll plan with the codes as two hex digits."""
    return {"%02X" % code: period for code, period in periods.items()}


def answer(payload: bytes, gateway) -> dict:
    """The reply to a command; `gateway` has `state()`, `plan` and `leave(reason)`."""
    try:
        command = json.loads(payload) if len(payload) <= COMMAND_MAX else None
    except (ValueError, RuntimeError, MemoryError):
        return {"id": None, "command": None, "ok": False, "error": "a command is a JSON object"}
    if not isinstance(command, dict):
        return {"id": None, "command": None, "ok": False, "error": "a command is a JSON object"}
    name = command.get("command")
    number = command.get("id")
    if not isinstance(number, (str, int)) or len(str(number)) > 64:
        number = None
    reply = {"id": number, "command": name if name in NAMES else None, "ok": True}
    try:
        reply.update(_do(name, command, gateway))
    except ValueError as error:
        reply.update({"ok": False, "error": str(error)})
    return reply


def _do(name, command: dict, gateway) -> dict:
    if name == "ping":
        return {}
    if name == "status":
        return {"state": gateway.state(), "plan": plan_text(gateway.plan.periods)}
    if name == "set-poll":
        gateway.plan.set(_plan(command.get("plan")))
        return {"plan": plan_text(gateway.plan.periods)}
    if name == "restart":
        gateway.leave("restart")
        return {}
    raise ValueError("the commands are " + ", ".join(NAMES))
