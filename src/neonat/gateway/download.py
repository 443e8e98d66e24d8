"""The command `update` and the pieces that follow it; `remote` is a `Remote`."""

import json

from neonat.gateway.incoming import Incoming

PIECE_MAX = 1024
IDLE_MS = 600000


def begin(remote, command: dict) -> dict:
    """Begin, go on, or give up with `abort`; the facts of the reply. ValueError."""
    if not remote.begun["home"]:
        raise ValueError("the program of this gateway is kept by its computer")
    if remote.trial:
        raise ValueError("a trial of the " + remote.trial + " is under way")
    key = remote.gateway.config.get("update_key")
    if not key:
        raise ValueError("no update_key was provisioned")
    from neonat.gateway import bundle, checking

    remote.download = None
    slot = "b" if remote.begun["slot"] == "a" else "a"
    if command.get("abort"):
        checking.discard(remote.home, slot)
        return {"at": 0}
    incoming = Incoming(remote.home, slot, bundle.key_of(key), command)
    checking.resume(incoming)
    if incoming.at == incoming.size:
        return _install(remote, incoming)
    remote.download = incoming
    remote.until["download"] = remote.gateway.board.ticks() + IDLE_MS
    piece = min(PIECE_MAX, remote.gateway.board.input_max - 256)
    return {"at": incoming.at, "size": incoming.size, "again": True, "piece": piece}


def piece(remote, now: int, payload: bytes) -> None:
    """A message on the topic `update`: `offset` LF bytes."""
    incoming = remote.download
    end = payload.find(b"\n", 0, 12)
    if end < 1 or not payload[:end].isdigit():
        return
    remote.until["download"] = now + IDLE_MS
    offset = int(payload[:end])
    reply = {"id": incoming.id, "command": "update", "ok": True}
    try:
        whole = incoming.take(offset, memoryview(payload)[end + 1 :])
        reply.update({"at": incoming.at, "size": incoming.size, "again": offset > incoming.at})
        if whole:
            reply.update(_install(remote, incoming))
    except (ValueError, OSError) as error:
        reply.update({"ok": False, "error": str(error)})
        _refuse(remote, incoming, str(error))
    remote.gateway.uplink.publish("reply", json.dumps(reply).encode())


def _refuse(remote, incoming: Incoming, why: str) -> None:
    from neonat.gateway import checking

    remote.log("update: " + why)
    remote.download = None
    try:
        checking.discard(remote.home, incoming.slot)
    except ValueError as error:
        remote.log("update: " + str(error))


def _install(remote, incoming: Incoming) -> dict:
    from neonat.gateway import boots, checking, trials

    remote.download = None
    if not checking.scan(incoming):
        raise ValueError("a file is not what the manifest says")
    facts = incoming.facts
    answer = {"id": incoming.id, "command": "update", "version": facts["version"]}
    trials.attempt(remote.home, "update", answer, facts["counter"])
    boots.restart(remote, "update")
    return {"at": incoming.at, "state": "trial", "version": facts["version"]}
