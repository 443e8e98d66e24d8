"""The device's side of a session."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medibus.decoder import Decoder
from medibus.frame import Frame, command, response
from neonat.simulator.incubator import Incubator, LiveAnswers
from neonat.simulator.models import BABYROO, ISOLETTE, MODELS, TN500

ICC, IDENTIFY, NOP, STOP = command(0x51), command(0x52), command(0x30), command(0x55)
IDENTITY = b"\x01R5700'Babyleo TN500'01.06:06.00A5\r"


def incubator(model=TN500, opens=True, seed=1):
    began = datetime(2019, 4, 3, 18, 54, 54)
    return Incubator(
        LiveAnswers(model, seed, lambda now: began + timedelta(milliseconds=now)), opens
    )


def up(model=TN500, seed=1):
    device = incubator(model, opens=False, seed=seed)
    device.receive(0, ICC)
    device.receive(0, response(0x52))
    return device


def test_opens_by_itself_byte_for_byte():
    device = incubator()
    assert device.tick(0) == [b"\x1bQ6C\r"]
    assert device.receive(10, b"\x01Q52\r") == [b"\x1bR6D\r"]
    assert device.receive(20, b"\x01R53\r") == []
    assert device.receive(30, b"\x1bR6D\r") == [IDENTITY]
    assert device.state == "up"


def test_repeats_icc_until_somebody_answers():
    device = incubator()
    sent = [frame for now in range(0, 5000, 100) for frame in device.tick(now)]
    assert sent == [ICC] * 5


def test_answers_our_opening_and_asks_who_we_are():
    device = incubator(opens=False)
    assert device.tick(60_000) == []
    assert device.receive(60_000, ICC) == [b"\x01Q52\r", IDENTIFY]
    assert device.receive(60_010, IDENTIFY) == [IDENTITY]


def test_both_open_at_once_and_identify_once():
    device = incubator()
    assert device.tick(0) == [ICC]
    assert device.receive(1, ICC) == [response(0x51), IDENTIFY]
    assert device.receive(2, response(0x51)) == []


def test_says_nop_after_two_seconds_and_gives_up_after_three():
    device = up()
    assert device.tick(1999) == []
    assert device.tick(2000) == [NOP]
    assert device.receive(2010, response(0x30)) == []
    assert device.tick(4010) == [NOP]
    assert device.tick(5010) == []
    assert device.state == "down"


def test_opens_again_when_the_other_side_has_gone():
    device = incubator()
    device.tick(0)
    device.receive(0, response(0x51))
    assert device.tick(3000) == [ICC]


def test_answers_nop_and_what_it_does_not_know():
    device = up()
    assert device.receive(5, NOP) == [b"\x01031\r"]
    assert device.receive(6, command(0x6C)) == [response(0x6C)]
    assert device.receive(7, command(0x25)) == [response(0x25)]


def test_says_nothing_before_the_opening():
    assert incubator(opens=False).receive(5, command(0x24)) == []


def test_is_idle_after_stop_until_the_next_icc():
    device = incubator()
    device.receive(0, ICC)
    assert device.receive(1, STOP) == [response(0x55)]
    assert [frame for now in range(1, 20_000, 500) for frame in device.tick(now)] == []
    assert device.receive(20_000, command(0x24)) == []
    assert device.receive(20_001, ICC)[0] == response(0x51)


def test_icc_in_the_middle_identifies_again():
    device = up()
    assert device.receive(100, ICC) == [response(0x51), IDENTIFY]


def test_nak_brings_the_last_answer_again():
    device = up()
    first = device.receive(1, command(0x24))
    assert device.receive(900, command(0x15)) == first


def test_a_broken_command_is_not_answered():
    device = up()
    assert device.receive(1, b"\x1b$40\r") == []
    assert device.unheard == 1


def test_a_restart_opens_anew_later():
    device = up()
    device.opens = True
    device.restart(100, after=2000)
    assert device.tick(2099) == []
    assert device.tick(2100) == [ICC]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.key)
def test_every_model_says_who_it_is_and_answers_its_requests(model):
    device = up(model)
    assert device.receive(1, IDENTIFY) == [response(0x52, model.identity)]
    for code in (0x24, 0x28, 0x29, 0x2A):
        (answer,) = device.receive(1, command(code))
        assert len(answer) > 5


def test_models_differ_in_what_they_measure():
    isolette = up(ISOLETTE).receive(1, command(0x24))[0]
    babyroo = up(BABYROO).receive(1, command(0x24))[0]
    assert b"6D33.3" in isolette and b"6D" not in babyroo[:8]
    assert b"E1" in babyroo


@given(
    st.lists(
        st.tuples(st.integers(0, 4000), st.binary(max_size=40) | st.sampled_from([ICC, NOP, STOP])),
        max_size=30,
    ),
    st.booleans(),
)
def test_nothing_makes_it_raise_and_all_it_sends_are_frames(turns, opens):
    device, now, sent = incubator(opens=opens), 0, b""
    for pause, chunk in turns:
        now += pause
        sent += b"".join(device.receive(now, chunk) + device.tick(now))
        assert device.deadline(now) >= 0
    decoder = Decoder()
    events = decoder.feed(sent) + decoder.close()
    assert all(isinstance(event, Frame) for event in events)
