"""A line that goes away and comes back: one boot of the gateway, nothing lost on either side."""

import os

import pytest

from system.chain import Chain
from waiting import wait_for


def links(chain):
    """What the gateway said of its link, in order."""
    words = [row.data.split(" ") for row in chain.stored("records")]
    return [word[1] for word in words if word[0] == "!link"]


@pytest.mark.parametrize("micropython", [False, True], ids=["cpython", "micropython"])
def test_the_gateway_outlives_its_line(tmp_path, micropython):
    with Chain(tmp_path, micropython=micropython) as chain:
        chain.await_first()
        wait_for(lambda: links(chain), what="the link")
        chain.simulator.end()
        wait_for(lambda: links(chain)[-1] == "state=down", what="the line's end")
        downs = len(links(chain))
        before = len(chain.stored())
        chain.simulator.start()
        wait_for(lambda: os.path.islink(tmp_path / "line"), what="the incubator's new line")
        wait_for(lambda: len(chain.stored()) > before + 50, what="frames of the new line")
        # A busy machine may have been silent for long enough to count as down before.
        wait_for(lambda: links(chain)[downs:].count("state=up") > 0, what="the link again")
        assert links(chain)[0] == "state=up"
        assert {row.boot for row in chain.stored()} == {1}
        # The newest frames come first: what was recorded while the link went may be on its way.
        wait_for(lambda: chain.gaps() == [], 60, "all that was on its way")
        audit = chain.audit()
        assert audit.complete
        reasons = {reason for signal in audit.signals for reason in signal.missed}
        assert reasons & {"line_down", "device_off"}
