"""A gateway whose spool was replaced counts its boots from 1 again: it must not stay unheard."""

import contextlib
import shutil
import sqlite3

import pytest

from gateways import Gateway
from system.chain import GATEWAY, Chain
from waiting import wait_for


def refused(chain):
    """How often the server refused a number that it had."""
    with contextlib.closing(sqlite3.connect(chain.database, timeout=20)) as database:
        return database.execute(
            "SELECT count(*) FROM refusals WHERE reason = 'conflict' AND topic LIKE ?",
            (f"%/{GATEWAY}/%",),
        ).fetchone()[0]


def clock_is_stored(chain):
    """Whether the second record of the first boot is, which no other boot repeats."""
    return any((row.boot, row.seq) == (1, 2) for row in chain.stored("records"))


def let_acknowledgements_out(chain):
    """Let none of the last life reach the next: it would know the numbers at once.

    What was under way ends with its broker; what ingest still had to say goes before its answer to
    another gateway.
    """
    chain.kill_broker()
    chain.start_broker()
    other = Gateway(chain.broker.port, "other")
    other.resend_until_acked(1)
    other.close()


@pytest.mark.parametrize("micropython", [False, True], ids=["cpython", "micropython"])
def test_a_gateway_with_a_new_spool_finds_numbers_that_are_free(tmp_path, micropython):
    with Chain(tmp_path, micropython=micropython) as chain:
        chain.await_first()
        # The newest come first: numbers that were never stored are free for a new spool.
        wait_for(lambda: clock_is_stored(chain), what="the beginning of the first boot")
        for _ in range(2):
            chain.kill_gateway()
            chain.start_gateway()
            boot = len(chain.lives) + 1
            wait_for(
                lambda boot=boot: any(row.boot == boot for row in chain.stored()),
                what="frames of the next boot",
            )
        chain.kill_gateway()
        let_acknowledgements_out(chain)
        before = chain.stored()
        shutil.rmtree(chain.spool)
        chain.start_gateway()
        wait_for(lambda: sum(row.boot > 3 for row in chain.stored()) > 20, what="new numbers")
        after = chain.stored()
        # What was stored is untouched, and what was not taken is seen by the operator.
        assert [row for row in after if row in before] == before
        # The first record is the same each time; what differs may come behind the new numbers.
        wait_for(lambda: refused(chain) > 0, what="what the server refuses")
        assert {row.boot for row in after} == {1, 2, 3, 4}

        def told():
            chain.desk.tell("status")
            return chain.desk.status.get("boot") == 4

        wait_for(told, what="the number in the state")
