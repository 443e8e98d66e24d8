"""What must hold for the items of any data, called with examples that Hypothesis thinks up."""

from medibus.catalog import lookup
from medibus.frame import Frame
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
