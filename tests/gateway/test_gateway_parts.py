"""Clock, line finder, envelope, sender and uplink without a board."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ramdisk import RamDisk
from neonat.gateway import config, envelope
from neonat.gateway.clock import Clock
from neonat.gateway.linefinder import SILENCE_MS, LineFinder
from neonat.gateway.linenews import TRIED
from neonat.gateway.sender import PATIENCE_MAX_MS, Sender
from neonat.gateway.spool import Spool

UTC = 1795413600123


@given(st.integers(0, 253402300799999))
def test_a_stamp_is_read_as_it_was_written(utc):
    assert envelope.parse_stamp(envelope.stamp(utc)) == utc


@given(st.text(max_size=30))
def test_no_text_makes_the_readers_raise_anything_but_a_value_error(text):
    for reader in (
        envelope.parse_stamp,
        envelope.parse_time,
        envelope.parse_line,
        envelope.parse_record,
        envelope.parse_held,
        envelope.unquote,
    ):
        with contextlib.suppress(ValueError):
            reader(text)


@given(st.text(max_size=30))
def test_a_value_of_a_record_comes_back(text):
    text = text.encode("utf-8", "ignore").decode()
    data = envelope.record("error", [("raw", text), ("n", 5)])
    assert data.isascii()
    assert "\\" not in data
    assert envelope.parse_record(data) == ("error", {"raw": text, "n": "5"})


@given(st.binary(max_size=100))
def test_any_acknowledgement_is_read_or_counted(payload):
    ranges, bad = envelope.parse_ack(payload)
    assert len(ranges) + bad <= payload.count(b"\n") + 1


def test_acknowledgements_come_back():
    ranges = [(1, 2, 3), (4294967295, 1, 4294967295)]
    assert envelope.parse_ack(envelope.ack_lines(ranges).encode()) == (ranges, 0)


def test_an_unset_clock_gives_no_time():
    clock = Clock(1000)
    assert clock.utc(5000) is None
    assert clock.uptime(5000) == 4000
    assert clock.set(6000, UTC, "ntp") == 0
    assert clock.utc(6000) == UTC
    assert clock.of_uptime(4000) == UTC - 1000


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(-100_000, 100_000)), max_size=30))
def test_time_never_runs_backwards(moves):
    clock = Clock(0)
    now = 0
    clock.set(now, UTC, "rtc")
    seen = UTC
    for wait, error in moves:
        now += wait
        clock.set(now, UTC + now + error, "rtc")
        for _ in range(3):
            now += wait // 3
            utc = clock.utc(now)
            assert utc >= seen
            seen = utc


def test_a_wall_clock_that_went_ahead_is_followed_at_once_and_back_in_the_end():
    clock = Clock(0)
    clock.set(0, UTC, "rtc")
    assert clock.set(1000, UTC + 61000, "ntp") == 60000
    assert clock.utc(1000) == UTC + 61000
    assert clock.set(2000, UTC + 2000, "ntp") == -60000
    assert clock.utc(3000) > UTC + 3000
    assert clock.utc(200_000) == UTC + 200_000
    assert clock.set(200_010, UTC + 200_011, "ntp") is None


def test_auto_tries_everything_until_a_response_comes():
    finder = LineFinder(None, None)
    finder.opened(0)
    seen = [finder.current]
    now = 0
    while len(seen) < len(TRIED) + 1:
        now += finder.deadline(now) + 1
        assert finder.turn(now)
        seen.append(finder.current)
    assert tuple(seen[:-1]) == TRIED
    assert seen[-1] == TRIED[0]
    assert now < 60_000
    finder.answered(now)
    assert not finder.turn(now + SILENCE_MS - 1000)
    assert finder.turn(now + SILENCE_MS)
    assert SILENCE_MS + now < 60_000


def test_what_is_told_is_not_searched():
    assert not LineFinder(19200, "none").turn(10**9)
    assert LineFinder(None, None, fixed=True).current == TRIED[0]
    assert not LineFinder(None, None, fixed=True).turn(10**9)
    finder = LineFinder(57600, None)
    assert finder.current == (57600, "odd")
    assert finder.turn(10_000)
    assert finder.current == (57600, "even")


def sender_of(count: int, message_max: int = 1024, ring_max: int = 10) -> Sender:
    spool = Spool(RamDisk(), lambda: "+1", 1 << 20, 2048)
    spool.start([("reason", "start")])
    sender = Sender(spool, lambda uptime: "", "bed-1", message_max, ring_max)
    for n in range(count):
        data = f"data {n}"
        sender.fresh((spool.append("+2", data), "+2", data))
    return sender


def sequence(payload) -> list[int]:
    return [envelope.parse_line(line)[3] for line in bytes(payload).decode().split("\n")]


def drain(sender: Sender, now: int) -> list[list[int]]:
    found = []
    while (payload := sender.message(now)) is not None:
        found.append(sequence(payload))
    return found


def test_the_newest_go_first_and_the_window_is_bounded():
    sender = sender_of(500)
    sent = drain(sender, 0)
    assert sent[0] == list(range(492, 502))
    assert sent[1][0] > 400
    assert len(sent) <= 8
    flat = [seq for message in sent for seq in message]
    assert len(flat) == len(set(flat))


def test_a_backlog_leaves_room_for_live_data():
    sender = sender_of(500)
    drain(sender, 0)
    seq = sender.spool.append("+2", "live")
    sender.fresh((seq, "+2", "live"))
    assert sequence(sender.message(1)) == [seq]


def test_acknowledged_message_by_message_everything_goes_once():
    sender = sender_of(500)
    seen: list[int] = []
    while sender.spool.records:
        for numbers in drain(sender, 0):
            seen += numbers
            sender.acknowledge(0, envelope.ack_lines([(1, n, n) for n in numbers]).encode())
    assert sorted(seen) == list(range(1, 502))


def test_without_acknowledgements_it_tries_now_and_then():
    sender = sender_of(500)
    drain(sender, 0)
    tries = [now for now in range(1, 120_000, 100) if drain(sender, now)]
    assert 9 <= len(tries) <= 24
    assert max(b - a for a, b in itertools.pairwise(tries)) <= PATIENCE_MAX_MS + 100
    late = tries[-1] + 1
    sender.acknowledge(late, b"1 1 1")
    assert drain(sender, late)


def test_after_a_lost_connection_everything_is_sent_again():
    sender = sender_of(30)
    first = drain(sender, 0)
    assert sorted(n for message in first for n in message) == list(range(1, 32))
    sender.lost()
    again = drain(sender, 1)
    assert sorted(n for message in again for n in message) == list(range(1, 32))


def test_one_record_that_nobody_takes_does_not_hold_up_the_others():
    sender = sender_of(300)
    seen = set()
    for now in range(0, 60_000, 500):
        for numbers in drain(sender, now):
            seen |= set(numbers)
            taken = [(1, n, n) for n in numbers if n % 50]
            sender.acknowledge(now, envelope.ack_lines(taken).encode())
    assert seen == set(range(1, 302))
    assert sender.spool.records == 6


def test_half_an_acknowledgement_is_taken_by_its_whole_lines():
    sender = sender_of(30)
    drain(sender, 0)
    assert sender.acknowledge(0, b"1 1 5\n1 10 2", whole=False) == 5


def test_a_number_that_this_spool_never_gave_shows_that_its_count_was_lost():
    sender = sender_of(30)
    sender.acknowledge(0, b"1 1 5\n1 31 31")
    assert sender.ahead == 0
    for forged in (b"9 1 4294967296", b"4294967295 1 1", b"2147483648 1 1"):
        sender.acknowledge(0, forged)
        assert sender.ahead == 0
    sender.acknowledge(0, b"7 900 900")
    assert sender.ahead == 7
    left = sender.spool.records
    assert sender.spool.start([("reason", "renumbered")], sender.ahead) == 8
    sender.renumbered()
    assert sender.ahead == 0
    seq = sender.spool.append("+3", "next")
    sender.fresh((seq, "+3", "next"))
    lines = [bytes(payload).decode() for payload in iter(lambda: sender.message(0), None)]
    numbers = [envelope.parse_line(line)[2:4] for text in lines for line in text.split("\n")]
    assert numbers[0] == (8, 2)
    assert len(set(numbers)) == len(numbers) == left + 2
    assert sender.spool.ack(1, 1, 99) == left
    assert Spool(sender.spool.files, lambda: "+1", 1 << 20, 2048).start([]) == 9


def test_numbers_that_others_have_are_kept_and_rest_until_the_next_connection():
    sender = sender_of(300)
    drain(sender, 0)
    sender.acknowledge(0, b"1 1 0\n1 41 40")
    assert sender.ahead == 1
    assert sender.spool.records == 301
    assert envelope.parse_ack(b"1 41 40\n1 2 2") == ([(1, 2, 2)], 0)
    for now in range(0, 60_000, 500):
        for numbers in drain(sender, now):
            taken = [(1, n, n) for n in numbers if n > 40]
            refused = [(1, n + 1, n) for n in numbers if n <= 40]
            sender.acknowledge(now, envelope.ack_lines(taken + refused).encode())
    assert sender.spool.records == 40
    assert drain(sender, 120_000) == []
    sender.lost()
    assert sorted(n for numbers in drain(sender, 120_000) for n in numbers) == list(range(1, 41))


def test_what_another_of_the_name_is_told_means_nothing():
    sender = sender_of(30)
    assert sender.acknowledge(0, b"1 1 31") == 0
    drain(sender, 0)
    assert sender.acknowledge(0, b"1 1 20") == 20
    sender.acknowledge(0, b"1 16 5\n1 1 0")
    assert sender.ahead == 0
    assert sender.spool.records == 11


class Anything:
    spool_bytes = 1 << 20

    def unique_id(self):
        return "0123456789ab"


GOOD = {"serial": "/dev/ttyUSB0", "broker": {"host": "h"}}


def test_a_configuration_gets_its_defaults():
    full = config.checked(GOOD, Anything())
    assert full["id"] == "0123456789ab"
    assert full["broker"]["port"] == 1883
    assert full["topic_prefix"] == "neonat/1"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "a b"},
        {"id": "x" * 33},
        {"id": 5},
        {"serial": ""},
        {"broker": None},
        {"broker": {"host": ""}},
        {"broker": {"host": "h", "port": "1883"}},
        {"broker": {"host": "h", "port": 70000}},
        {"broker": {"host": "h", "user": 5}},
        {"baud": "fast"},
        {"baud": True},
        {"parity": "mark"},
        {"spool_bytes": 10},
        {"topic_prefix": "a/#"},
        {"topic_prefix": 1},
    ],
)
def test_a_wrong_configuration_is_named(change):
    with pytest.raises(config.ConfigError) as caught:
        config.checked({**GOOD, **change}, Anything())
    assert "\n" not in str(caught.value)
