"""A line that goes away and comes back: one boot of the gateway, nothing lost on either side."""

import os

import pytest
from system.chain import Chain
from waiting import wait_for


@pytest.mark.parametrize("micropython", [False, True], ids=["cpython", "micropython"])
def test_the_gateway_outlives_its_line(tmp_path, micropython):
    with Chain(tmp_path, micropython=micropython) as chain:
        chain.await_first()
        chain.simulator.end()
        before = len(chain.stored())
        chain.simulator.start()
        wait_for(lambda: os.path.islink(tmp_path / "line"), what="the incubator's new line")
        wait_for(lambda: len(chain.stored()) > before + 50, 30, "frames of the new line")
        assert {row.boot for row in chain.stored()} == {1}
        words = [row.data.split(" ")[:2] for row in chain.stored("records")]
        assert ["!link", "state=down"] in words
        assert words.count(["!link", "state=up"]) == 2
