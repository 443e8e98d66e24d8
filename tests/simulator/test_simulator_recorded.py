"""The simulated TN500 against the bytes of a real one."""

from datetime import datetime
from pathlib import Path

import pytest

from medibus.decoder import Decoder
from medibus.frame import Frame, command
from neonat.simulator.incubator import Incubator, LiveAnswers
from neonat.simulator.models import TN500, Alarm
from neonat.simulator.replay import RecordedAnswers, Recording

CAPTURE = Path(__file__).parents[1] / "data" / "tn500.bin"


def recorded():
    frames = [e for e in Decoder().feed(CAPTURE.read_bytes()) if isinstance(e, Frame)]
    assert len(frames) == 34
    return frames


def cells(data, width):
    assert len(data) % width == 0
    pieces = [data[at : at + width] for at in range(0, len(data), width)]
    return {int(piece[:2], 16): piece[2:] for piece in pieces}


def device_as_recorded(frame):
    """A device whose state is what the recorded frame says."""
    moment = datetime(2019, 4, 3, 18, 54, 54)
    if frame.code == 0x28:
        moment = datetime.strptime(frame.data.decode().title(), "%H:%M:%S%d-%b-%y")
    answers = LiveAnswers(TN500, 0, lambda now: moment)
    state = answers.state
    if frame.code == 0x24:
        values = {code: float(field) for code, field in cells(frame.data, 6).items()}
        state.missing = state.values.keys() - values.keys()
        state.values.update(values)
    elif frame.code == 0x29:
        state.settings.update({c: float(f) for c, f in cells(frame.data, 7).items()})
    elif frame.code == 0x27:
        state.alarms = [
            next(a for a in TN500.alarms if (a.request, a.code) == (0x27, int(piece[1:3], 16)))
            for piece in (frame.data[at : at + 15] for at in range(0, len(frame.data), 15))
        ]
    elif frame.code == 0x2A:
        state.options = [mode for mode in TN500.options if mode.code in (0x16, 0xA3)]
    return Incubator(answers, opens=False)


@pytest.mark.parametrize("frame", recorded(), ids=lambda frame: f"{frame.code:02X}")
def test_a_device_in_the_recorded_state_sends_the_recorded_bytes(frame):
    device = device_as_recorded(frame)
    device.receive(0, command(0x51))
    assert device.receive(0, command(frame.code)) == [frame.raw + b"\r"]


def test_replayed_answers_are_the_recorded_frames_in_turn():
    device = Incubator(
        RecordedAnswers(Recording(CAPTURE.read_bytes()), TN500.identity), opens=False
    )
    device.receive(0, command(0x51))
    for code in {frame.code for frame in recorded()}:
        expected = [frame.raw + b"\r" for frame in recorded() if frame.code == code]
        answers = [device.receive(0, command(code))[0] for _ in range(2 * len(expected))]
        assert answers == expected * 2


def test_pieces_are_the_recorded_bytes():
    content = CAPTURE.read_bytes()
    pieces, joined = Recording(content).pieces(), b""
    while len(joined) < len(content):
        joined += next(pieces)
    assert joined == content


def test_a_file_without_a_response_is_no_recording():
    with pytest.raises(ValueError, match="no response"):
        Recording(b"\x1bQ6C\rhello")


def test_alarms_of_the_recording_are_of_the_model():
    assert Alarm(0x27, 0x43, 19, "O2 SENS ERR") in TN500.alarms
    assert Alarm(0x27, 0xB2, 5, "CHECK WEAN") in TN500.alarms
