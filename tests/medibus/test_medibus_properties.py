"""What must hold for any bytes and any device, under both runtimes."""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from medibus.frame import encode
from runtimes import RUNTIMES, Worker

PORTABLE = Path(__file__).parent / "portable"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)

few = settings(
    max_examples=100,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

plain = st.sampled_from([byte for byte in range(128) if byte not in b"\x01\x1b\r\x11\x13\x18"])
plain_bytes = st.lists(plain, max_size=80).map(bytes)
starts = st.sampled_from([0x01, 0x1B])
lines = st.builds(encode, starts, plain, plain_bytes)
noise = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from(b"\x01\x1b\r\x11\x80A1"), max_size=60).map(bytes),
    lines.flatmap(lambda line: st.integers(0, len(line)).map(lambda cut: line[:cut])),
)
garbage = st.lists(st.one_of(noise, lines), max_size=6).map(b"".join)
# Longer than any frame, without making Hypothesis think up every byte.
long_garbage = st.builds(
    lambda head, unit, times, tail: head + unit * times + tail,
    garbage,
    st.sampled_from([b"A", b"AB\x80", b"\x01" + b"A" * 1400, b"\x1b" + b"A" * 200]),
    st.integers(0, 4200).map(lambda times: times // 7),
    garbage,
)
cuts = st.lists(st.integers(0, 400), max_size=8)


@pytest.fixture(scope="module", params=RUNTIMES)
def line_worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    with Worker(request.param, PORTABLE) as worker:
        yield worker


@pytest.fixture(scope="module", params=RUNTIMES)
def item_worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    with Worker(request.param, PORTABLE) as worker:
        yield worker


@pytest.fixture(scope="module", params=RUNTIMES)
def session_worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    with Worker(request.param, PORTABLE) as worker:
        yield worker


@few
@given(start=starts, code=plain, data=plain_bytes, at=cuts)
def test_encode_then_decode_is_the_identity(line_worker, start, code, data, at):
    line_worker.call("line_checks", "check_encode_then_decode", start, code, data, at)


@few
@given(data=st.one_of(garbage, long_garbage), at=cuts)
@example(data=b"\x01A\x01B\x01C\x01D\r\x01E\rxyz\rF\x01\r", at=[3, 9])
def test_the_same_events_in_any_chunking(line_worker, data, at):
    line_worker.call("line_checks", "check_any_chunking", data[:4400], at)


@few
@given(before=garbage, line=lines, after=garbage, at=cuts)
def test_every_frame_in_garbage_is_found(line_worker, before, line, after, at):
    line_worker.call("line_checks", "check_found_in_garbage", before, line, after, at)


@few
@given(data=st.one_of(garbage, long_garbage))
def test_no_byte_is_lost(line_worker, data):
    line_worker.call("line_checks", "check_nothing_is_lost", data[:4400])


@few
@given(raw=st.one_of(noise, lines.map(lambda line: line[:-1])))
def test_a_proven_frame_is_what_the_decoder_finds(line_worker, raw):
    line_worker.call("line_checks", "check_frame_of", raw)


@few
@given(data=st.binary(max_size=80))
def test_escape_and_back(line_worker, data):
    line_worker.call("line_checks", "check_escape", data)


@few
@given(text=st.one_of(st.text(max_size=20), st.text(alphabet="\\x01afA ", max_size=20)))
def test_unescape_takes_only_what_escape_writes(line_worker, text):
    line_worker.call("line_checks", "check_unescape", text)


codes = st.sampled_from(b"#$'.%&,-()*+0IQRSUlm")
devices = st.sampled_from([None, "5700", "5701", "5702", "6300", "5000", "x"])
contents = st.one_of(
    st.binary(max_size=60), st.text("0123456789ABCDEF .-'\x03", max_size=60).map(str.encode)
)


@few
@given(start=starts, code=codes, data=contents, device=devices)
def test_items_of_any_data(item_worker, start, code, data, device):
    item_worker.call("item_checks", "check_items", start, code, data, device)


@few
@given(raw=st.binary(max_size=20))
def test_items_of_what_is_no_frame(item_worker, raw):
    item_worker.call("item_checks", "check_items_of_anything", raw)


@few
@given(code=st.sampled_from(b"#$'.%&,-)+"), data=plain_bytes)
def test_items_hold_every_byte(item_worker, code, data):
    item_worker.call("item_checks", "check_nothing_dropped", code, data)


@few
@given(field=st.one_of(st.text("+-.0123456789 eE_x", max_size=6), st.text(max_size=4)))
def test_numbers(item_worker, field):
    text = field.strip(" ")
    value = None
    if NUMBER.fullmatch(text):
        value = float(text) if "." in text else int(text)
    item_worker.call("item_checks", "check_number", field, value)


MONTHS = (
    "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC",
    "JAN FEB MRZ APR MAI JUN JUL AUG SEP OKT NOV DEZ",
)


@few
@given(
    at=st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2099, 12, 31)),
    months=st.sampled_from(MONTHS),
    seconds=st.booleans(),
    blanks=st.lists(st.sampled_from(["", " ", "  "]), min_size=3, max_size=3),
    lower=st.booleans(),
)
def test_every_time_in_every_form(item_worker, at, months, seconds, blanks, lower):
    at = at.replace(microsecond=0, second=at.second if seconds else 0)
    month = months.split()[at.month - 1]
    time = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    line = f"{blanks[0]}{time}{blanks[1]}{at:%d}-{month}-{at:%y}{blanks[2]}"
    line = line.lower() if lower else line
    item_worker.call("item_checks", "check_clock", line.encode(), at.isoformat())


later = st.one_of(st.just(0), st.integers(0, 400), st.integers(400, 4000), st.integers(4000, 40000))
said = st.sampled_from([0x15, 0x24, 0x27, 0x28, 0x30, 0x49, 0x51, 0x52, 0x55, 0x6C])
answers = st.sampled_from([b"", b"5700'Babyleo TN500'01.06:06.00", b"5701'x'", b"6530.8", b"57"])
steps = st.one_of(
    st.tuples(st.just("tick"), later, st.just(0), st.just(b"")),
    st.tuples(st.sampled_from(["ask", "response", "reply", "reply"]), later, said, answers),
    st.tuples(
        st.just("error"),
        later,
        st.sampled_from(["truncated", "checksum", "oversize", "noise"]),
        st.sampled_from([b"", b"\x01", b"\x01$65", b"\x01Q5", b"\x1b04C", b"\x01R9", b"abc"]),
    ),
)
periods = st.lists(
    st.tuples(st.sampled_from([0x27, 0x28, 0x2B]), st.sampled_from([0, 500, 1000, 60000])),
    max_size=3,
    unique_by=lambda pair: pair[0],
).map(lambda rest: [(0x24, 1000), *rest])


@few
@given(plan=periods, story=st.lists(steps, max_size=40))
def test_a_session_recovers_from_anything(session_worker, plan, story):
    session_worker.call("dialogue_checks", "check_session", plan, story)
