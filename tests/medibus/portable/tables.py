"""The form of the tables of codes."""

from medibus import catalog

UNITS = (None, "Cel", "%", "lx", "dB[A]", "g", "h")
HEX = "0123456789ABCDEF"


def check(device, name):
    model = catalog.lookup(device)
    assert name == model.NAME
    codes = set()
    names = set()
    for row in model.ROWS:
        kind, page, code, word, unit, low, high, source, certainty = row
        assert kind in ("reading", "setting", "alarm", "text"), row
        assert (page is None) == (kind in ("setting", "text")), row
        assert page in (None, 1, 2, 3), row
        assert len(code) == 2 and code[0] in HEX and code[1] in HEX, row
        assert word == word.lower() and " " not in word and word, row
        assert unit in UNITS, row
        assert (low is None) == (high is None), row
        assert low is None or low < high, row
        assert kind in ("reading", "setting") or (unit is None and low is None), row
        assert source in ("recording", "tables"), row
        assert certainty in ("R", "S", "2", "1", "G"), row
        assert (certainty == "R") <= (source == "recording"), row
        codes.add((kind, page, code))
        names.add((kind, word))
    assert len(codes) == len(names) == len(model.ROWS)
    return model


def test_babyleo():
    model = check("5700", "Babyleo TN500")
    recorded = [row[2] for row in model.ROWS if row[8] == "R" and row[0] == "reading"]
    assert sorted(recorded) == ["65", "66", "6C", "6D", "6E", "C2", "E4", "EC", "F1", "F3"]
    assert len(model.ROWS) == 13 + 6 + 13 + 20 + 15


def test_isolette():
    check("5701", "Isolette 8000 plus")


def test_babyroo():
    check("5702", "Babyroo TN300")


def test_bililux():
    check("6300", "BiliLux")


def test_unknown_devices_get_a_guess():
    model = check(None, "unknown device")
    assert catalog.lookup("9999").ID == catalog.lookup("").ID == model.ID == "default"
    assert {row[8] for row in model.ROWS} == {"G"}


def test_known_devices_of_another_kind_get_no_names():
    assert catalog.lookup("5004").ROWS == ()


def test_every_table_has_its_own_id():
    ids = [catalog.lookup(device).ID for device in ("5700", "5701", "5702", "6300", "5000", None)]
    assert len(set(ids)) == 6


def test_devices_by_id_or_name():
    for text, found in (
        ("5700", "5700"),
        ("Babyleo TN500", "5700"),
        ("babyleo-tn500", "5700"),
        ("tn500", "5700"),
        ("isolette", "5701"),
        ("V600", "5004"),
        ("vn", None),
        ("toaster", None),
        ("", None),
    ):
        assert catalog.device_id(text) == found, text
