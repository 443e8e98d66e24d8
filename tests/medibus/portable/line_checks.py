"""What must hold for any bytes of a line, called with examples that Hypothesis thinks up."""

from medibus.decoder import Decoder
from medibus.escape import escape, unescape
from medibus.frame import Frame, FrameError, encode, frame_of


def fed(data, cuts):
    decoder = Decoder()
    out = []
    at = 0
    for cut in sorted(cuts):
        out += decoder.feed(data[at:cut])
        at = max(at, cut)
    return out + decoder.feed(data[at:]) + decoder.close()


def check_encode_then_decode(start, code, data, cuts):
    line = encode(start, code, data)
    found = fed(line, cuts)
    assert found == [Frame(line[:-1])], found
    assert found[0].is_command == (start == 0x1B)
    assert (found[0].code, found[0].data) == (code, data)


def check_any_chunking(data, cuts):
    whole = fed(data, [])
    assert fed(data, cuts) == whole, (whole, fed(data, cuts))
    decoder = Decoder()
    single = []
    for at in range(len(data)):
        single += decoder.feed(data[at : at + 1])
    assert single + decoder.close() == whole


def check_found_in_garbage(before, line, after, cuts):
    assert Frame(line[:-1]) in fed(before + line + after, cuts)


def check_nothing_is_lost(data):
    plain = 0
    for byte in data:
        plain += byte < 128 and byte not in b"\x11\x13\x18"
    length = 0
    loose = 0
    for event in fed(data, []):
        if isinstance(event, Frame):
            frame_of(event.raw)
            length += len(event.raw) + 1
            continue
        length += event.length + (event.reason == "checksum")
        loose += event.reason == "oversize"
        assert len(event.raw) == event.length or event.reason in ("oversize", "noise")
        assert event.raw[:64] == event.raw or event.reason not in ("oversize", "noise")
    assert length <= plain <= length + loose, (length, plain)


def reason_of(raw):
    try:
        frame_of(raw)
    except FrameError as error:
        return error.reason
    return None


def check_frame_of(raw):
    reason = reason_of(raw)
    found = Decoder().feed(raw + b"\r")
    if reason is None:
        assert frame_of(raw).raw == raw
        assert found == [Frame(raw)]
    else:
        assert reason in ("truncated", "checksum", "oversize", "noise")
        assert b"\r" in raw or Frame(raw) not in found


def check_escape(data):
    text = escape(data)
    assert unescape(text) == data
    for char in text:
        assert " " <= char <= "~"


def check_unescape(text):
    try:
        data = unescape(text)
    except ValueError:
        return
    assert escape(data) == text
