"""Trials of a program or a configuration: begun, confirmed, told; `remote` is a `Remote`."""

import json
import os

from neonat.gateway import flash, slots
from neonat.gateway.writing import record


def attempt(home: str, trial: str, answer: dict, counter: int = 0) -> None:
    """Start with it next time; `answer` becomes the reply when it is decided. OSError."""
    state = {"trial": trial, "next": counter, "started": False, "answer": answer}
    flash.replace(home + slots.TRIAL, state)


def confirm(remote) -> None:
    """What is on trial has delivered: keep it."""
    home, trial = remote.home, remote.trial
    state = flash.read(home + slots.TRIAL)
    try:
        # From here on it is what runs, whatever becomes of the state.
        if trial == "config":
            os.rename(home + "/" + slots.TRIED, home + "/" + slots.CONFIG)
        else:
            run = {"run": remote.begun["slot"], "counter": state.get("next")}
            run["version"] = remote.begun.get("version")
            flash.replace(home + slots.SLOTS, run)
    except OSError as error:
        remote.log("trial: " + str(error))
        return
    slots.end(home, state, True, "confirmed")
    remote.begun["answer"] = state.get("answer")
    remote.begun["trial"] = ""
    remote.until.pop("trial", None)
    remote.log("trial: the %s is confirmed" % trial)
    remote.gateway.tell(record("boot", [("confirmed", trial)]))


def tell(remote) -> None:
    """Give the reply that waited for the end of a trial."""
    answer = remote.begun["answer"]
    remote.begun["answer"] = None
    flash.remove(remote.home + slots.TRIAL)
    remote.gateway.uplink.publish("reply", json.dumps(answer).encode())
