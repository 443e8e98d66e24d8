"""A spool that is too small for an outage: what was given up is named exactly, all else arrives."""

import contextlib
import sqlite3

import pytest

import spools
from neonat.ingest.reading import FrameReader
from neonat.store import Drop
from system.chain import GATEWAY, Chain
from waiting import wait_for

SMALLEST = "32k"
QUICKEST = {"24": 0, "27": 0, "2E": 0, "29": 0, "2A": 0}


def numbers(chain):
    """Every (boot, seq) that the store has, frames and records."""
    return {(row.boot, row.seq) for view in ("frames", "records") for row in chain.stored(view)}


def named_in(texts):
    """Every number that a `!drop` among the records names."""
    reader = FrameReader()
    notes = [reader.note(text.encode()) for text in texts if text.startswith("!")]
    return {
        (note.boot, seq)
        for note in notes
        if isinstance(note, Drop)
        for seq in range(note.first, note.last + 1)
    }


def gaps(chain):
    """(boot, seq) of every hole by its reason."""
    found: dict[str, set] = {}
    for boot, first, last, reason in chain.gaps():
        found.setdefault(reason, set()).update((boot, seq) for seq in range(first, last + 1))
    return found


def newest(chain):
    """The number of the newest record in the spool."""
    return max([(0, 0), *((boot, seq) for boot, seq, _ in spools.records(chain.spool))])


def gives_up(chain):
    """Whether the spool says that something was dropped which the server does not have.

    The first to go may be stored: only their acknowledgement was lost with the broker.
    """
    return named_in(data for _, _, data in spools.records(chain.spool)) - numbers(chain)


@pytest.mark.timeout(300)
@pytest.mark.slow
@pytest.mark.parametrize("micropython", [False, True], ids=["cpython", "micropython"])
def test_what_was_given_up_is_named_and_nothing_else_is_missing(tmp_path, micropython):
    with Chain(tmp_path, micropython=micropython, plan=QUICKEST) as chain:
        chain.await_first()
        chain.kill_gateway()
        chain.gateway.words += ["--spool-size", SMALLEST]
        chain.start_gateway()
        wait_for(lambda: len(chain.stored()) > 50, what="the quick plan")
        chain.kill_broker()
        # Killed while it gives up the oldest with every few records.
        before = newest(chain)[0]
        wait_for(lambda: gives_up(chain), 180, "the spool to be full")
        chain.kill_gateway()
        chain.start_gateway()
        chain.start_broker()
        wait_for(lambda: any(row.boot > before for row in chain.stored()), what="the next boot")
        chain.settle()
        stored, holes = numbers(chain), gaps(chain)
        named = named_in(row.data for row in chain.stored("records"))
        # What a killed board had heard in its last two seconds has the reason `restart`.
        in_ram = holes.pop("restart", set()) if micropython else set()
        assert set(holes) == {"dropped"}
        assert holes["dropped"] == named - stored
        assert holes["dropped"]
        known = stored | holes["dropped"] | in_ram
        last = {boot: max(seq for at, seq in known if at == boot) for boot, _ in known}
        assert known == {(boot, seq) for boot in last for seq in range(1, last[boot] + 1)}
        # What the spool held when it was killed is there, or was given up afterwards.
        assert set(chain.spooled) <= known
        assert refusals(chain) == 0
        audit = chain.audit()
        assert audit.complete, audit
        assert sum(boot.dropped for boot in audit.boots) == len(holes["dropped"])
        assert sum(boot.stored for boot in audit.boots) == len(stored)


def refusals(chain):
    """How much the server did not take."""
    with contextlib.closing(sqlite3.connect(chain.database, timeout=20)) as database:
        return database.execute(
            "SELECT count(*) FROM refusals WHERE topic LIKE ?", (f"%/{GATEWAY}/%",)
        ).fetchone()[0]
