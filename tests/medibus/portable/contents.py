"""What frames say, by example."""

from medibus.catalog import lookup
from medibus.frame import Frame, command, response
from medibus.items import as_dict, items, number, request_name


def said(code, data, model=None):
    return [as_dict(item) for item in items(Frame(response(code, data)[:-1]), model)]


def reading(code, name, value, unit, raw, page=1):
    return {
        "kind": "reading",
        "code": code,
        "codepage": page,
        "name": name,
        "value": value,
        "unit": unit,
        "raw": raw,
    }


def test_measured_data_of_the_recording():
    data = b"6530.86631.66C 18 6D33.36E   0C2 0.8E4 183EC  53F1   4F3 101"
    assert said(0x24, data, lookup("5700")) == [
        reading("65", "skin_temperature_peripheral", 30.8, "Cel", "30.8"),
        reading("66", "skin_temperature_central", 31.6, "Cel", "31.6"),
        reading("6C", "relative_humidity", 18, "%", " 18 "),
        reading("6D", "air_temperature", 33.3, "Cel", "33.3"),
        reading("6E", "radiant_warmer_power", 0, "%", "   0"),
        reading("C2", "skin_temperature_difference", 0.8, "Cel", " 0.8"),
        reading("E4", "light_level", 183, "lx", " 183"),
        reading("EC", "noise_level", 53, "dB[A]", "  53"),
        reading("F1", "convective_heater_power", 4, "%", "   4"),
        reading("F3", "body_weight_date", 101, None, " 101"),
    ]


def test_fields_without_a_number_keep_their_text():
    assert said(0x24, b"65----66    6C*** ") == [
        reading("65", "skin_temperature_peripheral", None, "Cel", "----"),
        reading("66", "skin_temperature_central", None, "Cel", "    "),
        reading("6C", "relative_humidity", None, "%", "*** "),
    ]


def test_unknown_codes_are_kept():
    assert said(0x24, b"99 1.5") == [reading("99", None, 1.5, None, " 1.5")]
    assert said(0x2B, b"65 1.5") == [reading("65", None, 1.5, None, " 1.5", 2)]


def test_a_field_cut_short_has_no_value():
    assert said(0x24, b"6530.8663") == [
        reading("65", "skin_temperature_peripheral", 30.8, "Cel", "30.8"),
        reading("66", "skin_temperature_central", None, "Cel", "3"),
    ]
    assert said(0x24, b"6") == [reading("6", None, None, None, "")]


def test_limits():
    for request, page, side in ((0x25, 1, "low"), (0x26, 1, "high"), (0x2C, 2, "low")):
        limit = reading("65", None, 36.5, None, "36.5", page)
        limit["kind"] = "limit"
        limit["side"] = side
        if page == 1:
            limit["name"] = "skin_temperature_peripheral"
            limit["unit"] = "Cel"
        assert said(request, b"6536.5") == [limit]
    assert said(0x2D, b"6536.5")[0]["side"] == "high"


def test_settings():
    assert said(0x29, b"1A 31.5ZZ-----1") == [
        {
            "kind": "setting",
            "code": "1A",
            "name": "air_temperature_setting",
            "value": 31.5,
            "unit": "Cel",
            "raw": " 31.5",
        },
        {
            "kind": "setting",
            "code": "ZZ",
            "name": None,
            "value": None,
            "unit": None,
            "raw": "-----",
        },
        {"kind": "setting", "code": "1", "name": None, "value": None, "unit": None, "raw": ""},
    ]


def alarm(priority, code, phrase, page=1):
    return {
        "kind": "alarm",
        "code": code,
        "codepage": page,
        "priority": priority,
        "phrase": phrase,
    }


def test_alarms_of_every_page():
    data = b"C43O2 SENS ERR 5B2CHECK WEAN  "
    for request, page in ((0x27, 1), (0x2E, 2), (0x23, 3)):
        assert said(request, data) == [
            alarm("C", "43", "O2 SENS ERR", page),
            alarm("5", "B2", "CHECK WEAN", page),
        ]
        assert said(request, b"") == []


def test_an_alarm_cut_short_keeps_what_is_there():
    assert said(0x27, b"C43O2 SE") == [alarm("C", "43", "O2 SE")]
    assert said(0x27, b"C4") == [alarm("C", "4", "")]


def test_texts():
    def text(code, words):
        return {"kind": "text", "code": code, "text": words}

    assert said(0x2A, b"138Air Mode\x0316GHumidity Control active\x03") == [
        text("13", "Air Mode"),
        text("16", "Humidity Control active"),
    ]
    assert said(0x2A, b"138Air Mo") == [text("13", "Air Mo")]
    assert said(0x2A, b"130\x031") == [text("13", ""), text("1", "")]


