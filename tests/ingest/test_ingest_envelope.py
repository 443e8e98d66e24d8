"""Messages of `…/frames`: the fast path and the rules of wire.md agree, and nothing raises."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medibus.escape import escape
from neonat.gateway import envelope as gateway
from neonat.ingest.envelope import Envelope, envelopes, parse

ID = "e89f6dd0edd8"
AT = "2026-11-23T08:45:00.123Z"
AT_MS = 1795423500123
FRAME = rb"\x01$6530.86631.66C 18 6D33.36E   0C2 0.8E4 183EC  53F1   4F3 101C1"
DATA = b"\x01" + FRAME[4:]

ids = st.text("ABCxyz019_-", min_size=1, max_size=32)
numbers = st.integers(1, 2**32 - 1)
datas = st.one_of(
    st.binary(min_size=1, max_size=200).map(lambda rest: b"\x01" + rest),
    st.binary(min_size=1, max_size=200).map(lambda rest: b"\x1b" + rest),
    st.from_regex(rb"![a-z]+( [a-z]+=[ -~]{0,9}){0,3}", fullmatch=True),
)
times = st.one_of(
    st.integers(0, gateway.parse_stamp("9999-12-31T23:59:59.999Z")).map(lambda at: (at, None)),
    st.integers(0, 10**12 - 1).map(lambda uptime: (None, uptime)),
)


def line(name: str, found: Envelope) -> bytes:
    stamp = gateway.unset_stamp(found.uptime) if found.at is None else gateway.stamp(found.at)
    return gateway.line(name, stamp, found.boot, found.seq, escape(found.data)).encode()


def wire(number: str = "7.120", at: str = AT, data: bytes = FRAME, name: str = ID) -> bytes:
    return f"{name}|{at}|{number}|".encode() + data


def test_a_usual_message_gives_its_envelopes_in_order():
    payload = b"\n".join(wire(f"7.{seq}") for seq in range(1, 51))
    taken, refused = envelopes(ID, payload + b"\n")
    assert taken == [Envelope(7, seq, AT_MS, None, DATA) for seq in range(1, 51)]
    assert refused == []


@given(
    ids,
    st.lists(st.builds(lambda b, s, t, d: Envelope(b, s, *t, d), numbers, numbers, times, datas)),
)
def test_what_a_gateway_writes_is_read_back(name, sent):
    lines = [line(name, found) for found in sent]
    taken, refused = envelopes(name, b"\n".join(lines)[:16384])
    if sum(map(len, lines)) + len(lines) <= 16384 and lines:
        assert taken == sent
        assert refused == []


@given(ids, st.binary(max_size=2000))
@example(ID, b"")
@example(ID, b"\n\n\n")
@example(ID, wire() + b"\n\xff\n" + wire("7.121"))
def test_any_bytes_are_taken_or_refused_and_never_raise(name, payload):
    taken, refused = envelopes(name, payload)
    body = payload.removesuffix(b"\n")
    assert len(taken) + len(refused) == body.count(b"\n") + 1


pieces = st.sampled_from(
    [rb"\x03", rb"\x41", rb"\\", b"\\", b"x", b"|", b"+1|", b"!", b"1.1|", b"\x7f"]
)


@given(
    st.one_of(st.binary(max_size=40), st.lists(pieces, max_size=8).map(b"".join)),
    st.integers(0, 120),
)
def test_the_fast_path_takes_what_the_rules_take(noise, position):
    """A usual line with bytes written over it: both ways of reading it agree."""
    text = bytearray(wire())
    text[position : position + len(noise)] = noise
    message = bytes(text)
    if b"\n" in message:
        return
    taken, _ = envelopes(ID, message)
    try:
        name, found = parse(message)
        expected = [found] if name == ID and len(message) <= 1024 else []
    except ValueError:
        expected = []
    assert taken == expected


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"x",
        b"a|b|c",
        wire(number="0.1"),
        wire(number="1.0"),
        wire(number="4294967296.1"),
        wire(number="1.4294967296"),
        wire(number="-1.1"),
        wire(number="1"),
        wire(number="1.1.1"),
        wire(number="1.+1"),
        wire(at="2026-11-23T08:45:00.123"),
        wire(at="2026-11-23 08:45:00.123Z"),
        wire(at="2026-11-31T08:45:00.123Z"),
        wire(at="2026-02-29T08:45:00.123Z"),
        wire(at="2026-11-23T24:00:00.000Z"),
        wire(at="2026-11-23T08:45:60.000Z"),
        wire(at="1969-12-31T23:59:59.999Z"),
        wire(at="+"),
        wire(at="+1e3"),
        wire(at="12345"),
        wire(data=b""),
        wire(data=b"!"),
        wire(data=b"$6530.8"),
        wire(data=b"\\x01$\x0165"),
        wire(data=b"\\x01$\\x1B"),
        wire(data=b"\\x01$\\x41"),
        wire(data=b"\\x01$\\"),
        wire(data=b"\\x01\xc3\xa9"),
        wire(name=""),
        wire(name="a" * 33),
        wire(name="a/b"),
        wire() + b"\r",
    ],
)
def test_what_is_no_envelope_is_refused_and_the_lines_beside_it_stay(bad):
    taken, refused = envelopes(ID, wire("7.1") + b"\n" + bad + b"\n" + wire("7.2"))
    assert [found.seq for found in taken] == [1, 2]
    assert [(item.reason, item.payload) for item in refused] == [("envelope", bad)]


def test_a_line_of_another_gateway_is_refused():
    taken, refused = envelopes(ID, wire() + b"\n" + wire(name="other"))
    assert len(taken) == 1
    assert [item.reason for item in refused] == ["gateway_id"]


def test_limits_of_line_and_message():
    longest = wire(data=rb"\x01" + b"$" * (1024 - len(wire(data=rb"\x01"))))
    taken, refused = envelopes(ID, longest)
    assert len(longest) == 1024
    assert len(taken) == 1
    _, refused = envelopes(ID, longest + b"$\n" + wire())
    assert [item.reason for item in refused] == ["line_size"]
    full = (longest + b"\n") * 15
    full += wire(data=rb"\x01" + b"$" * (16384 - len(full) - len(wire(data=rb"\x01"))))
    assert len(full) == 16384
    assert len(envelopes(ID, full)[0]) == 16
    taken, refused = envelopes(ID, full + b"\n")
    assert taken == []
    assert [item.reason for item in refused] == ["message_size"]


def test_every_form_of_a_line():
    taken, refused = envelopes(
        ID,
        b"\n".join(
            [
                wire("4294967295.4294967295", "+12345", rb"\x1bQ6C"),
                wire(data=b"!drop first=120 last=340"),
                wire(data=rb"\x01*13|\\|\x00\xff00"),
                wire(at="2028-02-29T23:59:59.999Z"),
            ]
        ),
    )
    assert refused == []
    assert taken[0] == Envelope(2**32 - 1, 2**32 - 1, None, 12345, b"\x1bQ6C")
    assert taken[1].data == b"!drop first=120 last=340"
    assert taken[2].data == b"\x01*13|\\|\x00\xff00"
    assert taken[3].at == gateway.parse_stamp("2028-02-29T23:59:59.999Z")
