"""The form of the tables of codes."""

from medibus import catalog

UNITS = (None, "Cel", "%", "lx", "dB[A]", "g", "h")
HEX = "0123456789ABCDEF"

# The official table as medibus.md has it.
READINGS = "65 66 6A 6C 6D 6E C0 C2 E4 EC F1 F2 F3"
SETTINGS = "1A 1B 1C 24 3E 3F"
TEXTS = "12 13 14 15 16 3B 3C 50 51 A2 A3 A4 A5"
ALARMS = {
    1: "30 AIR TEMP HI, 43 O2 SENS ERR, 65 SPEAKER FAIL, 6B AIR TEMP LOW, 70 OXYGEN LOW, "
    "9E WATER LOW, A8 OXYGEN HIGH, AB AIR HTR INOP, B1 CHECK HOOD, B2 CHECK WEAN, B4 MAT HTR INOP, "
    "B5 SENS MOD ERR, B6 WARM-UP DONE, BF WEANING FAIL, C5 WEANING DONE, C9 INT.TMP.HIGH, "
    "CA FAN ERR, F0 DTEMP HIGH, F2 SYSTEM FAULT, F6 DTEMP LOW",
    2: "0C HUM INOP, 0D HUMIDITY LOW, 15 CTEMP LOW, 16 CTEMP HIGH, 17 CTEMP ERR, 18 PTEMP LOW, "
    "19 PTEMP HIGH, 1A PTEMP ERR, 1B AMB TEMP ERR, 36 NO OXYGEN, 50 O2 MOD  INOP, 7C MAT TEMP HI, "
    "7F CHK PATIENT, 91 LOSS OF DATA, B8 NO CONFIRM",
}
RECORDED = {
    "reading": "65 66 6C 6D 6E C2 E4 EC F1 F3",
    "setting": "1A",
    "text": "13 16 A3 A5",
    "alarm": "43 B2",
}
# How a name ends where a phrase does; what it holds where a phrase begins.
ENDS = {"HI": "high", "HIGH": "high", "LOW": "low", "ERR": "error", "INOP": "inoperable"}
ENDS.update({"DONE": "done", "FAIL": "failed", "FAULT": "fault"})
STARTS = {"AIR": "air", "O2": "oxygen", "OXYGEN": "oxygen", "MAT": "mattress", "CTEMP": "central"}
STARTS.update({"PTEMP": "peripheral", "DTEMP": "difference", "HUM": "humidity", "AMB": "ambient"})


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
    for kind, words in (("reading", READINGS), ("setting", SETTINGS), ("text", TEXTS)):
        assert [row[2] for row in model.ROWS if row[0] == kind] == words.split(" "), kind
    assert all(row[1] == 1 for row in model.ROWS if row[0] == "reading")
    for kind, words in RECORDED.items():
        recorded = [row[2] for row in model.ROWS if row[0] == kind and row[8] == "R"]
        assert recorded == words.split(" "), kind
    assert all((row[8] == "R") == (row[7] == "recording") for row in model.ROWS)
    assert all(row[8] in "R2" for row in model.ROWS)


def test_alarms_of_babyleo():
    names = {row[1:3]: row[3] for row in catalog.lookup("5700").ROWS if row[0] == "alarm"}
    for page, phrases in ALARMS.items():
        for one in phrases.split(", "):
            code, phrase = one[:2], one[3:].replace("  ", " ").split(" ")
            name = names.pop((page, code))
            assert name.endswith(ENDS.get(phrase[-1], "")), name
            assert STARTS.get(phrase[0], "") in name, name
    assert not names


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
