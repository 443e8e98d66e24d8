"""The gateway's small parts under whatever runtime runs this: MQTT, clock, sender, config."""

from medibus.schedule import Plan
from neonat.gateway import config, mqtt
from neonat.gateway.clock import Clock
from neonat.gateway.commands import answer
from neonat.gateway.identifier import valid_gateway
from neonat.gateway.linefinder import LineFinder
from neonat.gateway.linenews import TRIED
from neonat.gateway.writing import acks, record, stamp

UTC = 1795413600123


class Dice:
    """The same numbers under every runtime."""

    def __init__(self, seed):
        self.state = seed

    def byte(self):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return self.state >> 16 & 255


def test_no_bytes_of_a_broker_make_the_parser_raise_but_its_own_error():
    for seed in range(200):
        dice = Dice(seed)
        parser = mqtt.Parser(256)
        try:
            for _ in range(20):
                parser.feed(bytes([dice.byte() for _ in range(dice.byte() % 40)]))
                assert len(parser._body) <= 256
        except mqtt.ProtocolError:
            pass


def test_packets_come_out_in_any_chunking():
    stream = b"\x20\x02\x01\x00\x90\x04\x00\x01\x01\x80\xd0\x00\x32\x07\x00\x01t\x00\x09ab"
    stream += b"\x33\x07\x00\x01t\x00\x0aab"
    whole = mqtt.Parser().feed(stream)
    assert [event[0] for event in whole] == ["connack", "suback", "pong", "message", "kept"]
    for size in (1, 2, 3, 5, 7):
        parser = mqtt.Parser()
        events = []
        for at in range(0, len(stream), size):
            events += parser.feed(stream[at : at + size])
        assert events == whole


def test_what_is_longer_than_the_limit_is_cut_and_said_so():
    head = mqtt.publish("t", 5000, 7)
    events = mqtt.Parser(100).feed(head + b"x" * 5000 + b"\xd0\x00")
    assert events[0][0] == "message"
    assert not events[0][4]
    assert events[1] == ("pong",)


def test_the_clock_never_runs_backwards():
    for seed in range(100):
        dice = Dice(seed)
        clock = Clock(1000)
        now = 1000
        seen = -1
        for _ in range(60):
            now += dice.byte() * dice.byte()
            if dice.byte() < 60:
                clock.set(now, UTC + now + (dice.byte() - 128) * 30000, "ntp")
            utc = clock.utc(now)
            if utc is not None:
                assert utc >= seen
                seen = utc


def test_a_clock_that_was_an_hour_wrong():
    for hour in (3600000, -3600000):
        clock = Clock(0)
        assert clock.utc(5) is None
        assert clock.of_uptime(5) is None
        assert clock.set(10, UTC + 10, "rtc") == 0
        assert clock.of_uptime(5) == UTC + 5
        assert clock.set(1000, UTC + 1000 + hour, "ntp") == hour
        assert clock.of_uptime(5) == UTC + 5
        assert clock.utc(10_000_000) == UTC + 10_000_000 + hour


def test_stamps_at_the_ends_of_time():
    assert stamp(0) == "1970-01-01T00:00:00.000Z"
    assert stamp(4294967296000) == "2106-02-07T06:28:16.000Z"
    assert stamp(253402300799999) == "9999-12-31T23:59:59.999Z"
    assert stamp(951782400000) == "2000-02-29T00:00:00.000Z"


def test_acknowledgements_of_any_bytes():
    top = b"4294967295 4294967295 4294967295"
    assert list(acks(top + b"\n1 1 2\n")) == [(4294967295,) * 3, (1, 1, 2)]
    assert list(acks(b"1 2 1\n2 1 0")) == [(1, 2, 1), (2, 1, 0)]
    for bad in (b"1 2", b"1 0 2", b"-1 1 2", b"a b c", b"1 1 2 3", b"1  1 2", b"\x00\xff",
                b"1 1 " + b"9" * 40, b"\xd9\xa1 1 2"):  # fmt: skip
        assert list(acks(bad)) == [None], bad
    for seed in range(100):
        dice = Dice(seed)
        list(acks(bytes([dice.byte() for _ in range(100)])))


def test_a_record_of_any_text():
    assert record("x", [("a", "b c%d\\e\n\u00fc")]) == "!x a=b%20c%25d%5Ce%0A%C3%BC"


def test_names():
    for good in ("a", "bed-1", "A_9", "x" * 32):
        assert valid_gateway(good)
    for bad in ("", "a b", "x" * 33, "\u00fc", "a/b", "a+"):
        assert not valid_gateway(bad)


class Board:
    spool_bytes = 1 << 20

    def unique_id(self):
        return "0123456789ab"


