"""The parts of a gateway, made once at its start; and what is seldom asked of the whole."""

from neonat.gateway.acquisition import Acquisition
from neonat.gateway.clock import Clock
from neonat.gateway.linefinder import LineFinder
from neonat.gateway.rarely import call
from neonat.gateway.remote import Log, Remote
from neonat.gateway.report import Report
from neonat.gateway.sender import Sender
from neonat.gateway.spool import Spool
from neonat.gateway.uplink import Uplink
from neonat.gateway.writing import LINE_MAX

VERSION = "0.1.0"
NETWORK_MS = 15000
FAREWELL_MS = 1500
RENUMBER_MS = 60000
RENUMBER_SPREAD = 16


def build(gateway, log, reason: str, begun) -> None:
    """Make the parts of a `Gateway` that knows its board and its configuration. OSError."""
    board, config = gateway.board, gateway.config
    gateway.log = log = Log(log, board)
    now = board.ticks()
    gateway.clock = Clock(now)
    files = board.files(config["spool"])
    files.make()
    gateway.spool = spool = Spool(
        files, gateway.stamp, config["spool_bytes"], segments_max=board.segments_max,
        delay_ms=board.spool_delay_ms,
    )  # fmt: skip
    gateway.set_clock(now)
    gateway.remote = remote = Remote(gateway, log, reason, begun)
    gateway.unproven = bool(remote.begun["home"])
    _begin(gateway, remote.heading + [("version", _version(remote))])
    gateway.sender = sender = Sender(
        spool, gateway.real_time, gateway.name, board.message_max, board.ring_max
    )
    spool.taken = gateway.fresh
    spool.rested = gateway.remote.purge
    topic = config["topic_prefix"] + "/" + gateway.name + "/"
    gateway.uplink = Uplink(
        board, config["broker"], topic, gateway.name, gateway.take, sender.message, log
    )
    gateway.finder = LineFinder(
        config.get("baud"), config.get("parity"), board.line_fixed(config["serial"]), remote.line
    )
    gateway.acquisition = _line(gateway)
    gateway.report = Report(gateway.state)
    if getattr(board, "tend", None) is not None:
        # It says when the network is there.
        gateway.uplink.hurry(now + NETWORK_MS)
    if getattr(board, "asks_time", False) and config.get("ntp"):
        from neonat.gateway.timekeeper import Timekeeper

        gateway.timekeeper = Timekeeper(remote, gateway.clock, now)


def _version(remote) -> str:
    """What runs: as its bundle was called, or as it was flashed."""
    return remote.begun.get("version") or VERSION


def _begin(gateway, heading: "list[tuple]", above: int = 0) -> None:
    """Begin a boot, on a board also above those that another place of its spool has had."""
    home = gateway.remote.begun["home"]
    if home:
        above = max(above, call("card", "above", home))
    gateway.boot = gateway.spool.start(heading, above)
    if gateway.config.get("card"):
        call("card", "keep", home, gateway.boot)


def _line(gateway):
    """What reads the line; in safe mode nothing does."""
    config = gateway.config
    if config.get("safe"):
        return gateway.remote.rare("safe", "idle")
    data_max = LINE_MAX - len(gateway.name) - 48
    return Acquisition(
        gateway.board, config["serial"], gateway.finder, gateway.plan, gateway.emit, data_max,
        gateway.log,
    )  # fmt: skip


def state(gateway) -> dict:
    """The state as `wire.md` has it."""
    device = gateway.acquisition.device
    spool = gateway.spool
    found: dict = {
        "online": True,
        "version": _version(gateway.remote),
        "boot": gateway.boot,
        "uptime_s": gateway.clock.uptime(gateway.board.ticks()) // 1000,
        "clock": gateway.clock.source,
        "link": gateway.acquisition.link,
        "line": gateway.acquisition.line,
        "device": device and {"id": device.id, "name": device.name, "revision": device.revision},
        "spool": {"records": spool.records, "bytes": spool.bytes, "oldest": spool.oldest()},
        "errors": gateway.acquisition.errors,
        "heap_free": gateway.board.heap_free(),
    }
    if gateway.config.get("safe"):
        found["safe"] = gateway.config["safe"]
    return found


def renumber(gateway, now: int) -> None:
    """Begin a boot that the server does not know yet: the count in the spool was lost.

    Or there is another gateway of this name: where that renumbers too, chance parts them.
    """
    above = gateway.sender.ahead
    gateway.log("boot %d has records of another spool: this is another boot" % above)
    if gateway.renumber_at is not None:
        above += int(gateway.board.random() * RENUMBER_SPREAD)
    gateway.renumber_at = now + RENUMBER_MS
    heading = [("reason", "renumbered"), ("version", _version(gateway.remote))]
    _begin(gateway, heading, above)
    gateway.sender.renumbered()
    gateway.tell_clock(now)


def farewell(gateway) -> None:
    """Tell the broker that nothing more comes, as far as it listens."""
    board, uplink = gateway.board, gateway.uplink
    now = board.ticks()
    until = now + FAREWELL_MS
    uplink.leave()
    while uplink.busy and now < until:
        uplink.step(now)
        board.wait(uplink.streams, 20)
        now = board.ticks()
    uplink.close()
