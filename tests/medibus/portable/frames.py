"""Frames and escapes, by example."""

from medibus.escape import escape, unescape
from medibus.frame import (
    COMMAND_MAX,
    ESC,
    RESPONSE_MAX,
    SOH,
    Frame,
    FrameError,
    checksum,
    command,
    encode,
    frame_of,
    response,
)


def raises(kind, function, *args):
    try:
        function(*args)
    except kind as error:
        return error
    raise AssertionError("did not raise")


def test_what_the_recording_and_the_original_programs_hold():
    assert command(0x51) == b"\x1bQ6C\r"
    assert command(0x52) == b"\x1bR6D\r"
    assert command(0x30) == b"\x1b04B\r"
    assert response(0x51) == b"\x01Q52\r"
    assert response(0x52) == b"\x01R53\r"
    assert response(0x30) == b"\x01031\r"
    assert response(0x29, b"1A 31.5") == b"\x01)1A 31.583\r"
    assert response(0x52, b"5700'Babyleo TN500'01.06:06.00")[-3:] == b"A5\r"


def test_parts_of_a_frame():
    frame = Frame(b"\x01)1A 31.583")
    assert not frame.is_command
    assert frame.direction == "response"
    assert frame.code == 0x29
    assert frame.data == b"1A 31.5"
    assert Frame(b"\x1b04B").is_command
    assert Frame(b"\x1b04B").direction == "command"


def test_equal_by_bytes():
    assert Frame(b"\x1b04B") == Frame(b"\x1b04B")
    assert Frame(b"\x1b04B") != Frame(b"\x01031")
    assert len({Frame(b"\x1b04B"), Frame(b"\x1b04B")}) == 1


def test_checksum_is_two_upper_case_digits():
    assert checksum(b"\x01*") == b"2B"
    assert checksum(b"") == b"00"
    assert checksum(bytes([127] * 5000)) == b"%02X" % (127 * 5000 % 256)


def test_longest_frames():
    for start, most in ((ESC, COMMAND_MAX), (SOH, RESPONSE_MAX)):
        assert frame_of(encode(start, 0x24, b"A" * most)[:-1]).data == b"A" * most
        raises(ValueError, encode, start, 0x24, b"A" * (most + 1))


def test_a_frame_holds_nothing_that_controls_the_line():
    for byte in (0x01, 0x1B, 0x0D, 0x11, 0x13, 0x18, 0x80, 0xFF):
        raises(ValueError, encode, SOH, 0x24, bytes((0x41, byte)))
        raises(ValueError, encode, SOH, byte, b"")
    raises(ValueError, encode, 0x02, 0x24, b"")
    raises(ValueError, encode, SOH, 256, b"")


def test_why_bytes_are_no_frame():
    for reason, raw in (
        ("noise", b""),
        ("noise", b"$6530.8C1"),
        ("noise", b"\x01$\x806A5"),
        ("noise", b"\x01$\x01031"),
        ("truncated", b"\x01"),
        ("truncated", b"\x01$2"),
        ("checksum", b"\x01*2C"),
        ("checksum", b"\x01*2b"),
        ("checksum", b"\x01'C4"),
        ("oversize", b"\x1b" + b"A" * 5000),
    ):
        assert raises(FrameError, frame_of, raw).reason == reason, raw


def test_escape_as_on_the_wire():
    assert escape(b"\x01$6530.8C1") == "\\x01$6530.8C1"
    assert escape(b"\\|\r\xff ~\x7f") == "\\\\|\\x0d\\xff ~\\x7f"
    assert escape(b"") == ""
    assert unescape("\\x01$6530.8C1") == b"\x01$6530.8C1"
    assert unescape("\\\\x01") == b"\\x01"
    assert unescape("") == b""


def test_what_no_escape_writes():
    for text in ("\\", "a\\", "\\x", "\\x0", "\\x0G", "\\x0A", "\\n", "\\x41", "\\x5c", "\n", "é"):
        raises(ValueError, unescape, text)
    raises(ValueError, unescape, "\\x+1")
