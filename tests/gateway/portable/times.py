"""Time from time servers, and how far the device's own is, under whatever runtime runs this."""

from pieces import UTC, Dice

from neonat.gateway import sntp
from neonat.gateway.clock import Clock
from neonat.gateway.deviceclock import offset
from neonat.gateway.timekeeper import Timekeeper


def ntp(ms):
    """A timestamp of a time server."""
    seconds, ms = divmod(ms, 1000)
    return (seconds + 2208988800).to_bytes(4, "big") + (ms * 4294968).to_bytes(4, "big")


def answered(token=b"question", first=0x24, stratum=2, left=UTC + 5):
    return (bytes([first, stratum, 6, 0xEC]) + bytes(8) + b"RATE" + bytes(8) + token
            + ntp(UTC) + ntp(left))  # fmt: skip


def test_an_answer_of_a_time_server():
    assert sntp.request(b"question")[40:] == b"question"
    # Asked at 1000, answered at 1105 ticks; 5 ms of it the server took for itself.
    trip, found = sntp.answer(answered(), b"question", 1000, 1105)
    assert abs(trip - 100) <= 1
    assert abs(found - (UTC - 1050)) <= 1
    # Past 2036 the seconds begin anew.
    late = bytearray(answered())
    late[32:48] = (b"\0\0\x01\0" + bytes(4)) * 2
    assert sntp.answer(late, b"question", 0, 0)[1] == (4294967296 + 256 - 2208988800) * 1000


def test_insane_answers_of_time_servers_do_not_count():
    huge = bytearray(answered())
    huge[8] = 1
    for data, word in ((answered(b"anothers"), "another"), (answered(stratum=0), "RATE"),
                       (answered(first=0xE4), "not set"), (answered(stratum=16), "not set"),
                       (answered(first=0x23), "no answer"), (b"", "no answer"), (huge, "too far"),
                       (answered(left=UTC - 5), "cannot be"), (answered()[:47], "no answer"),
                       (answered(left=UTC + 500), "cannot be")):  # fmt: skip
        said = ""
        try:
            sntp.answer(data, b"question", 1000, 1105)
        except sntp.RefusedError as error:
            said = str(error)
        assert word in said, (data, said)
    for seed in range(300):
        dice = Dice(seed)
        data = bytearray(answered())
        for _ in range(dice.byte() % 30):
            data[dice.byte() % 48] = dice.byte()
        try:
            sntp.answer(data[: 30 + dice.byte() % 30], b"question", 1000, 1105)
        except sntp.RefusedError:
            continue


def test_the_time_servers_that_agree_are_believed_the_nearest_most():
    assert sntp.chosen([]) is None
    assert sntp.chosen([(10, 5)]) == (10, 5)
    assert sntp.chosen([(10, 5), (4, 7), (1, 99999)]) == (4, 7)
    assert sntp.chosen([(10, 5), (1, 99999)]) is None
    assert sntp.chosen([(10, 5), (20, 8), (1, 99999), (2, 99998)]) is None


class Look:
    """What a look at the time servers gave."""

    streams = ("a socket",)
    found = None

    def step(self, now):
        return self.found


class Desk:
    """What a timekeeper asks of `Remote`."""

    def __init__(self):
        self.look = Look()
        self.kept = []
        self.log = self.kept.append

    def rare(self, module, name, now):
        if name == "keep":
            self.kept.append(now)
        return self.look


def test_the_time_is_looked_up_each_hour_and_sooner_while_nobody_answers():
    desk = Desk()
    clock = Clock(0)
    keeper = Timekeeper(desk, clock, 0)
    assert keeper.deadline(0) == 15000
    keeper.hurry(0)
    assert keeper.deadline(0) == 0
    assert keeper.step(0) is None
    assert keeper.streams == ("a socket",)
    desk.look.found = (None, "clock: no time server")
    waits = []
    now = 0
    for _ in range(9):
        assert keeper.step(now) is None
        waits.append(keeper.deadline(now))
        now += waits[-1]
    assert waits[:3] == [15000, 30000, 60000]
    assert waits[-1] == 900000
    keeper.hurry(now)
    desk.look.found = (UTC, "clock: good")
    assert keeper.step(now) == 0
    assert clock.source == "ntp"
    assert clock.utc(now) == UTC + now
    assert keeper.deadline(now) == 3600000
    keeper.hurry(now)
    assert keeper.deadline(now) == 3600000
    now += 3600000
    # A day away: not believed before it is said again.
    desk.look.found = (UTC + 86400000, "clock: good")
    assert keeper.step(now) is None
    assert clock.utc(now) == UTC + now
    now += keeper.deadline(now)
    assert keeper.step(now) == 86400000
    now += 3600000
    desk.look.found = (UTC + 86400100, "clock: good")
    assert keeper.step(now) is None
    assert clock.utc(now) == UTC + 86400100 + now


def test_how_far_a_devices_clock_is():
    assert offset("1970-01-01T00:00:00", 0) == 0
    assert offset("2026-11-23T09:40:00", 1795423200000) == 3600
    assert offset("2024-02-29T12:00:00", 951782400000) == 1709208000 - 951782400
