"""The session, by example."""

from talking import IDENTITY, Talk, up

from medibus.frame import command, frame_of, response


def frame(line):
    return frame_of(line[:-1])


def test_we_open():
    talk = Talk()
    assert talk.tick() == ["!51"]
    assert talk.session.state == "down"
    assert talk.reply(0x51) == ["!52"]
    assert talk.session.state == "connecting"
    assert talk.reply(0x52, IDENTITY) == ["!24"]
    assert talk.session.state == "up"
    assert talk.session.device.name == "Babyleo TN500"
    assert talk.changes() == [("up", "5700")]


def test_the_incubator_opens():
    talk = Talk()
    talk.tick()
    assert talk.ask(0x51) == ["51"]
    assert talk.session.state == "connecting"
    assert talk.tick(100) == []
    assert talk.ask(0x52) == ["52", "!52"]
    assert talk.reply(0x52, IDENTITY) == ["!24"]
    assert talk.session.state == "up"


def test_the_incubator_opens_and_does_not_ask_who_we_are():
    talk = Talk()
    talk.tick()
    assert talk.ask(0x51) == ["51"]
    assert talk.tick(500) == ["!52"]


def test_we_say_who_we_are():
    talk = Talk(identity=b"0161'gateway'01.00:04.03")
    talk.session.tick(0)
    talk.ask(0x51)
    sent = talk.session.receive(1, frame(command(0x52)))
    assert sent.startswith(response(0x52, b"0161'gateway'01.00:04.03"))
    plain = Talk()
    assert plain.session.receive(1, frame(command(0x52))).startswith(b"\x01R53\r")


def test_a_device_that_does_not_say_who_it_is():
    talk = Talk()
    talk.tick()
    talk.reply(0x51)
    assert talk.reply(0x52) == ["!24"]
    assert talk.session.device is None
    assert talk.changes() == [("up", None)]


def test_another_identity_than_expected_is_accepted_and_recorded():
    talk = Talk(expected="5701")
    talk.tick()
    talk.reply(0x51)
    assert talk.reply(0x52, IDENTITY) == ["!24"]
    assert talk.session.counters["identity"] == 1
    assert talk.changes() == [("up", "5700"), ("identity", "5700")]


def test_polls_one_after_the_other():
    talk = up({0x24: 1000, 0x27: 1000})
    assert talk.tick(10) == []
    assert talk.reply(0x24, b"6530.8") == ["!27"]
    assert talk.reply(0x27) == []
    assert talk.session.deadline(talk.now) == 990
    assert talk.tick(990) == ["!24"]


def test_as_fast_as_the_line_allows():
    talk = up({0x24: 0})
    for _ in range(5):
        assert talk.reply(0x24) == ["!24"]


def test_nop_when_idle():
    talk = up({0x24: 60000})
    assert talk.reply(0x24) == []
    wait = talk.session.deadline(talk.now)
    assert 0 < wait <= 2000
    assert talk.tick(wait - 1) == []
    assert talk.tick(1) == ["!30"]
    assert talk.reply(0x30) == []
    assert talk.session.state == "up"


def test_nop_of_the_device_is_answered_at_once():
    talk = up()
    assert talk.ask(0x30) == ["30"]
    assert talk.reply(0x24) == []
    assert talk.ask(0x30) == ["30"]


def test_commands_that_we_do_not_know_get_an_empty_echo():
    talk = up()
    assert talk.ask(0x24) == ["24"]
    assert talk.ask(0x6C, b"abc") == ["6C"]


def test_opening_in_the_middle():
    talk = up()
    assert talk.ask(0x51) == ["51"]
    assert talk.session.state == "connecting"
    assert talk.session.device is None
    assert talk.ask(0x52) == ["52", "!52"]
    assert talk.reply(0x52, IDENTITY) == ["!24"]


def test_stop_and_open_again():
    talk = up()
    assert talk.ask(0x55) == ["55"]
    assert talk.changes() == [("down", "stop")]
    assert talk.tick(20000) == []
    assert talk.ask(0x51) == ["51"]
    assert talk.ask(0x52) == ["52", "!52"]


def test_after_a_long_stop_we_open():
    talk = up()
    talk.ask(0x55)
    assert talk.session.deadline(talk.now) == 30000
    assert talk.tick(30000) == ["!51"]


def test_time_changed():
    talk = up()
    assert talk.ask(0x49) == ["49"]
    assert talk.ask(0x49) == ["49"]
    assert talk.reply(0x24) == ["!28"]
    assert talk.reply(0x28, b"18:54:5403-APR-19") == []


def test_silence_takes_the_link_down_and_opens_again():
    talk = up()
    assert talk.tick(3000) == []
    assert talk.tick(1) == ["!51"]
    assert talk.session.state == "down"
    assert talk.changes() == [("down", "silence")]
    assert talk.session.counters["timeout"] == 1
    for _ in range(100):
        assert talk.tick(2999) == []
        assert talk.tick(1) == ["!51"]
    assert talk.reply(0x51) == ["!52"]


def test_silence_while_connecting_is_no_session():
    talk = Talk()
    talk.tick()
    assert talk.reply(0x51) == ["!52"]
    assert talk.tick(3001) == ["!51"]
    assert talk.changes() == [("down", "silence")]


