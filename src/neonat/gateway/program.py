"""The gateway: acquisition into the spool, the spool to the broker, in one loop without waits."""

from medibus.schedule import Plan
from neonat.gateway.acquisition import Acquisition
from neonat.gateway.clock import Clock
from neonat.gateway.linefinder import LineFinder
from neonat.gateway.rarely import call
from neonat.gateway.remote import TRIES_MAX, Log, Remote
from neonat.gateway.report import Report
from neonat.gateway.sender import Sender
from neonat.gateway.spool import Spool
from neonat.gateway.uplink import Uplink
from neonat.gateway.writing import record, stamp, unset_stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from neonat.gateway.safe import Idle
    from neonat.gateway.timekeeper import Timekeeper

WALL_MS = 1000
SYNC_MS = 1000
COMMANDS_MAX = 4
ANSWER_MS = 250
CHOKED_MAX = 24  # times five seconds


class Gateway:
    """All parts on one board; `config` as `checked` returns it; `reason` of this start, and what
    `slots.start` said where it decided. `assembly` makes the parts. OSError: the spool is unusable.
    """

    log: Log
    clock: Clock
    spool: Spool
    remote: Remote
    sender: Sender
    uplink: Uplink
    finder: LineFinder
    acquisition: "Acquisition | Idle"
    report: Report
    timekeeper: "Timekeeper | None"
    unproven: bool
    boot: int
    renumber_at: "int | None"

    def __init__(self, config: dict, board, log, reason: str = "start", begun=None):
        self.board = board
        self.config = config
        self.name = config["id"]
        self.leaving = ""
        self.starved = self._failures = 0
        self.plan = Plan()
        self.timekeeper = None
        self.renumber_at = None
        self._latest = now = board.ticks()
        self._synced = self._walled = now
        self._tend = getattr(board, "tend", None)
        self._connected = False
        self._step: "int | None" = None
        self._commands: "list[bytes]" = []
        self._answer_at = 0
        call("assembly", "build", self, log, reason, begun)
        self.tell_clock(now)
        self.remote.rare("boots", "begin")

    def stamp(self, now: "int | None" = None) -> str:
        """The time text of a record."""
        # A record is never stamped before the one before it.
        self._latest = now = max(self._latest, self.board.ticks() if now is None else now)
        utc = self.clock.utc(now)
        return unset_stamp(self.clock.uptime(now)) if utc is None else stamp(utc)

    def real_time(self, uptime_ms: int) -> str:
        """The stamp of a moment of this boot, empty while the clock is not set."""
        utc = self.clock.of_uptime(uptime_ms)
        return "" if utc is None else stamp(utc)

    def set_clock(self, now: int) -> "int | None":
        """Set the clock by the board's; what `Clock.set` says."""
        wall = self.board.wall()
        return None if wall is None else self.clock.set(now, wall[0], wall[1])

    def clock_pairs(self, now: int) -> "list[tuple]":
        """The begin of a `!clock` record; the clock is set."""
        uptime = self.clock.uptime(now)
        return [("at", self.stamp(now)), ("uptime", uptime), ("source", self.clock.source)]

    def tell_clock(self, now: int, step: int = 0) -> None:
        """Add a record of the clock, where it is set."""
        if self.clock.source != "unset":
            pairs = self.clock_pairs(now) + ([("step", step)] if step else [])
            self.emit(now, record("clock", pairs))

    def emit(self, now: int, data: str) -> None:
        """Add a record."""
        self.spool.append(self.stamp(now), data, now)

    def fresh(self, item: tuple) -> None:
        """A record that was spooled just now."""
        try:
            self.sender.fresh(item)
        except MemoryError:
            # The spool has it; what is said twice would be stored twice.
            self.starved += 1

    def tell(self, data: str) -> None:
        """Add a record of the gateway's own."""
        self.emit(self.board.ticks(), data)

    def take(self, now: int, kind: str, payload: bytes, whole: bool) -> None:
        """A message from the broker."""
        if kind == "ack":
            count = self.sender.acknowledge(now, payload, whole)
            if self.sender.ahead and self._may_renumber(now):
                call("assembly", "renumber", self, now)
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
        at = self.renumber_at
        return at is None or (self.sender.clash and now >= at)

    def state(self) -> dict:
        """The state as `wire.md` has it."""
        return call("assembly", "state", self)

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
            if self.sender.choked > CHOKED_MAX and not self.leaving:
                self.remote.rare(
                    "boots", "restart", "watchdog", "the heap is too full for the spool"
                )
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
            step = self.set_clock(now)
        if step is not None:
            self._step = step + (self._step or 0)
        if self._step is not None:
            self.tell_clock(now, self._step)
            self._step = None
        told = self.acquisition.told
        if told is not None and self.clock.source != "unset":
            self.acquisition.told = None
            self.remote.rare("deviceclock", "tell", now, self.clock.uptime(told[0]), told[1])
        self.spool.tend(now)
        if now - self._synced >= SYNC_MS:
            self._synced = now
            self.spool.sync()
            if self._failures != self.spool.failures:
                self._failures = self.spool.failures
                if self.config.get("card"):
                    self.remote.rare("card", "look")
            if self.finder.news:
                self.finder.news = False
                self.remote.rare("boots", "remember", self.finder.current)

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
        self.acquisition.close(self.board.ticks())
        self.spool.close()
        call("assembly", "farewell", self)


def run(config: dict, board, log, reason: str = "start", begun=None) -> str:
    """Run a gateway with a configuration as `checked` returns it; OSError: the spool fails."""
    return Gateway(config, board, log, reason, begun).run()
