"""Commands from the desk, JSON in and JSON out; nothing in them can end the program."""

import json

from neonat.gateway.remote import TRIES_MAX

COMMAND_MAX = 1024
NAMES = "ping status log get-config set-config set-poll restart update webrepl"


def take(remote, payload: bytes) -> None:
    """Answer a command; `remote` is a `Remote`."""
    reply = answer(payload, remote)
    remote.gateway.uplink.publish("reply", json.dumps(reply).encode())


def answer(payload: bytes, remote) -> dict:
    """The reply to a command."""
    reply: dict = {"id": None, "command": None, "ok": False}
    try:
        command = json.loads(payload) if len(payload) <= COMMAND_MAX else None
    except (ValueError, RuntimeError, MemoryError):
        command = None
    if not isinstance(command, dict):
        reply["error"] = "a command is a JSON object"
        return reply
    number, name = command.get("id"), command.get("command")
    if isinstance(number, (str, int)) and len(str(number)) <= 64:
        reply["id"] = number
    command["id"] = reply["id"]
    if isinstance(name, str) and name in NAMES.split(" "):
        reply["command"] = name
    try:
        reply.update(_do(reply["command"], command, remote))
        reply["ok"] = True
    except ValueError as error:
        reply["error"] = str(error)
    except MemoryError:
        if remote.tries < TRIES_MAX:
            raise
        reply["error"] = "the heap is too full for this now"
    return reply


def _do(name, command: dict, remote) -> dict:
    if name is None:
        raise ValueError("the commands are " + NAMES.replace(" ", ", "))
    if name == "ping":
        return {}
    if name == "log":
        return {"lines": remote.log.lines()}
    if name == "status":
        return _status(remote.gateway, remote)
    if name == "restart":
        from neonat.gateway import boots

        boots.restart(remote, "command")
        return {}
    if name in ("set-poll", "webrepl"):
        from neonat.gateway import tuning

        return (tuning.set_poll if name == "set-poll" else tuning.webrepl)(remote, command)
    if name == "update":
        from neonat.gateway import download

        return download.begin(remote, command)
    from neonat.gateway import settings

    return settings.get(remote) if name == "get-config" else settings.put(remote, command)


def _status(gateway, remote) -> dict:
    begun = remote.begun
    plan = {"%02X" % code: period for code, period in gateway.plan.periods.items()}
    facts = {"state": gateway.state(), "plan": plan, "reason": begun["reason"]}
    facts.update({"slot": begun.get("slot"), "trial": remote.trial})
    left = remote.until.get("webrepl", 0) - gateway.board.ticks()
    facts["webrepl_s"] = max(0, left // 1000)
    address = getattr(gateway.board, "address", None)
    if address is not None:
        facts["address"] = address()
    return facts
