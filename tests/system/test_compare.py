"""The comparison that proves "exactly once" must itself see every kind of loss."""

from hypothesis import given
from hypothesis import strategies as st

from system.compare import Sent, difference

RAWS = st.sampled_from(["\\x01031", "\\x1b04B", "a", "b", "c"])


def line(raws, opening=0, closing=0, harmed=(), loose=0):
    count = len(raws)
    return [
        Sent(raw, at not in harmed, at < opening, at >= count - closing, 1, at >= count - loose)
        for at, raw in enumerate(raws)
    ]


@given(st.lists(RAWS, max_size=40), st.data())
def test_what_may_be_missing_is_accepted(raws, data):
    opening = data.draw(st.integers(0, len(raws)))
    closing = data.draw(st.integers(0, len(raws) - opening))
    first = data.draw(st.integers(0, opening))
    last = len(raws) - data.draw(st.integers(0, closing))
    assert difference(line(raws, opening, closing), raws[first:last]) == ""


@given(st.lists(RAWS, min_size=1, max_size=40), st.data())
def test_a_loss_in_the_middle_is_seen(raws, data):
    lost = data.draw(st.integers(0, len(raws) - 1))
    assert difference(line(raws), raws[:lost] + raws[lost + 1 :])


@given(st.lists(RAWS, min_size=1, max_size=40), st.data())
def test_a_double_is_seen(raws, data):
    twice = data.draw(st.integers(0, len(raws) - 1))
    assert difference(line(raws), raws[: twice + 1] + raws[twice:])


@given(st.lists(RAWS, max_size=40), st.data())
def test_an_invented_frame_is_seen(raws, data):
    place = data.draw(st.integers(0, len(raws)))
    assert difference(line(raws, len(raws), 0), [*raws[:place], "invented", *raws[place:]])


@given(st.lists(RAWS, min_size=2, max_size=40, unique=True), st.data())
def test_a_wrong_order_is_seen(raws, data):
    place = data.draw(st.integers(0, len(raws) - 2))
    turned = [*raws[:place], raws[place + 1], raws[place], *raws[place + 2 :]]
    assert difference(line(raws), turned)


@given(st.lists(RAWS, min_size=1, max_size=40), st.data())
def test_a_harmed_frame_may_be_there_or_not(raws, data):
    harmed = data.draw(st.sets(st.integers(0, len(raws) - 1)))
    kept = [raw for at, raw in enumerate(raws) if at not in harmed or data.draw(st.booleans())]
    assert difference(line(raws, harmed=harmed), kept) == ""


def test_once_the_end_is_missing_nothing_may_follow():
    assert difference(line(["a", "b", "c"], closing=3), ["a", "c"])


def test_of_what_was_in_ram_any_may_be_missing_but_nothing_before():
    assert difference(line(["a", "b", "c", "d"], closing=3, loose=3), ["a", "b", "d"]) == ""
    assert difference(line(["a", "b", "c", "d"], closing=3, loose=3), ["a", "d", "c"])
    assert difference(line(["a", "b", "c", "d"], closing=3, loose=3), ["b", "d"])


def test_a_new_client_opens_anew():
    first, second = line(["a", "b"], closing=1), line(["c", "a"], opening=1)
    again = [item._replace(client=2) for item in second]
    assert difference(first + again, ["a", "a"]) == ""
    assert difference(first + again, ["a", "b", "c"])
