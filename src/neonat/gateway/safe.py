"""Safe mode: a board whose configuration cannot be used is still there for the desk.

It connects with the configuration that delivered last, `config.good.json`, else with those parts of
the broken one that can be used. The line is not read; what waits in the spool is delivered.
`remote` is a `Remote`.
"""

from neonat.gateway import flash, slots
from neonat.gateway.config import ConfigError, checked

GOOD = "/config.good.json"


def configuration(home: str, error: Exception, board) -> dict:
    """What to connect with, and `safe`, what is wrong with the configuration; ConfigError."""
    reason = str(error) or type(error).__name__
    broken = flash.read(home + "/" + slots.CONFIG)
    good = flash.read(home + GOOD)
    try:
        full = checked(good, board)
    except ConfigError:
        try:
            full = salvaged(broken, board)
        except ConfigError:
            raise ConfigError("no usable configuration, " + reason) from None
    full["safe"] = "the configuration cannot be used: " + reason
    return full


def salvaged(broken: dict, board) -> dict:
    """The parts of a configuration that can be used; ConfigError without id or broker."""
    kept: dict = {"serial": "uart2", "network": {"kind": "ethernet"}}
    kept.update({key: broken.get(key) for key in ("id", "broker")})
    full = checked(kept, board)
    for key in sorted(broken):
        more = dict(kept)
        more[key] = broken[key]
        try:
            full = checked(more, board)
            kept = more
        except ConfigError:
            pass
    return full


def keep(remote) -> None:
    """This configuration has delivered: safe mode may need it one day."""
    found = flash.read(remote.home + "/" + slots.CONFIG)
    if found and found != flash.read(remote.home + GOOD):
        try:
            flash.replace(remote.home + GOOD, found)
        except OSError as error:
            remote.log("flash: " + str(error))


def idle(remote) -> "Idle":
    """What stands where the line would be read."""
    return Idle()


class Idle:
    """An `Acquisition` that reads no line; doing nothing is its progress."""

    link = "down"
    line = {"baud": None, "parity": None}
    device = None
    told = None
    streams: list = []

    def __init__(self) -> None:
        self.errors = {"checksum": 0, "timeout": 0}
        self.moves = 0

    def deadline(self, now: int) -> int:
        return 1000

    def step(self, now: int) -> None:
        self.moves += 1

    def close(self, now: int) -> None:
        pass
