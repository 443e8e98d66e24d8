"""Packed segments: every record comes back byte for byte, whatever it was and whatever happens."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ramdisk import RamDisk
from medibus.escape import escape
from medibus.frame import response
from neonat.gateway.coder import Coder
from neonat.gateway.model import Model, words
from neonat.gateway.pack import moment
from neonat.gateway.segment import Segment
from neonat.gateway.spool import Spool
from neonat.gateway.writing import stamp

UTC = 1795413600000


def loaded(coder, packed):
    """The coder, reading what another one wrote."""
    coder.buffer[:] = packed
    coder.read(len(packed))
    return coder


def spool_of(disk, limit=1 << 20, size=8192):
    spool = Spool(disk, lambda: stamp(UTC), limit, size, delay_ms=2000)
    spool.start([("reason", "start")])
    return spool


def filled(spool, records, now=0):
    """Append records and let time pass, so that most of them are packed."""
    for time, data in records:
        spool.append(time, data, now)
        now += 300
        spool.tend(now)
    for _ in range(2000):
        spool.tend(now)
    spool.flush()
    return now


def read(spool):
    return {
        (segment.boot, seq): (time, data)
        for segment in list(spool.segments)
        for _, time, seq, data in spool.read(segment, 0)
    }


def measured(number):
    body = b"6530.86631.%d6C %2d 6D33.3E4 %3d" % (
        number % 7 % 10,
        40 + number // 5 % 9,
        number % 300,
    )
    return escape(response(0x24, body)[:-1])


def frames(count, start=UTC):
    """Measured data, alarms and settings, as an incubator sends them."""
    out = []
    for number in range(count):
        at = start + number * 1000 + number * number % 7
        alarm = b"C43O2 SENS ERR " if number // 40 % 2 else b""
        out.append((stamp(at), measured(number)))
        out.append((stamp(at + 9 + number % 3), escape(response(0x27, alarm)[:-1])))
        if number % 10 == 0:
            out.append((stamp(at + 15), escape(response(0x29, b"1A 32.5")[:-1])))
    return out


def suffixes(spool):
    return [segment.suffix for segment in spool.segments]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 1)), max_size=400))
def test_bits_come_back(bits):
    coder = Coder(41)
    for index, bit in bits:
        coder.bit(index, bit)
    packed = bytes(coder.end())
    other = loaded(Coder(41), packed)
    assert [other.bit(index, 0) for index, _ in bits] == [bit for _, bit in bits]


@given(st.lists(st.integers(-(1 << 45), 1 << 45)))
def test_numbers_come_back(numbers):
    coder = Coder(100)
    for number in numbers:
        coder.signed(2, number)
    other = loaded(Coder(100), bytes(coder.end()))
    assert [other.signed(2, 0) for _ in numbers] == numbers


TEXTS = st.one_of(
    st.integers(0, 5000).map(measured),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=7, max_size=300),
    st.builds(
        lambda code, body: escape(response(code, body)[:-1]),
        st.integers(0x20, 0x7F), st.text("0123456789.- \x03AZaz", max_size=60).map(str.encode),
    ),
)  # fmt: skip
TIMES = st.one_of(st.integers(0, 10**6), st.integers(UTC, UTC + 10**9))


@settings(deadline=None)
@given(st.lists(st.tuples(TIMES, TEXTS), max_size=60))
def test_any_record_comes_back(records):
    model = Model()
    for at, text in records:
        model.record(at, text.encode())
    other = Model()
    loaded(other.coder, bytes(model.coder.end()))
    assert [other.record(0, b"") for _ in records] == [(at, text.encode()) for at, text in records]


@given(st.integers(0, 4102444800000))
def test_a_moment_has_its_words(at):
    assert moment(words(at)) == at


def test_what_is_written_long_is_packed_and_comes_back():
    disk = RamDisk()
    spool = spool_of(disk)
    given_ = frames(2000)
    given_[700] = ("+12345", "!error reason=noise raw=\\x00\\xff")
    given_[900] = (given_[900][0], "\\x01$ no frame, but its text")
    filled(spool, given_)
    assert ".pak" in suffixes(spool)
    assert suffixes(spool).count(".log") <= 4
    found = read(spool)
    assert [found[1, seq] for seq in range(2, len(given_) + 2)] == given_
    packed = [segment for segment in spool.segments if segment.suffix == ".pak"]
    size = sum(segment.size for segment in packed)
    assert size < 3.5 * sum(segment.left for segment in packed)
    again = Spool(disk, lambda: stamp(UTC), 1 << 20, 8192)
    assert read(again) == found
    assert again.records == spool.records


def test_acknowledged_while_it_is_packed_it_does_not_come_again():
    spool = spool_of(RamDisk())
    now = filled(spool, frames(300))
    left = {(1, seq) for seq in range(1, spool.seq + 1)}
    for seq in range(1, spool.seq, 3):
        spool.ack(1, seq, seq)
        left.discard((1, seq))
        spool.tend(now)
    assert {key for key in read(spool) if key in left} == left
    spool.ack(1, 1, spool.seq)
    assert spool.records == 0
    assert not read(spool)


def test_damage_costs_a_part_and_is_named():
    disk = RamDisk()
    spool = spool_of(disk, size=65536)
    spool.written_size = 4096
    filled(spool, frames(4000))
    name = next(segment.name for segment in spool.segments if segment.suffix == ".pak")
    disk.contents[name][3000] ^= 1
    before = spool.records
    found = read(spool)
    lost = before - spool.records
    assert 0 < lost < before
    spool.append(stamp(UTC), "next")
    spool.flush()
    named = {data for _, data in read(spool).values() if data.startswith("!drop ")}
    assert sum(1 + int(n[3][5:]) - int(n[2][6:]) for n in map(str.split, named)) == lost
    assert len(found) == before - lost


def test_the_times_of_a_clock_that_steps_come_back():
    records = frames(300) + frames(300, UTC + 10**10) + frames(300, UTC - 10**9)
    records[100:200] = [("+" + str(n * 997), data) for n, (_, data) in enumerate(records[100:200])]
    spool = spool_of(RamDisk())
    filled(spool, records)
    found = read(spool)
    assert [found[1, seq] for seq in range(2, len(records) + 2)] == records


def test_a_segment_tells_what_was_dropped_when_it_is_given_up():
    disk = RamDisk()
    spool = spool_of(disk, limit=65536, size=4096)
    filled(spool, frames(12000))
    numbers = range(1, spool.seq + 1)
    held = {seq for segment in spool.segments for seq in numbers if segment.holds(seq)}
    dropped = set()
    for _, data in read(spool).values():
        if data.startswith("!drop "):
            first, last = [int(word.split("=")[1]) for word in data.split()[2:4]]
            dropped |= set(range(first, last + 1))
    assert held | dropped == set(numbers)
    assert spool.bytes <= 65536
    assert isinstance(spool.segments[0], Segment)
