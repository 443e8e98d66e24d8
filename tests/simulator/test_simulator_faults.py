"""Faults on the line, read back by a real decoder."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medibus.decoder import Decoder
from medibus.frame import Frame, command, response
from neonat.simulator.faults import CAN, FAULTS, XOFF, XON, Faults, misleads, parse
from neonat.simulator.incubator import Incubator
from neonat.simulator.models import TN500
from neonat.simulator.replay import Recording
from neonat.simulator.station import Playback, Station

FRAMES = (
    b"\x01$6530.86631.66C 18 6D33.36E   0C2 0.8E4 183EC  53F1   4F3 101C1\r",
    b"\x01)1A 31.583\r",
    b"\x01*138Air Mode\x0316GHumidity Control active\x03A3<Weaning Mode\x03A5C"
    b"Closed Care Therapy\x03F5\r",
    b"\x01'C43O2 SENS ERR 5B2CHECK WEAN  67\r",
    b"\x01R5700'Babyleo TN500'01.06:06.00A5\r",
    command(0x30),
    response(0x2B),
)
FRAME_FAULTS = [name for name in FAULTS if name not in ("silence", "restart")]


INNER = re.compile(rb"[\x01\x1b][^\x01\x1b\r]{3,}\r")
NO_DATA = bytes((XON, XOFF, CAN, *range(0x80, 0x100)))


def is_collision(got, pieces):
    """Whether damages that meet have made a frame whose eight bits of checksum are right."""
    if any(got in piece.whole + piece.harmed for piece in pieces):
        return False
    line = b"".join(piece.data for piece in pieces).translate(None, NO_DATA)
    return got + b"\r" in line or got + b"\r" in INNER.sub(b"", line)


def decoded(pieces):
    decoder = Decoder()
    events = [event for piece in pieces for event in decoder.feed(piece.data)] + decoder.close()
    return [event.raw for event in events if isinstance(event, Frame)]


def assert_explained(pieces):
    """All whole frames are read, in order, and nothing else but a harmed frame as it was meant."""
    found = (got for got in decoded(pieces) if not is_collision(got, pieces))
    for piece in pieces:
        for raw in piece.whole:
            for got in found:
                if got == raw:
                    break
                assert any(got in other.harmed for other in pieces), got
            else:
                pytest.fail(f"{raw!r} was sent whole and not read")
    assert all(any(got in piece.harmed for piece in pieces) for got in found)


@given(
    st.lists(st.sampled_from(FRAMES), min_size=1, max_size=12),
    st.dictionaries(st.sampled_from(FRAME_FAULTS), st.sampled_from([0.1, 0.5, 1.0])),
    st.integers(0, 2**32),
)
@settings(max_examples=400, deadline=None)
def test_a_decoder_reads_what_was_sent_whole_and_nothing_else(frames, rates, seed):
    faults = Faults(rates, seed, another=lambda: FRAMES[1])
    assert_explained([piece for frame in frames for piece in faults.send(frame)])


@given(st.lists(st.sampled_from(FRAMES), max_size=20), st.integers(0, 99))
def test_the_same_seed_gives_the_same_bytes(frames, seed):
    first, second = (Faults(dict.fromkeys(FRAME_FAULTS, 0.3), seed) for _ in range(2))
    assert [first.send(frame) for frame in frames] == [second.send(frame) for frame in frames]
    assert first.counts == second.counts


@pytest.mark.parametrize("name", FRAME_FAULTS)
def test_each_fault_happens(name):
    faults = Faults({name: 1.0}, 1)
    pieces = [piece for frame in FRAMES for piece in faults.send(frame)]
    assert faults.counts[name] > 0
    assert any(name in piece.faults for piece in pieces)
    assert b"".join(piece.data for piece in pieces) != b"".join(FRAMES)


@pytest.mark.parametrize("name", ["unknown", "blank"])
def test_reworded_frames_are_whole(name):
    faults = Faults({name: 1.0}, 1)
    pieces = [piece for frame in FRAMES for piece in faults.send(frame)]
    assert decoded(pieces) == [raw for piece in pieces for raw in piece.whole]
    assert len(pieces) == len(FRAMES)


def test_a_frame_cut_by_the_next():
    faults = Faults({"cut": 1.0}, 1, another=lambda: FRAMES[1])
    head, follower = faults.send(FRAMES[3])
    assert FRAMES[3].startswith(head.data)
    assert head.harmed == (FRAMES[3][:-1],)
    assert (follower.data, follower.whole) == (FRAMES[1], (FRAMES[1][:-1],))


def test_without_faults_bytes_are_as_they_are():
    (piece,) = Faults({}, 1).send(FRAMES[0])
    assert piece == (FRAMES[0], (FRAMES[0][:-1],), (), ())


def test_a_damage_that_the_checksum_cannot_see_is_known():
    assert misleads(response(0x29, b"1A 31.5"), b"\x01)1A 32.584")
    assert not misleads(FRAMES[1], FRAMES[1][:-1])


def test_rates_are_read():
    assert parse(["flip", "lose=0.25"]) == {"flip": FAULTS["flip"][0], "lose": 0.25}


@pytest.mark.parametrize("word", ["flap", "flip=", "flip=2", "flip=often", "flip=nan"])
def test_a_wrong_rate_or_name_is_refused(word):
    with pytest.raises(ValueError, match=r"fault"):
        parse([word])


class Fixed:
    identity = TN500.identity

    def data(self, code, now):
        return b""


def station(rates):
    return Station(Incubator(Fixed(), opens=True), Faults(rates, 1))


def test_silence_neither_sends_nor_hears():
    device = station({"silence": 1.0})
    (piece,) = device.tick(0)
    assert piece.faults == ("silence",) and piece.data == b""
    until = device.deadline(0)
    assert until >= 3500
    assert device.receive(until - 1, command(0x51)) == []
    assert device.receive(until, command(0x51)) != []


def test_a_restart_opens_anew():
    device = station({"restart": 0.0})
    device.receive(0, command(0x51))
    assert device.incubator.state == "up"
    device.faults = Faults({"restart": 1.0}, 1)
    assert device.receive(1, command(0x30))[0].faults == ("restart",)
    device.faults = Faults({}, 1)
    assert [piece.data for piece in device.tick(device.deadline(1))] == [command(0x51)]


def test_playback_sends_a_piece_an_interval():
    content = b"".join(FRAMES)
    player = Playback(Recording(content).pieces(), Faults({}, 1), 100)
    pieces = [piece for now in range(0, 700, 50) for piece in player.tick(now)]
    assert b"".join(piece.data for piece in pieces) == content
    assert [raw for piece in pieces for raw in piece.whole] == [frame[:-1] for frame in FRAMES]
