"""Which program and which configuration the board starts: decided before anything else is loaded.

`home` holds `main.py`, `config.json`, the program as it was flashed in `lib`, which no update ever
touches, and two later versions in `a` and `b`. `slots.json` says which one runs,
`{"run": "a", "counter": 7, "version": "0.2.0"}`, without it `lib`. `trial.json` says what is tried:
`{"trial": "update", "next": 8, "started": false, "answer": {…}}`. A trial (`update`: the other
directory; `config`: `config.new.json`) is started once; the next start before it was confirmed
rolls it back. `restart.json` says why the last start ended.
"""

from neonat.gateway import flash

SLOTS = "/slots.json"
TRIAL = "/trial.json"
CONFIG = "config.json"
TRIED = "config.new.json"


def running(home: str) -> "tuple[str, int, str]":
    """The directory of the confirmed program, its counter and the version that its bundle had; both
    texts are empty for `lib`.
    """
    found = flash.read(home + SLOTS)
    slot, counter = found.get("run"), found.get("counter")
    version = found.get("version")
    if slot not in ("a", "b") or not flash.there(home + "/" + slot):
        slot = version = ""
    return slot, counter if isinstance(counter, int) else 0, str(version or "")


def other(slot: str) -> str:
    """The directory that an update may write while `slot` runs."""
    return "b" if slot == "a" else "a"


def start(home: str, cause: str) -> dict:
    """Decide what to start: `slot`, `version`, `config`, `reason`, `trial`; `back` is what was
    rolled back, `note` what the last start left, `answer` a reply that is owed.

    `cause` is what the hardware knows: `power` or `watchdog`. A trial that cannot be written down
    as started is not started.
    """
    slot, counter, version = running(home)
    note = flash.read(home + flash.NOTE)
    state = flash.read(home + TRIAL)
    trial = state.get("trial")
    begun: dict = {"home": home, "slot": slot, "config": CONFIG, "trial": "", "back": ""}
    begun["note"] = note
    begun["reason"] = note.get("reason") or cause
    if _decided(home, state, counter):
        end(home, state, True, "confirmed")
    elif trial in ("update", "config") and state.get("started"):
        note["detail"] = note.get("detail") or "ended by " + begun["reason"]
        end(home, state, False, "rolled back: " + note["detail"])
        begun["back"] = trial
        begun["reason"] = "rollback"
    elif trial in ("update", "config") and _started(home, state):
        begun["trial"] = trial
        if trial == "update":
            begun["slot"] = other(slot)
            version = (state.get("answer") or {}).get("version", "")
        else:
            begun["config"] = TRIED
    begun["version"] = version
    begun["answer"] = state.get("answer")
    return begun


def _decided(home: str, state: dict, counter: int) -> bool:
    """Whether it was confirmed, though the state does not say so yet."""
    if state.get("trial") == "update":
        return state.get("next") == counter
    return state.get("trial") == "config" and not flash.there(home + "/" + TRIED)


def _started(home: str, state: dict) -> bool:
    state["started"] = True
    try:
        flash.replace(home + TRIAL, state)
    except OSError:
        return False
    return True


def end(home: str, state: dict, ok: bool, text: str) -> None:
    """Nothing is on trial any more; the reply that is owed says how it ended."""
    answer = state.get("answer")
    if isinstance(answer, dict):
        answer["ok"] = ok
        answer["state" if ok else "error"] = text
    state["trial"] = ""
    try:
        flash.replace(home + TRIAL, state)
    except OSError:
        pass
