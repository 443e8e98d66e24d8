"""What the desk does from afar and the gateway does about itself, as far as it is always there.

Commands, updates, trials and WebREPL are imported when they are used and leave the heap again. A
board may have these hooks: `feed()` for its watchdog; `webrepl(password)`, empty to close it;
`trial_ms`, the time that a trial has to deliver; `begin(config)` before all else, which lists what
is wrong with it; `tend(now, log)`, True when the network is there anew, or why to start again.
"""

from neonat.gateway.rarely import drop
from neonat.gateway.watchdog import Watchdog

LOG_MAX = 768
LOG_LINE_MAX = 160
JUDGE_MS = 1000
TRIES_MAX = 60
RARE = "bundle incoming download flash boots checking commands config proof settings slots trials"
RARE += " starting tuning hardware interface config_board identifier safe timing sntp deviceclock"
RARE += " pack unpack model coder card"
KEPT = 4  # of them, while a bundle comes in
MEDIBUS = "clock item remember identity"  # of its modules, what is needed once in a while


class Log:
    """The last lines of the log in a fixed piece of RAM, with the seconds since boot; `out` gets
    each line too.
    """

    def __init__(self, out, board):
        self._out = out
        self._board = board
        self._start = board.ticks()
        self._buffer = bytearray(LOG_MAX)
        self._used = 0

    def __call__(self, text: str) -> None:
        self._out(text)
        seconds = (self._board.ticks() - self._start) // 1000
        raw = ("%d %s\n" % (seconds, text[:LOG_LINE_MAX])).encode()
        used = self._used
        cut = max(0, used + len(raw) - LOG_MAX)
        while cut and self._buffer[cut - 1] != 10:
            cut += 1
        self._buffer[: used - cut] = self._buffer[cut:used]
        self._used = used - cut + len(raw)
        self._buffer[used - cut : self._used] = raw

    def lines(self) -> "list[str]":
        """The oldest first."""
        return bytes(self._buffer[: self._used]).decode().split("\n")[:-1]


class Remote:
    """`begun` is what `slots.start` said, None where somebody else keeps the program.

    `until` has, by name, when something ends: `webrepl`, `trial`, `download` (milliseconds).
    """

    def __init__(self, gateway, log: Log, reason: str, begun: "dict | None"):
        self.gateway = gateway
        self.log = log
        self.begun: dict = begun or {"home": "", "reason": reason}
        self.download = None
        self.device_ahead: "int | None" = None  # seconds, of the device's own clock
        self.until: "dict[str, int]" = {}
        self.tries = 0  # for want of memory, at the command that is to be answered
        self.line: tuple = ()  # baud and parity that were found before
        self._judged = now = gateway.board.ticks()
        self._watchdog = Watchdog(now)
        self._feed = getattr(gateway.board, "feed", None)
        self.heading: "list[tuple]" = self.rare("boots", "prepare")

    @property
    def home(self) -> str:
        """The directory of what is kept beside the spool."""
        return self.begun["home"] or self.gateway.config["spool"]

    @property
    def trial(self) -> str:
        """What is on trial: `update`, `config` or nothing."""
        return self.begun.get("trial", "")

    def rare(self, module: str, name: str, *args):
        """Call a function that is rarely used, with this object before its arguments."""
        path = "neonat.gateway." + module
        try:
            return getattr(__import__(path, None, None, (name,)), name)(self, *args)
        finally:
            self.purge()

    def purge(self) -> None:
        """Let the modules that are rarely used leave the heap."""
        drop("neonat.gateway", RARE.split(" ")[KEPT if self.download is not None else 0 :])
        drop("medibus", MEDIBUS.split(" "))

    def step(self, now: int, online: bool) -> None:
        """End what has had its time, tell how a trial ended, feed the watchdog."""
        if self.until and now >= min(self.until.values()):
            self.rare("boots", "expire", now)
        if online and self.begun.get("answer") and not self.trial:
            self.rare("trials", "tell")
        if now - self._judged < JUDGE_MS:
            return
        self._judged = now
        gateway = self.gateway
        waiting = online and gateway.spool.records > 0
        moves = (gateway.acquisition.moves, gateway.uplink.moves, gateway.sender.acked)
        verdict = self._watchdog.judge(now, moves[0], moves[1], moves[2], waiting)
        if verdict == "reconnect":
            gateway.uplink.renew(now)
        elif not verdict:
            if self._feed is not None:
                self._feed()
        elif not gateway.leaving:
            self.rare("boots", "restart", "watchdog", "the %s is stuck" % verdict)
