"""What must hold for any bytes: each function is called with examples that Hypothesis thinks up."""

from medibus.catalog import lookup
from medibus.decoder import Decoder
from medibus.escape import escape, unescape
from medibus.frame import Frame, FrameError, encode, frame_of
from medibus.items import as_dict, items, number

KEYS = {
    "reading": "code codepage kind name raw unit value",
    "limit": "code codepage kind name raw side unit value",
    "setting": "code kind name raw unit value",
    "alarm": "code codepage kind phrase priority",
    "text": "code kind text",
    "identity": "id kind name revision",
    "stream": "code high interval_us kind low raw steps",
    "raw": "kind raw",
}


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


def check_items(start, code, data, device):
    frame = Frame(bytes((start, code)) + data + b"00")
    for item in items(frame, lookup(device)):
        out = as_dict(item)
        hash(item)
        if out["kind"] == "clock":
            assert ("raw" in out) == (out["value"] is None)
        else:
            assert " ".join(sorted(out)) == KEYS[out["kind"]]


def check_items_of_anything(raw):
    for item in items(Frame(raw)):
        as_dict(item)


def check_nothing_dropped(code, data):
    """Of fixed cells of plain text, the items together hold every byte."""
    text = ""
    for item in items(Frame(bytes((1, code)) + data + b"00")):
        out = as_dict(item)
        if out["kind"] == "alarm":
            text += out["priority"] + out["code"] + out["phrase"]
        else:
            text += out["code"] + out["raw"]
    if code in (0x23, 0x27, 0x2E):
        assert text.replace(" ", "") == data.decode().replace(" ", "")
    else:
        assert text == data.decode()


def check_number(field, value):
    found = number(field)
    assert found == value and type(found) is type(value), (field, found, value)


def check_clock(line, value):
    found = [as_dict(item) for item in items(Frame(b"\x01(" + line + b"00"))]
    assert found == [{"kind": "clock", "value": value}], found