def test_a_configuration_is_checked():
    good = {"serial": "/dev/ttyUSB0", "broker": {"host": "h"}}
    full = config.checked(good, Board())
    assert (full["id"], full["broker"]["port"]) == ("0123456789ab", 1883)
    for key, value in (("id", "a b"), ("id", 5), ("serial", ""), ("broker", None), ("baud", True),
                       ("broker", {"host": "h", "port": 70000}), ("parity", "mark"),
                       ("spool_bytes", 10), ("topic_prefix", "a/#")):  # fmt: skip
        wrong = dict(good)
        wrong[key] = value
        try:
            config.checked(wrong, Board())
        except config.ConfigError:
            continue
        raise AssertionError((key, value))


def test_what_a_board_is_told_about_itself_is_checked():
    wifi = {"kind": "wifi", "ssid": "ward"}
    fixed = {"address": "10.0.0.2", "netmask": "255.0.0.0", "gateway": "10.0.0.1"}
    good = {"serial": "uart2", "broker": {"host": "h"}, "network": {"kind": "ethernet"}}
    config.checked(good, Board())
    for key, value in (("network", wifi), ("board", "esp32-poe-iso"), ("serial", "uart1:25:26"),
                       ("ntp", ["a", "10.0.0.1:123"]),
                       ("network", dict(wifi, dns="10.0.0.1", **fixed))):  # fmt: skip
        config.checked(dict(good, **{key: value}), Board())
    for key, value, word in (
        ("board", "pi", "esp32-poe-iso"), ("board", "esp32", "no Ethernet"), ("network", 5, "kind"),
        ("serial", "uart1", "uart2"), ("serial", "uart2:36:4", "pins"), ("serial", "x", "uart2"),
        ("network", {"kind": "wifi"}, "ssid"), ("network", dict(wifi, **fixed), "dns"),
        ("network", dict(wifi, host_name="a_b"), "host_name"), ("ntp", "a", "list"),
        ("network", dict(wifi, password=""), "password"), ("ntp", ["a:0"], "HOST:PORT"),
        ("ntp", ["a"] * 6, "up to 5"), ("broker", {"host": "h", "tls": {"cert": "x"}}, "key"),
    ):  # fmt: skip
        said = "nothing"
        try:
            config.checked(dict(good, **{key: value}), Board())
        except config.ConfigError as error:
            said = str(error)
        assert word in said, (key, value, said)


class Gateway:
    """What a command may ask of the gateway."""

    left = ""
    plan = Plan()
    begun = {"home": "", "reason": "start"}  # noqa: RUF012
    home = "/nowhere"
    trial = ""

    def __init__(self):
        self.gateway = self
        self.said = []
        self.log = self.said.append

    def state(self):
        return {"online": True}

    def leave(self, reason):
        self.left = reason


def test_hostile_commands_are_answered():
    for payload in (b"", b"\xff\xfe", b"[", b"[1]", b"null", b"[" * 1000, b"{" * 5000, b'"' * 9,
                    b'{"command": {}}', b'{"command": "set-poll", "plan": []}',
                    b'{"command": "update"}', b'{"command": "set-config"}'):  # fmt: skip
        reply = answer(payload, Gateway())
        assert not reply["ok"], payload
    gateway = Gateway()
    assert answer(b'{"id": 1, "command": "restart"}', gateway)["ok"]
    assert gateway.left == "restart"


def test_every_speed_is_tried():
    finder = LineFinder(None, None)
    finder.opened(0)
    seen = []
    now = 0
    for _ in TRIED:
        seen.append(finder.current)
        now += finder.deadline(now)
        assert finder.turn(now)
    assert tuple(seen) == TRIED


def seconds_to_find(finder, line, now, silent_for):
    """How long until a device with this line, plugged in at `now`, answers at first."""
    for passed in range(0, 120000, 100):
        # It needs a second to answer after the line was opened with its speed and parity.
        if finder.current == line and finder.deadline(now + passed) <= finder._patience - 1000:
            return passed / 1000
        if finder.turn(now + passed):
            finder.opened(now + passed)
    raise AssertionError((line, silent_for))


def test_any_line_is_found_within_a_minute_whatever_was_there_before():
    for first in TRIED:
        for second in TRIED:
            for gap in range(0, 60000, 3700):
                finder = LineFinder(None, None, False, first)
                finder.opened(0)
                assert finder.current == first
                finder.answered(500)
                assert not finder.news
                for passed in range(0, gap, 100):
                    if finder.turn(500 + passed):
                        finder.opened(500 + passed)
                assert seconds_to_find(finder, second, 500 + gap, gap) < 55
                finder.answered(500 + gap + 60000)
                assert finder.news == (first != second)


def test_what_was_found_before_is_tried_first_where_it_may_be():
    assert LineFinder(None, None, False, (9600, "even")).current == (9600, "even")
    assert LineFinder(None, None, False, (57600, "odd")).current == (57600, "odd")
    assert LineFinder(19200, None, False, (9600, "even")).current == (19200, "even")
    assert LineFinder(19200, "odd", False, (9600, "even")).current == (19200, "odd")
    assert LineFinder(19200, None, False, (19200, "none")).current == (19200, "none")
