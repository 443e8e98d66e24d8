"""The gateway: acquisition into the spool, the spool to the broker, in one loop without waits."""

from medibus.schedule import Plan
from neonat.gateway.acquisition import Acquisition
from neonat.gateway.clock import Clock
from neonat.gateway.linefinder import LineFinder
from neonat.gateway.remote import TRIES_MAX, Log, Remote
from neonat.gateway.report import Report
from neonat.gateway.sender import Sender
from neonat.gateway.spool import Spool
from neonat.gateway.uplink import Uplink
from neonat.gateway.writing import LINE_MAX, record, stamp, unset_stamp

VERSION = "0.1.0"
WALL_MS = 1000
SYNC_MS = 1000
FAREWELL_MS = 1500
COMMANDS_MAX = 4
ANSWER_MS = 250
NETWORK_MS = 15000
RENUMBER_MS = 60000
RENUMBER_SPREAD = 16


class Gateway:
    """All parts on one board; `config` as `checked` returns it; `reason` of this start, and what
    `slots.start` said where it decided. OSError: the spool is unusable.
    """

    def __init__(self, config: dict, board, log, reason: str = "start", begun=None):
        self.board = board
        self.config = config
        self.gateway = config["id"]
        self.leaving = ""
        self.log = log = Log(log, board)
        self.starved = 0
        now = board.ticks()
        self.clock = Clock(now)
        self._latest = now
        files = board.files(config["spool"])
        files.make()
        self.spool = Spool(
            files, self._time, config["spool_bytes"], segments_max=board.segments_max,
            delay_ms=board.spool_delay_ms,
        )  # fmt: skip
        self._set_clock(now)
        self.remote = Remote(self, log, reason, begun)
        self.unproven = bool(self.remote.begun["home"])
        self.boot = self.spool.start(self.remote.heading + [("version", VERSION)])
        self.sender = Sender(
            self.spool, self._real_time, self.gateway, board.message_max, board.ring_max
        )
        self.spool.taken = self._fresh
        topic = config["topic_prefix"] + "/" + self.gateway + "/"
        self.uplink = Uplink(
            board, config["broker"], topic, self.gateway, self._take, self.sender.message, log
        )
        self.plan = Plan()
        fixed = board.line_fixed(config["serial"])
        self._finder = finder = LineFinder(
            config.get("baud"), config.get("parity"), fixed, self.remote.line
        )
        data_max = LINE_MAX - len(self.gateway) - 48
        self.acquisition = (
            self.remote.rare("safe", "idle")
            if config.get("safe")
            else Acquisition(board, config["serial"], finder, self.plan, self._emit, data_max, log)
        )
        self.report = Report(self.state)
        self._synced = self._walled = now
        self._tend = getattr(board, "tend", None)
        if self._tend is not None:
            # It says when the network is there.
            self.uplink.hurry(now + NETWORK_MS)
        self._connected = False
        self._renumber_at: "int | None" = None
        self.timekeeper: "Timekeeper | None" = None
        if getattr(board, "asks_time", False) and config.get("ntp"):
            from neonat.gateway.timekeeper import Timekeeper

            self.timekeeper = Timekeeper(self.remote, self.clock, now)
        self._step: "int | None" = None
        self._commands: "list[bytes]" = []
        self._answer_at = 0
        if self.clock.source != "unset":
            self._emit(now, self._clock_record(now, 0))
        self.remote.rare("boots", "begin")

    def _time(self, now: "int | None" = None) -> str:
        # A record is never stamped before the one before it.
        self._latest = now = max(self._latest, self.board.ticks() if now is None else now)
        utc = self.clock.utc(now)
        return unset_stamp(self.clock.uptime(now)) if utc is None else stamp(utc)

    def _real_time(self, uptime_ms: int) -> str:
        utc = self.clock.of_uptime(uptime_ms)
        return "" if utc is None else stamp(utc)

    def _set_clock(self, now: int) -> "int | None":
        wall = self.board.wall()
        return None if wall is None else self.clock.set(now, wall[0], wall[1])

    def clock_pairs(self, now: int) -> "list[tuple]":
        """The begin of a `!clock` record; the clock is set."""
        uptime = self.clock.uptime(now)
        return [("at", self._time(now)), ("uptime", uptime), ("source", self.clock.source)]

    def _clock_record(self, now: int, step: int) -> str:
        return record("clock", self.clock_pairs(now) + ([("step", step)] if step else []))

    def _emit(self, now: int, data: str) -> None:
        self.spool.append(self._time(now), data, now)

    def _fresh(self, item: tuple) -> None:
        try:
            self.sender.fresh(item)
        except MemoryError:
            # The spool has it; what is said twice would be stored twice.
            self.starved += 1

    def tell(self, data: str) -> None:
        """Add a record of the gateway's own."""
        self._emit(self.board.ticks(), data)

    def _take(self, now: int, kind: str, payload: bytes, whole: bool) -> None:
        if kind == "ack":
            count = self.sender.acknowledge(now, payload, whole)
            if self.sender.ahead and self._may_renumber(now):
                self._renumber(now)
            # A record of this boot: what is on trial can read, connect and deliver.
            elif count and self.unproven and b"\n%d " % self.boot in b"\n" + payload:
                self._proven()
        elif kind == "command":
            if len(self._commands) < COMMANDS_MAX:
                self._commands.append(payload if whole else b"")
        elif kind == "update" and whole and self.remote.download is not None:
            self.remote.rare("download", "piece", now, payload)

    def _proven(self) -> None:
        """This very start has read its configuration, connected and delivered."""
        if self.remote.trial:
            self.remote.rare("trials", "confirm")
            if self.remote.trial:
                return
        self.unproven = False
        if not self.config.get("safe"):
            self.remote.rare("safe", "keep")

    def _answer(self, now: int) -> None:
        """Answer the oldest command; where the heap is too full for that now, a little later."""
        if now < self._answer_at:
            return
        try:
            self.remote.rare("commands", "take", self._commands[0])
        except MemoryError as error:
            self.starved += 1
            self.board.collect()
            self.remote.tries += 1
            self._answer_at = now + ANSWER_MS
            if self.remote.tries <= TRIES_MAX:
                return
            self.log("heap: no room for a command: %s" % error)
        self.remote.tries = 0
        self._commands.pop(0)

    def _may_renumber(self, now: int) -> bool:
        """Once, and later only off taken numbers: two of one name would overtake each other."""
        at = self._renumber_at
        return at is None or (self.sender.clash and now >= at)

    def _renumber(self, now: int) -> None:
        """Begin a boot that the server does not know yet: the count in the spool was lost.

        Or there is another gateway of this name: where that renumbers too, chance parts them.
        """
        above = self.sender.ahead
        self.log("boot %d has records of another spool: this is another boot" % above)
        if self._renumber_at is not None:
            above += int(self.board.random() * RENUMBER_SPREAD)
        self._renumber_at = now + RENUMBER_MS
        heading = [("reason", "renumbered"), ("version", VERSION)]
        self.boot = self.spool.start(heading, above)
        self.sender.renumbered()
        if self.clock.source != "unset":
            self._emit(now, self._clock_record(now, 0))

    def state(self) -> dict:
        """The state as `wire.md` has it."""
        device = self.acquisition.device
        state: dict = {
            "online": True,
            "version": VERSION,
            "boot": self.boot,
            "uptime_s": self.clock.uptime(self.board.ticks()) // 1000,
            "clock": self.clock.source,
            "link": self.acquisition.link,
            "line": self.acquisition.line,
            "device": device
            and {"id": device.id, "name": device.name, "revision": device.revision},
            "spool": {
                "records": self.spool.records,
                "bytes": self.spool.bytes,
                "oldest": self.spool.oldest(),
            },
            "errors": self.acquisition.errors,
            "heap_free": self.board.heap_free(),
        }
        if self.config.get("safe"):
            state["safe"] = self.config["safe"]
        return state

    def leave(self, reason: str) -> None:
        """End the loop soon; `reason` is what `run` returns."""
        self.leaving = reason

    def step(self) -> int:
        """Do all that can be done now; the milliseconds that may pass until the next step."""
        now = self.board.ticks()
        if self._tend is not None:
            self._network(now, self._tend(now, self.log))
        self._clockwork(now)
        self.acquisition.step(now)
        self.uplink.step(now)
        online = self.uplink.state == "online"
        if self._connected and not online:
            self.sender.lost()
        self._connected = online
        self.remote.step(now, online)
        if self._commands and online:
            self._answer(now)
        waits = [1000, self.acquisition.deadline(now), self.uplink.deadline(now)]
        waits.append(self.spool.deadline(now))
        if self._commands:
            waits.append(max(0, self._answer_at - now))
        if self.timekeeper is not None:
            waits.append(self.timekeeper.deadline(now))
        if online:
            state = self.report.due(now, self.uplink.connects)
            if state is not None:
                self.uplink.publish("state", state, True)
                return 0
            waits.append(self.sender.deadline(now))
        elif self.uplink.refused and self.config.get("login_once") and not self.uplink.connects:
            self.leaving = "refused: " + self.uplink.refused
        return min(waits)

    def _network(self, now: int, news: "bool | str") -> None:
        """What the board says of its network: there anew, or why to start again for it."""
        if news is True:
            self.uplink.hurry(now)
            if self.timekeeper is not None:
                self.timekeeper.hurry(now)
        elif news and not self.leaving:
            self.remote.rare("boots", "restart", "hardware", news)

    def _clockwork(self, now: int) -> None:
        step = None
        if self.timekeeper is not None:
            step = self.timekeeper.step(now)
        elif now - self._walled >= WALL_MS:
            self._walled = now
            step = self._set_clock(now)
        if step is not None:
            self._step = step + (self._step or 0)
        if self._step is not None:
            self._emit(now, self._clock_record(now, self._step))
            self._step = None
        told = self.acquisition.told
        if told is not None and self.clock.source != "unset":
            self.acquisition.told = None
            self.remote.rare("deviceclock", "tell", now, self.clock.uptime(told[0]), told[1])
        self.spool.tend(now)
        if now - self._synced >= SYNC_MS:
            self._synced = now
            self.spool.sync()
            if self._finder.news:
                self._finder.news = False
                self.remote.rare("boots", "remember", self._finder.current)

    @property
    def streams(self) -> list:
        """All that the board waits on."""
        found = self.acquisition.streams + self.uplink.streams
        return found if self.timekeeper is None else found + self.timekeeper.streams

    def run(self) -> str:
        """Go on until told to stop: `stop`, `restart` or `refused: …`."""
        board = self.board
        while not (self.leaving or board.stopped):
            try:
                wait = self.step()
            except MemoryError as error:
                # Better to lose a moment than the program; the heap is small on a board.
                self.starved += 1
                self.log("heap: %s" % error)
                board.collect()
                wait = 100
            if wait:
                board.wait(self.streams, wait)
        self.close()
        return self.leaving or "stop"

    def close(self) -> None:
        """Say goodbye, as far as the broker listens, and make the spool durable."""
        now = self.board.ticks()
        self.acquisition.close(now)
        self.spool.close()
        until = now + FAREWELL_MS
        self.uplink.leave()
        while self.uplink.busy and now < until:
            self.uplink.step(now)
            self.board.wait(self.uplink.streams, 20)
            now = self.board.ticks()
        self.uplink.close()


def run(config: dict, board, log, reason: str = "start", begun=None) -> str:
    """Run a gateway with a configuration as `checked` returns it; OSError: the spool fails."""
    return Gateway(config, board, log, reason, begun).run()
