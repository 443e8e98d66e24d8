"""The spool: nothing leaves it but by acknowledgement or with a `!drop`, whatever happens."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gateway.ramdisk import Killed, RamDisk
from neonat.gateway import envelope
from neonat.gateway.segment import decode, encode
from neonat.gateway.spool import Spool

HEADING = [("reason", "start"), ("version", "1")]


def opened(disk, limit=8192, segment_size=1024, segments_max=64, delay_ms=0) -> Spool:
    spool = Spool(disk, lambda: "+1", limit, segment_size, segments_max, delay_ms)
    spool.start(HEADING)
    return spool


def held(spool: Spool) -> dict[tuple[int, int], str]:
    """Everything that waits, as the sender would read it."""
    return {
        (segment.boot, seq): data
        for segment in list(spool.segments)
        for _, _, seq, data in spool.read(segment, 0)
    }


def drops(records) -> set[tuple[int, int]]:
    found = set()
    for data in records:
        if data.startswith("!drop "):
            values = {key: int(value) for key, value in envelope.parse_record(data)[1].items()}
            found |= {(values["boot"], n) for n in range(values["first"], values["last"] + 1)}
    return found


def numbers(text: str) -> set[tuple[int, int]]:
    return {
        (boot, seq)
        for boot, first, last in envelope.parse_held(text)
        for seq in range(first, last + 1)
    }


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_a_record_survives_its_line(data):
    line = encode("+5|7.9|" + data)
    assert decode(line[:-1]) == ("+5", 7, 9, data)


@given(st.data())
def test_a_corrupt_byte_is_noticed(data):
    line = bytearray(encode("+5|7.9|abc|def")[:-1])
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= data.draw(st.integers(1, 255))
    assert decode(bytes(line)) is None


@given(st.binary(max_size=100))
def test_no_bytes_make_it_raise(line):
    decode(line)


def test_records_wait_until_acknowledged():
    disk = RamDisk()
    spool = opened(disk)
    numbers = [spool.append("+2", f"data {n}") for n in range(100)]
    assert numbers == list(range(2, 102))
    assert spool.ack(1, 1, 60) == 60
    assert spool.ack(1, 1, 60) == 0
    assert spool.ack(9, 1, 60) == 0
    assert set(held(spool)) == {(1, n) for n in range(61, 102)}
    assert spool.ack(1, 1, 4294967295) == 41
    assert spool.records == 0
    assert len(disk.contents) == 2 + 1


def test_truncated_at_every_byte_it_keeps_every_whole_record():
    disk = RamDisk()
    spool = opened(disk)
    for n in range(12):
        spool.append("+2", f"data \\x01 {n}")
    name = spool.segments[0].name
    whole = bytes(disk.contents[name])
    for cut in range(len(whole) + 1):
        other = RamDisk()
        other.contents = {name: bytearray(whole[:cut])}
        reopened = Spool(other, lambda: "+1", 8192, 1024)
        ends = [at for at in range(len(whole)) if whole[at : at + 1] == b"\n" and at <= cut]
        assert reopened.records == len(ends)
        assert reopened.start(HEADING) == (2 if ends else 1)


def test_damage_in_the_middle_costs_the_record_that_was_hit_and_no_other():
    disk = RamDisk()
    spool = opened(disk)
    for n in range(12):
        spool.append("+2", f"data {n}")
    name = spool.segments[0].name
    whole = bytes(disk.contents[name])
    for at in range(0, len(whole), 3):
        other = RamDisk()
        other.contents = {name: bytearray(whole)}
        other.contents[name][at] ^= 0x55
        lost = 2 if whole[at : at + 1] == b"\n" else 1
        assert 13 - lost <= Spool(other, lambda: "+1", 8192, 1024).records <= 12


@pytest.mark.parametrize("broken", [b"", b"garbage", b"\xff\xff", b"12\n"])
def test_a_broken_boot_file_repeats_no_number(broken):
    disk = RamDisk()
    opened(disk).ack(1, 1, 99)
    for name in ("boot", "boot.copy"):
        content = disk.contents[name]
        disk.contents[name] = bytearray(broken)
        assert opened(disk).boot == int(decode(bytes(content)[:-1])[1]) + 1


def test_killed_at_every_moment_of_the_start_no_boot_is_repeated():
    for life in range(200):
        disk = RamDisk()
        disk.life = life
        seen = []
        with contextlib.suppress(Killed):
            seen.append(opened(disk).boot)
        disk.life = None
        seen.append(opened(disk).boot)
        seen.append(opened(disk).boot)
        assert len(set(seen)) == len(seen)


def test_full_it_gives_up_the_oldest_and_says_which():
    spool = opened(RamDisk())
    for n in range(1000):
        spool.append("+2", f"data {n}")
    assert spool.bytes <= 8192
    waiting = held(spool)
    assert (1, spool.seq) in waiting
    assert set(waiting) | drops(waiting.values()) == {(1, n) for n in range(1, spool.seq + 1)}
    assert not set(waiting) & drops(waiting.values())
    assert any(data.startswith("!boot ") for data in waiting.values())


def test_too_many_segments_count_as_full():
    disk = RamDisk()
    for _ in range(40):
        spool = opened(disk, 1 << 20, 1024, 8)
        spool.append("+2", "data")
    assert len(spool.segments) <= 9
    waiting = held(spool)
    named = {boot for boot, _ in set(waiting) | drops(waiting.values())}
    assert named >= set(range(10, 41))


def test_a_boot_record_names_what_earlier_boots_still_hold():
    disk = RamDisk()
    spool = opened(disk)
    for n in range(50):
        spool.append("+2", f"data {n}")
    spool.ack(1, 10, 20)
    before = set(held(spool))
    spool = Spool(disk, lambda: "+1", 8192, 1024)
    spool.start(HEADING)
    boots = [data for (boot, _), data in held(spool).items() if boot == 2]
    said = set()
    for data in boots:
        said |= numbers(envelope.parse_record(data)[1]["held"])
    assert said >= before
    assert envelope.parse_record(boots[0])[1]["reason"] == "start"


def test_held_ranges_that_fit_no_line_go_into_further_records():
    disk = RamDisk()
    for _ in range(200):
        spool = opened(disk, 1 << 20, 1024, 1000)
    boots = [data for (boot, _), data in held(spool).items() if boot == spool.boot]
    assert len(boots) > 1
    assert all(len(data) < 900 for data in boots)
    said = set()
    for data in boots:
        said |= numbers(envelope.parse_record(data)[1]["held"])
    assert {boot for boot, _ in said} == set(range(1, spool.boot))


def test_a_full_disk_loses_only_what_it_names():
    disk = RamDisk()
    spool = opened(disk)
    for n in range(10):
        spool.append("+2", f"data {n}")
    disk.room = 20
    for n in range(5):
        spool.append("+2", f"lost {n}")
    disk.room = None
    for n in range(5):
        spool.append("+2", f"again {n}")
    waiting = held(spool)
    assert not any(data.startswith("lost") for data in waiting.values())
    assert sum(data.startswith("again") for data in waiting.values()) == 5
    assert set(waiting) == {(1, n) for n in range(1, spool.seq + 1)} - drops(waiting.values())


def test_a_record_that_cannot_be_read_again_is_named():
    disk = RamDisk()
    spool = opened(disk)
    for n in range(10):
        spool.append("+2", f"data {n}")
    content = disk.contents[spool.segments[0].name]
    content[content.index(b"data 5")] ^= 1
    held(spool)
    spool.append("+2", "next")
    assert drops(held(spool).values()) == {(1, 7)}


class SpoolMachine(RuleBasedStateMachine):
    """Appends, acknowledgements, kills, power cuts and full disks in any order."""

    delay_ms = 0

    def __init__(self):
        super().__init__()
        self.disk = RamDisk()
        self.written: dict[tuple[int, int], str] = {}
        self.stored: dict[tuple[int, int], str] = {}
        self.excused: set[tuple[int, int]] = set()
        self.boots: list[int] = []
        self.count = 0

    @initialize()
    def begin(self):
        self.now = 0
        self.spool = opened(self.disk, 4096, 512, 12, self.delay_ms)
        self.boots.append(self.spool.boot)

    def _append(self):
        self.count += 1
        data = f"d{self.count}" + "x" * (self.count % 40)
        if self.count % 3:
            data = f"\\x01${data}{self.count % 256:02X}"
        before = self.spool.seq
        seq = self.spool.append("+2", data, self.now)
        assert seq > before
        self.written[self.spool.boot, seq] = data

    @rule(count=st.integers(1, 30))
    def append(self, count):
        for _ in range(count):
            self._append()

    @rule(steps=st.integers(1, 40))
    def tend(self, steps):
        self.now += self.delay_ms
        for _ in range(steps):
            self.spool.tend(self.now)
        assert not self.spool.fresh

    @rule()
    def sync(self):
        self.spool.sync()

    @rule(data=st.data())
    def deliver(self, data):
        waiting = sorted(held(self.spool).items())
        for key, text in data.draw(st.permutations(waiting))[: len(waiting) // 2]:
            assert self.stored.setdefault(key, text) == text
            self.spool.ack(key[0], key[1], key[1])

    @rule()
    def deliver_without_acknowledgement(self):
        for key, text in held(self.spool).items():
            assert self.stored.setdefault(key, text) == text

    @rule(boot=st.integers(1, 50), first=st.integers(1, 9999), size=st.integers(0, 1 << 32))
    def acknowledge_what_it_does_not_hold(self, boot, first, size):
        if boot not in self.boots:
            assert not self.spool.ack(boot, first, first + size)

    @rule(life=st.integers(0, 400))
    def kill(self, life):
        self._forget()
        self.disk.life = life
        with contextlib.suppress(Killed):
            for _ in range(20):
                self._append()
        self._reopen()

    @rule(kept=st.integers(0, 300))
    def cut_power(self, kept):
        self._excuse(kept)
        self.disk.lose_power(kept)
        self._reopen()

    def _excuse(self, kept):
        """Only what was not synced may be missing afterwards."""
        before = held(self.spool)
        copy = RamDisk()
        copy.contents = {name: bytearray(text) for name, text in self.disk.contents.items()}
        copy.synced = dict(self.disk.synced)
        copy.lose_power(kept)
        after = held(Spool(copy, lambda: "+1", 4096, 512, 12))
        self.excused |= set(before) - set(after)
        self.excused |= drops(before.values()) - drops(after.values())

    @rule(room=st.integers(0, 100))
    def fill_the_disk(self, room):
        self.disk.room = room
        self._append()
        self._append()
        self.disk.room = None

    @precondition(lambda self: self.boots)
    @rule()
    def restart(self):
        self.spool.close()
        self._reopen()

    def _reopen(self):
        self._forget()
        self.disk.life = None
        self.spool = opened(self.disk, 4096, 512, 12, self.delay_ms)
        assert self.spool.boot > max(self.boots)
        self.boots.append(self.spool.boot)

    def _forget(self):
        """What only RAM knows dies with the process."""
        self.excused |= {(self.spool.boot, item[0]) for item in self.spool.fresh}
        for item in self.spool.fresh:
            self.excused |= drops([item[2]])
        for boot, first, last in self.spool._owed:
            self.excused |= {(boot, n) for n in range(first, last + 1)}

    def teardown(self):
        if not self.boots:
            return
        self.spool.append("+2", "last", self.now)
        self.spool.flush()
        for key, text in held(self.spool).items():
            assert self.stored.setdefault(key, text) == text
        gone = drops(self.stored.values())
        for key, data in self.written.items():
            if key in self.stored:
                assert self.stored[key] == data
            else:
                assert key in gone or key in self.excused, key


class DelayedSpoolMachine(SpoolMachine):
    """The same with records that stay in RAM for a while, as on a board."""

    delay_ms = 2000


TestSpool = SpoolMachine.TestCase
TestSpool.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestDelayedSpool = DelayedSpoolMachine.TestCase
TestDelayedSpool.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
