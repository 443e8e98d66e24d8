"""How this start began and how it ends; `remote` is a `Remote`."""

from neonat.gateway import flash
from neonat.gateway.writing import quote, record

TRACE_ROOM = 700
TRIAL_MS = 300000
PLAN = "/poll.json"
LINE = "/line.json"
PARITIES = ("odd", "even", "none")


def prepare(remote) -> "list[tuple]":
    """Find out why the last start ended; the first pairs of the `!boot` record."""
    begun = remote.begun
    if not begun.get("home"):
        begun["note"] = flash.read(remote.home + flash.NOTE)
        begun["reason"] = begun["note"].get("reason") or begun["reason"]
    line = flash.read(remote.home + LINE)
    if isinstance(line.get("baud"), int) and line.get("parity") in PARITIES:
        remote.line = (line["baud"], line["parity"])
    pairs = [("reason", begun["reason"])]
    if remote.trial:
        board = remote.gateway.board
        remote.until["trial"] = board.ticks() + getattr(board, "trial_ms", TRIAL_MS)
        pairs.append(("trial", remote.trial))
    return pairs


def begin(remote) -> None:
    """The boot is on record: say how the last one ended, and go on with what was set in it."""
    begun = remote.begun
    note = begun["note"]
    detail = ("detail", str(note.get("detail", ""))[:80])
    if note.get("trace"):
        _tell(remote, [("reason", "exception"), ("trace", _fitting(str(note["trace"])))])
        for line in str(note["trace"]).rstrip().split("\n"):
            remote.log(line)
    if begun.get("back"):
        _tell(remote, [("reason", "rollback"), ("of", begun["back"]), detail])
    elif begun["reason"] == "watchdog" and detail[1]:
        _tell(remote, [("reason", "watchdog"), detail])
    wrong = remote.gateway.config.get("safe")
    if wrong:
        remote.log("safe mode: " + wrong)
        _tell(remote, [("reason", "configuration"), ("detail", wrong[:160])])
    for fault in begun.pop("faults", None) or []:
        remote.log(fault)
        _tell(remote, [("reason", "hardware"), ("detail", fault[:160])])
    flash.remove(remote.home + flash.NOTE)
    begun["note"] = None
    plan = flash.read(remote.home + PLAN)
    if plan:
        try:
            remote.gateway.plan.set({int(code, 16): plan[code] for code in plan})
        except ValueError as error:
            remote.log("poll plan: " + str(error))


def remember(remote, line: "tuple[int, str]") -> None:
    """The line was found: the next start tries it first."""
    try:
        flash.replace(remote.home + LINE, {"baud": line[0], "parity": line[1]})
    except OSError as error:
        remote.log("flash: " + str(error))


def _tell(remote, pairs: "list[tuple]") -> None:
    remote.gateway.tell(record("error", pairs))


def _fitting(trace: str) -> str:
    while len(quote(trace)) > TRACE_ROOM:
        trace = trace[len(trace) // 8 + 1 :]
    return trace


def restart(remote, reason: str, detail: str = "") -> None:
    """End this start soon; the next one says why."""
    remote.log("restart: " + reason + (", " + detail if detail else ""))
    flash.note(remote.home, reason, detail)
    remote.gateway.leave("restart")


def expire(remote, now: int) -> None:
    """End what has had its time."""
    for name in [name for name, at in remote.until.items() if now >= at]:
        del remote.until[name]
        if name == "download":
            remote.download = None
        elif name == "webrepl":
            remote.gateway.board.webrepl("")
            remote.log("webrepl: closed")
        else:
            restart(remote, "rollback", "it brought no acknowledgement in its time")