def test_no_response_in_ten_seconds():
    talk = up()
    for _ in range(4):
        assert talk.tick(2000) == []
        assert talk.ask(0x30) == ["30"]
    assert talk.tick(1999) == []
    assert talk.tick(1) == ["!24"]
    assert talk.session.counters["timeout"] == 1
    assert talk.session.state == "up"


def test_late_duplicate_and_other_responses_are_counted():
    talk = up({0x24: 1000, 0x27: 1000, 0x29: 60000})
    assert talk.reply(0x24) == ["!27"]
    assert talk.reply(0x24) == []
    assert talk.reply(0x29) == []
    assert talk.session.counters["duplicate"] == 1
    assert talk.session.counters["unexpected"] == 1
    for _ in range(5):
        talk.tick(2000)
        talk.ask(0x30)
    asked = talk.session.counters["timeout"]
    assert asked == 1
    talk.reply(0x27)
    assert talk.session.counters["late"] == 1


def test_a_corrupt_response_is_asked_for_again():
    talk = up()
    assert talk.corrupt("checksum", b"\x01$6530.8FF") == []
    assert talk.session.deadline(talk.now) == 300
    assert talk.tick(299) == []
    assert talk.tick(1) == ["!24"]
    assert talk.session.counters["checksum"] == 1
    assert talk.session.counters["retry"] == 1
    assert talk.reply(0x24) == []


def test_asks_again_only_some_times():
    talk = up({0x24: 1000, 0x27: 1000})
    for _ in range(3):
        talk.corrupt("checksum", b"\x01$6530.8FF")
        assert talk.tick(300) == ["!24"]
    talk.corrupt("checksum", b"\x01$6530.8FF")
    assert talk.tick(300) == ["!27"]


def test_errors_that_are_not_of_our_response_change_nothing():
    talk = up()
    for reason, raw in (
        ("noise", b"abc"),
        ("truncated", b"\x01'C4"),
        ("checksum", b"\x1b04C"),
        ("oversize", b"\x01$" + b"A" * 62),
        ("checksum", b"\x01"),
    ):
        assert talk.corrupt(reason, raw) == []
        assert talk.tick(400) == []


def test_nak_asks_for_the_last_frame_again():
    talk = up()
    assert talk.ask(0x15) == ["!24"]
    assert talk.reply(0x24) == []
    assert talk.ask(0x15) == []
    assert talk.ask(0x30) == ["30"]
    assert talk.ask(0x15) == ["30"]
    assert talk.session.counters["nak"] == 3


def test_nak_for_ever_is_not_answered_for_ever():
    talk = up()
    sent = [talk.ask(0x15) for _ in range(50)]
    assert sent.count(["!24"]) == 3


def test_an_identification_without_answer_does_not_keep_the_values_back():
    talk = Talk()
    talk.tick()
    assert talk.reply(0x51) == ["!52"]
    for _ in range(4):
        talk.tick(2000)
        talk.ask(0x30)
    assert talk.tick(2000) == ["!24"]
    assert talk.changes() == [("up", None)]
    sent = []
    while "!52" not in sent:
        assert talk.now < 60000
        assert talk.session.device is None
        sent = talk.reply(0x24) + talk.tick(1000)
    talk.reply(0x52, IDENTITY)
    assert talk.changes() == [("identity", "5700")]


def test_changes_that_nobody_takes_are_bounded():
    talk = Talk()
    talk.tick()
    for _ in range(200):
        talk.ask(0x51)
        talk.ask(0x52)
        talk.reply(0x52, IDENTITY)
        talk.ask(0x55)
    assert len(talk.session.changes) <= 32


def test_a_device_that_goes_on_after_a_spoilt_response_is_asked_again_at_once():
    talk = up({0x24: 1000, 0x27: 1000})
    for _ in range(3):
        talk.tick(1000)
        assert talk.corrupt("noise", b"$6530.8") == []
        assert talk.ask(0x30) == ["30", "!24"]
        assert talk.ask(0x30) == ["30"]
    assert talk.session.counters["retry"] == 3
    talk.corrupt("noise", b"$6530.8")
    assert talk.ask(0x30) == ["30", "!27"]
    assert talk.session.counters["timeout"] == 1
    assert talk.reply(0x27) == ["!24"]


def test_an_identification_that_was_spoilt_is_asked_again_at_once():
    talk = Talk()
    talk.tick()
    assert talk.reply(0x51) == ["!52"]
    talk.corrupt("oversize", b"\x01R5700")
    assert talk.ask(0x52) == ["52", "!52"]
    assert talk.reply(0x52, IDENTITY) == ["!24"]


def test_the_bytes_of_a_long_frame_are_no_silence():
    talk = up()
    for _ in range(45):
        talk.now += 100
        talk.session.heard(talk.now)
        assert talk.tick() == []
    assert talk.reply(0x24, b"A" * 3840) == ["!24"]
    assert talk.changes() == []


def test_bytes_that_never_become_a_frame_are_silence_in_the_end():
    talk = up()
    while talk.session.state == "up":
        assert talk.now < 15000
        talk.now += 100
        talk.session.heard(talk.now)
        talk.tick()
    assert talk.now > 10000
    assert ("down", "silence") in talk.changes()
