"""The original firmware's envelope in every form that it is known to have."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medibus.escape import escape
from medibus.frame import response
from neonat.ingest.legacy import legacy_envelope, utc_ms

PARIS = ZoneInfo("Europe/Paris")
FRAME = b"\x01$6530.86631.66C 18 6D33.36E   0C2 0.8E4 183EC  53F1   4F3 101C1"
PLAIN = FRAME[1:].decode()


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


AT = ms("2023-07-07T14:34:41")


def read(payload: bytes, received_at: int = AT):
    return legacy_envelope(payload, PARIS, received_at)


def test_the_payload_that_captures_readme_gives():
    payload = (
        rb"b'e89f6dd0edd8|2023/07/07 16:34:41|\\x01$6530.86631.66C 18 6D33.36E   0C2 0.8E4 183EC"
        rb"  53F1   4F3 101C1'"
    )
    assert read(payload) == ("e89f6dd0edd8", AT, FRAME, True)


@pytest.mark.parametrize("wrapper", ["{}", "b'{}'", 'b"{}"', "{}\r\n"])
@pytest.mark.parametrize("start", ["\\\\x01", "\\x01", "\x01", ""])
@pytest.mark.parametrize("end", ["", "\\r", "\\\\r", "\r"])
def test_every_way_of_writing_it(wrapper, start, end):
    payload = wrapper.format("e89f6dd0edd8|2023/07/07 16:34:41|" + start + PLAIN + end)
    assert read(payload.encode()) == ("e89f6dd0edd8", AT, FRAME, True)


@given(st.sampled_from([0x24, 0x29, 0x2A, 0x52]), st.binary(max_size=60))
def test_whatever_a_frame_holds_survives_the_wrapper(code, noise):
    frame = response(code, bytes(byte for byte in noise if 32 <= byte < 127 and byte != 92))[:-1]
    for text in (
        repr(b"bed|2023/07/07 16:34:41|" + frame),
        "bed|2023/07/07 16:34:41|" + escape(frame),
    ):
        for doubled in (text, text.replace("\\", "\\\\")):
            found = read(doubled.encode())
            assert found.proven
            assert found.data == frame


@pytest.mark.parametrize(
    ("local", "received", "utc"),
    [
        ("2023/07/07 16:35:1", "2023-07-07T14:35:02", "2023-07-07T14:35:01"),
        ("2023/1/7 6:5:1", "2023-01-07T05:05:02", "2023-01-07T05:05:01"),
        ("2023/10/29 02:30:00", "2023-10-29T00:30:01", "2023-10-29T00:30:00"),
        ("2023/10/29 02:30:00", "2023-10-29T01:30:01", "2023-10-29T01:30:00"),
        ("2023/03/26 02:30:00", "2023-03-26T01:30:01", "2023-03-26T01:30:00"),
        ("2023/03/26 03:30:00", "2023-03-26T01:30:01", "2023-03-26T01:30:00"),
        ("2023-07-07T14:34:41.000Z", "2023-07-07T14:34:42", "2023-07-07T14:34:41"),
    ],
)
def test_local_times_and_the_nights_when_the_clock_changes(local, received, utc):
    assert utc_ms(local, PARIS, ms(received)) == ms(utc)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"b''",
        b"hello",
        b"a|b",
        b"a|b|c",
        b"e89f|2023/13/07 16:34:41|" + FRAME,
        b"e89f|2023/07/07 16:34|" + FRAME,
        b"e89f|0000/07/07 16:34:41|" + FRAME,
        b"e89f|9999/12/31 23:59:59|" + FRAME,
        b"|2023/07/07 16:34:41|" + FRAME,
        b"\xff\xfe|2023/07/07 16:34:41|" + FRAME,
        b"e89f|2023/07/07 16:34:41|",
        b"e89f|2023/07/07 16:34:41|" + b"x" * 1024,
    ],
)
def test_what_is_none_is_refused(payload):
    with pytest.raises(ValueError, match=r"\w"):
        read(payload)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_envelope_or_a_value_error(payload):
    for text in (payload, b"e89f|2023/07/07 16:34:41|" + payload, b"e89f|" + payload + b"|x"):
        try:
            found = read(text)
        except ValueError:
            continue
        assert found.data[:1] in (b"\x01", b"\x1b")


def test_a_wrong_checksum_is_kept_but_not_proven():
    found = read(b"e89f|2023/07/07 16:34:41|" + FRAME.replace(b"30.8", b"30.9"))
    assert not found.proven
    assert found.data.startswith(b"\x01$6530.9")