def test_clock():
    for raw, value in (
        (b"18:54:5403-APR-19", "2019-04-03T18:54:54"),
        (b"18:54:54 03-APR-19", "2019-04-03T18:54:54"),
        (b"18:54 3-APR-19", "2019-04-03T18:54:00"),
        (b"18:5403-APR-19", "2019-04-03T18:54:00"),
        (b" 8:04: 5 3-MAI-19", "2019-05-03T08:04:05"),
        (b"08:04:05 3-OKT-19 ", "2019-10-03T08:04:05"),
        (b"08:04:05 03 - Dez - 19", "2019-12-03T08:04:05"),
        (b"00:00:0029-FEB-20", "2020-02-29T00:00:00"),
        (b"23:59:5931-MRZ-99", "2099-03-31T23:59:59"),
    ):
        assert said(0x28, raw) == [{"kind": "clock", "value": value}], raw


def test_what_is_no_time_is_kept():
    for raw in (
        b"24:00:0003-APR-19",
        b"18:60:0003-APR-19",
        b"18:54:5431-APR-19",
        b"18:54:5429-FEB-19",
        b"18:54:5400-APR-19",
        b"18:54:5403-XYZ-19",
        b"18:54:5403-APR",
        b"18:54:54",
        b"--:--:----------",
        b"3-APR-19",
        b"1:2:3:4 3-APR-19",
    ):
        expected = {"kind": "clock", "value": None, "raw": raw.decode()}
        assert said(0x28, raw) == [expected], raw
    assert said(0x28, b"") == []


def test_identity():
    def who(device, name, revision):
        return [{"kind": "identity", "id": device, "name": name, "revision": revision}]

    assert said(0x52, b"5700'Babyleo TN500'01.06:06.00") == who(
        "5700", "Babyleo TN500", "01.06:06.00"
    )
    assert said(0x52, b"5000'L'Evita'01.00:02.00") == who("5000", "L'Evita", "01.00:02.00")
    assert said(0x52, b"5700'Baby") == who("5700", "Baby", "")
    assert said(0x52, b"57") == who("57", "", "")
    assert said(0x52, b"5700Babyleo") == who("5700", "Babyleo", "")
    assert said(0x52, b"") == []


def test_realtime_configuration():
    data = b"00   20000-50.0150.07FF"
    first = {
        "kind": "stream",
        "code": "00",
        "interval_us": 20000,
        "low": -50.0,
        "high": 150.0,
        "steps": 2047,
        "raw": "   20000-50.0150.07FF",
    }
    assert said(0x53, data) == [first]
    rest = said(0x53, data + b"01   2")[1]
    assert (rest["code"], rest["interval_us"], rest["raw"]) == ("01", None, "   2")
    assert said(0x53, data[:-1] + b"x")[0]["steps"] is None


def test_what_has_no_known_layout_is_kept_whole():
    for code in (0x6C, 0x6D, 0x4A, 0x31):
        assert said(code, b"abc") == [{"kind": "raw", "raw": "abc"}]
        assert said(code, b"") == []
    argument = Frame(command(0x24, b"abc")[:-1])
    assert [as_dict(item) for item in items(argument)] == [{"kind": "raw", "raw": "abc"}]


def test_names_come_from_the_device():
    cell = b"FA   3"
    assert said(0x24, cell, lookup("5701"))[0]["name"] == "body_weight_age"
    assert said(0x24, cell, lookup("5700"))[0]["name"] is None
    assert said(0x24, b"6530.8", lookup("5000"))[0]["name"] is None
    assert said(0x24, b"6530.8", lookup("9999"))[0]["name"] == "skin_temperature_peripheral"


def test_numbers():
    for field, value in (
        ("30.8", 30.8),
        (" 18 ", 18),
        ("-0.5", -0.5),
        ("+5", 5),
        (".5", 0.5),
        ("5.", 5.0),
        ("0005", 5),
    ):
        assert number(field) == value
        assert type(number(field)) is type(value), field
    for field in ("", "    ", "----", "****", ".", "-", "+.", "1e5", "1_0", "1 2", "1.2.3", "--1",
                  "0x1F", "nan", "inf", "\t1", "٣"):  # fmt: skip
        assert number(field) is None, field


def test_request_names():
    assert request_name(0x24) == "measured data, code page 1"
    assert request_name(0x2B) == "measured data, code page 2"
    assert request_name(0x23) == "alarms, code page 3"
    assert request_name(0x2C) == "low limits, code page 2"
    assert request_name(0x2D) == "high limits, code page 2"
    assert request_name(0x28) == "date and time"
    assert request_name(0x7E) is None
