"""The decoder, by example: whole frames, interrupted ones, and everything else on a line."""

from medibus.decoder import Decoder, LineError
from medibus.frame import ESC, SOH, Frame, command, encode, response

ROOT = __file__.rsplit("/medibus/", 1)[0]


def recorded():
    with open(ROOT + "/data/tn500.bin", "rb") as file:
        return file.read()


def events(data, size=None):
    decoder = Decoder()
    out = []
    for at in range(0, len(data), size or len(data) or 1):
        out += decoder.feed(data[at : at + (size or len(data))])
    return out + decoder.close()


def error(reason, raw):
    return LineError(reason, raw, len(raw))


def frame(line):
    return Frame(line[:-1])


def both(data, expected):
    assert events(data) == expected, events(data)
    assert events(data, 1) == expected, events(data, 1)


DATA = response(0x24, b"6530.86631.6")
TEXT = response(0x2A, b"138Air Mode\x03")
NOP = command(0x30)


def test_the_recording():
    found = events(recorded())
    frames = [event for event in found if isinstance(event, Frame)]
    assert len(frames) == 34
    assert [event for event in found if isinstance(event, LineError)] == [
        error("truncated", b"\x01'C4")
    ]
    counts = {}
    for one in frames:
        assert not one.is_command
        counts[chr(one.code)] = counts.get(chr(one.code), 0) + 1
    assert counts == {"$": 8, "*": 7, "(": 6, ")": 5, "+": 4, "'": 4}


def test_the_recording_in_any_chunks():
    data = recorded()
    found = events(data)
    for size in (1, 2, 7, 64, 333):
        assert events(data, size) == found


def test_empty():
    both(b"", [])


def test_a_command_inside_a_response():
    cut = DATA[:7] + NOP + DATA[7:]
    both(cut + TEXT, [frame(NOP), frame(DATA), frame(TEXT)])


def test_several_commands_inside_a_response():
    cut = DATA[:3] + NOP + NOP + DATA[3:9] + NOP + DATA[9:]
    both(cut, [frame(NOP), frame(NOP), frame(NOP), frame(DATA)])


def test_a_command_just_before_the_end_of_a_response():
    both(DATA[:-1] + NOP + DATA[-1:], [frame(NOP), frame(DATA)])


def test_a_corrupt_command_inside_a_response():
    both(DATA[:9] + b"\x1b04C\r" + DATA[9:], [error("checksum", b"\x1b04C"), frame(DATA)])


def test_a_response_broken_off():
    both(DATA[:8] + TEXT + NOP, [frame(TEXT), error("truncated", DATA[:8]), frame(NOP)])


def test_a_response_broken_off_at_the_end():
    both(DATA[:8] + TEXT, [frame(TEXT), error("truncated", DATA[:8])])
    both(TEXT + DATA[:8], [frame(TEXT), error("truncated", DATA[:8])])


def test_what_follows_a_broken_response_is_not_lost():
    found = [frame(TEXT), error("truncated", DATA[:8]), error("noise", b"abc\r"), frame(NOP)]
    both(DATA[:8] + TEXT + b"abc\r" + NOP, found)
    both(DATA[:8] + TEXT + b"abc", [found[0], found[1], error("noise", b"abc")])


def test_two_broken_off_one_after_the_other():
    empty = response(0x2B)
    found = [frame(empty), error("truncated", DATA[:5]), error("truncated", TEXT[:6]), frame(NOP)]
    both(DATA[:5] + TEXT[:6] + empty + NOP, found)


def test_starts_without_end():
    found = events(b"\x01" * 9)
    assert found == [error("truncated", b"\x01")] * 9


def test_long_frames_that_were_interrupted_are_not_all_held():
    long = b"\x01$" + b"6530.8" * 250
    decoder = Decoder()
    assert decoder.feed(long + long + long) == []
    assert decoder.feed(b"\x01") == [error("truncated", long)]


def test_wrong_checksum():
    both(b"\x01*2C\r" + DATA, [error("checksum", b"\x01*2C"), frame(DATA)])
    both(b"\x01\r" + DATA, [error("checksum", b"\x01"), frame(DATA)])


def test_noise_is_one_event_a_run():
    both(
        b"abc\r\ndef" + DATA + b"\r\n",
        [
            error("noise", b"abc\r\ndef"),
            frame(DATA),
            error("noise", b"\r\n"),
        ],
    )


def test_long_noise_keeps_its_beginning():
    found = events(b"abcdefgh" * 1000, 13)
    assert found == [LineError("noise", b"abcdefgh" * 8, 8000)]


def test_oversize_is_one_event():
    for start, most in ((ESC, 251), (SOH, 3845)):
        longest = encode(start, 0x24, b"A" * most)
        both(longest, [frame(longest)])
        both(
            b"%s%s\r" % (longest[:2], b"A" * 5000) + DATA,
            [
                LineError("oversize", longest[:2] + b"A" * 62, 5002),
                frame(DATA),
            ],
        )


def test_oversize_ends_with_a_start_or_the_stream():
    found = [LineError("oversize", b"\x1b" + b"A" * 63, 400), frame(DATA)]
    both(b"\x1b" + b"A" * 399 + DATA, found)
    both(b"\x1b" + b"A" * 399, found[:1])


def test_flow_control_and_realtime_bytes_may_fall_anywhere():
    decoder = Decoder()
    found = []
    for byte in DATA:
        found += decoder.feed(bytes((0x11, 0xD0, byte, 0x13, 0x81, 0x18)))
    assert found == [frame(DATA)]
    assert decoder.flow == 3 * len(DATA)
    assert decoder.realtime == 2 * len(DATA)
    assert decoder.take_realtime() == b"\xd0\x81" * len(DATA)
    assert decoder.take_realtime() == b""


def test_realtime_bytes_that_nobody_takes_are_bounded():
    decoder = Decoder()
    decoder.feed(b"\x80" * 1000 + b"\x81" * 200)
    assert decoder.realtime == 1200
    assert decoder.take_realtime() == b"\x80" * 56 + b"\x81" * 200


def test_counts():
    decoder = Decoder()
    decoder.feed(DATA + b"\x01*2C\r" + b"x" + DATA + TEXT[:4] + NOP)
    decoder.close()
    assert decoder.frames == 3
    assert decoder.errors == {"truncated": 1, "checksum": 1, "oversize": 0, "noise": 1}


def test_fed_anew_after_close():
    decoder = Decoder()
    decoder.feed(DATA[:5] + NOP + b"12")
    decoder.close()
    assert decoder.close() == []
    assert decoder.feed(DATA) == [frame(DATA)]


def test_any_kind_of_bytes():
    for kind in (bytes, bytearray, memoryview):
        assert Decoder().feed(kind(DATA)) == [frame(DATA)]
