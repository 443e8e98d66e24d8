"""From the last byte on the line to the browser's live stream: every part of the way is there."""

import contextlib

import pytest

from medibus.escape import unescape
from medibus.frame import frame_of
from medibus.items import items
from system.chain import GATEWAY, Chain
from system.stream import Stream
from waiting import wait_for


def shown(event):
    """The readings of a live event as (code, raw)."""
    return {(item["code"], item["raw"]) for item in event.data["readings"]}


def measured(chain):
    """The readings of all measured data on the line, in order, each as (code, raw)."""
    sent = [line["raw"] for line in chain.log() if line.get("raw", "").startswith("\\x01$")]
    return [{(item.code, item.raw) for item in items(frame_of(unescape(raw)))} for raw in sent]


@pytest.mark.parametrize("micropython", [False, True], ids=["cpython", "micropython"])
def test_what_is_on_the_line_reaches_the_browser(tmp_path, micropython):
    with Chain(tmp_path, micropython=micropython, plan={"24": 500, "27": 500}) as chain:
        chain.await_first()
        with contextlib.closing(Stream(chain.start_web())) as stream:

            def live():
                return [event for event in stream.events if event.kind == "gateway"]

            wait_for(lambda: len(live()) >= 6, what="live events")
            # The line goes on while a busy machine shows what it said before.
            before = len(measured(chain)) - 1
            wait_for(
                lambda: shown(live()[-1]) in measured(chain)[before:],
                what="later values to be shown",
            )
            assert {event.data["gateway"] for event in live()} == {GATEWAY}
            assert [event.arrived for event in live()] == sorted(e.arrived for e in live())
