"""The configuration from afar: read without its secrets, changed on trial."""

import json

from neonat.gateway import flash

CONFIG = "/config.json"
TRIED = "/config.new.json"
# Set at provisioning: they decide who may change anything from afar.
FIXED = ("id", "spool", "update_key", "webrepl_password")
SECRETS = ("password", "key", "psk", "secret")


def shown(value):
    """A copy without secrets."""
    if not isinstance(value, dict):
        return value
    return {
        key: shown(inner)
        for key, inner in value.items()
        if not any(key.endswith(word) for word in SECRETS)
    }


def stored(home: str) -> dict:
    """The configuration as it was written; ValueError."""
    try:
        with open(home + CONFIG) as file:
            return json.load(file)
    except OSError as error:
        raise ValueError("the configuration cannot be read: " + str(error)) from None


def merged(old, patch):
    """`old` with what `patch` names; null takes a key away."""
    if not isinstance(old, dict) or not isinstance(patch, dict):
        return patch
    new = dict(old)
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = merged(old.get(key), value)
    return new


def get(remote) -> dict:
    """The facts of a reply to `get-config`."""
    config = remote.gateway.config
    if config.get("safe") or not remote.begun["home"]:
        return {"config": shown(config)}
    return {"config": shown(stored(remote.home))}


def _base(remote) -> dict:
    """What a change begins with: the configuration, the last good one where that is no JSON."""
    try:
        found = stored(remote.home)
        if isinstance(found, dict):
            return found
    except ValueError:
        pass
    return flash.read(remote.home + "/config.good.json")


def put(remote, command: dict) -> dict:
    """Begin a trial with a changed configuration; the facts of the reply. ValueError."""
    patch = command.get("config")
    if not remote.begun["home"]:
        raise ValueError("this gateway has its configuration from its command line")
    if remote.trial:
        raise ValueError("a trial of the " + remote.trial + " is under way")
    if not isinstance(patch, dict) or not patch:
        raise ValueError('config is an object like {"broker": {"host": "…"}}')
    for key in FIXED:
        if key in patch:
            raise ValueError(key + " is set at provisioning")
    new = merged(_base(remote), patch)
    _check(new, remote.gateway.board)
    from neonat.gateway import boots, trials

    try:
        flash.replace(remote.home + TRIED, new)
        answer = {"id": command.get("id"), "command": "set-config"}
        trials.attempt(remote.home, "config", answer)
    except OSError as error:
        raise ValueError("the flash fails: " + str(error)) from None
    boots.restart(remote, "command")
    return {"state": "trial"}


def _check(config: dict, board) -> None:
    from neonat.gateway.config import checked

    checked(config, board)
