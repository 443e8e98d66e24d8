"""Every frame that reached the spool is stored once, whatever is killed and cut meanwhile.

`NEONAT_CHAOS_SECONDS` makes each combination last longer; `make chaos` prints the counts.
"""

import os

import pytest

from brokers import KINDS
from system.chain import Chain
from system.chaos import LINE_FAULTS, Chaos
from system.compare import losses
from waiting import wait_for

SECONDS = float(os.environ.get("NEONAT_CHAOS_SECONDS", "14"))
SEED = int(os.environ.get("NEONAT_CHAOS_SEED", "1"))
pytestmark = [pytest.mark.timeout(SECONDS + 300), pytest.mark.slow]
gateways = pytest.mark.parametrize("micropython", [False, True], ids=["cpython", "micropython"])


def proven(chain):
    """Everything settles, and both ends agree."""
    chain.settle()
    frames, records = chain.stored(), chain.stored("records")
    found = losses(chain.log(), chain.lives, frames, records, chain.spooled)
    assert not found, "\n".join(found[:10])
    # What a killed board had heard in its last two seconds has the reason `restart`.
    assert {reason for *_, reason in chain.gaps()} <= ({"restart"} if chain.micropython else set())
    audit = chain.audit()
    assert audit.complete, audit
    missing = sum(boot.restart for boot in audit.boots)
    assert sum(boot.expected for boot in audit.boots) == len(frames) + len(records) + missing


@gateways
@pytest.mark.parametrize("broker", KINDS)
def test_kills_and_cuts_lose_and_double_nothing(tmp_path, broker, micropython):
    with Chain(tmp_path, broker, micropython, seed=SEED) as chain:
        chain.await_first()
        Chaos(chain, SEED).run(SECONDS)
        wait_for(lambda: len(chain.stored()) > 100, what="a hundred frames")
        proven(chain)


@gateways
def test_a_bad_line_invents_nothing(tmp_path, micropython):
    with Chain(tmp_path, "embedded", micropython, LINE_FAULTS, seed=SEED) as chain:
        chain.await_first()
        Chaos(chain, SEED).run(SECONDS / 2)
        wait_for(lambda: len(chain.stored()) > 20, what="twenty frames")
        proven(chain)
