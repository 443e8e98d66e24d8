"""The MQTT codec: packets as the standard has them, and no bytes that make it fall over."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neonat.gateway import login, mqtt


def test_connect_has_the_will_and_the_login():
    packet = login.connect("bed-1", 20, ("t/state", "{}"), "me", "secret")
    assert packet == (
        b"\x10\x2a\x00\x04MQTT\x04\xee\x00\x14\x00\x05bed-1"
        b"\x00\x07t/state\x00\x02{}\x00\x02me\x00\x06secret"
    )


def test_connect_without_a_login():
    assert login.connect("b", 20, ("t", "{}"))[9] == 0x2E


def test_a_message_is_qos_1():
    assert mqtt.publish("t", 3, 258) == b"\x32\x08\x00\x01t\x01\x02"
    assert mqtt.publish("t", 300, 1, True) == b"\x33\xb1\x02\x00\x01t\x00\x01"


def test_subscribe():
    assert login.subscribe(2, ["a", "b"]) == b"\x82\x0a\x00\x02\x00\x01a\x01\x00\x01b\x01"


STREAM = (
    b"\x20\x02\x01\x00"
    b"\x90\x04\x00\x01\x01\x80"
    b"\x40\x02\x01\x02"
    b"\xd0\x00"
    b"\x30\x06\x00\x01tabc"
    b"\x32\x07\x00\x01t\x00\x09ab"
    b"\x33\x07\x00\x01t\x00\x0aab"
)
EVENTS = [
    ("connack", 0),
    ("suback", 1, b"\x01\x80"),
    ("puback", 258),
    ("pong",),
    ("message", "t", b"abc", 0, True),
    ("message", "t", b"ab", 9, True),
    ("kept", "t", b"ab", 10, True),
]


@given(st.lists(st.integers(0, len(STREAM))))
def test_events_are_the_same_in_any_chunking(cuts):
    parser = mqtt.Parser()
    edges = [0, *sorted(cuts), len(STREAM)]
    events = []
    for start, end in itertools.pairwise(edges):
        events += parser.feed(STREAM[start:end])
    assert events == EVENTS


def test_of_a_message_too_large_the_begin_is_kept():
    parser = mqtt.Parser(limit=16)
    packet = b"\x32\xac\x02\x00\x01t\x00\x09" + b"x" * 295
    assert parser.feed(packet + b"\xd0\x00") == [
        ("message", "t", b"x" * 11, 9, False),
        ("pong",),
    ]


@pytest.mark.parametrize(
    "packet",
    [
        b"\x30\xff\xff\xff\xff\x01",
        b"\x10\x00",
        b"\x30\x01\x00",
        b"\x30\x02\x00\x09",
        b"\x34\x05\x00\x01t\x00\x01",
        b"\x32\x05\x00\x01t\x00\x00",
        b"\x30\x04\x00\x02\xff\xfe",
        b"\x20\x03\x00\x00\x00",
    ],
)
def test_what_is_no_mqtt_is_an_error(packet):
    with pytest.raises(mqtt.ProtocolError):
        mqtt.Parser().feed(packet)


@given(st.lists(st.binary(max_size=200), max_size=20), st.integers(8, 64))
def test_no_bytes_raise_anything_else_or_grow(chunks, limit):
    parser = mqtt.Parser(limit)
    with contextlib.suppress(mqtt.ProtocolError):
        for chunk in chunks:
            for event in parser.feed(chunk):
                assert event[0] in ("connack", "suback", "puback", "pong", "message")
            assert len(parser._body) <= limit
            assert len(parser._head) <= 5
