"""The live stream: what comes, how often, and that nobody holds up another."""

import asyncio
import json
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neonat.web import hub, query, stream
from neonat.web.hub import BURST, PERIOD_S, Client, Pace
from waiting import wait_for
from web.parts import Listener, Site, Ward


def test_a_listener_gets_all_and_then_what_changes(ward: Ward, site: Site):
    ward.usual("bed-1")
    ward.usual("bed-2")
    ward.health()
    listener = site.listen()
    first = listener.next()
    assert first["event"] == "clock" and first["data"]["ok"] is True
    assert [listener.gateway()["data"]["gateway"] for _ in range(2)] == ["bed-1", "bed-2"]
    ward.usual("bed-2", air=b"34.5")
    event = listener.gateway()
    while event["data"]["gateway"] == "bed-1" or air(event) != 34.5:
        event = listener.gateway()  # what a slow reader had not been sent whole is sent again
    assert event["data"]["gateway"] == "bed-2"
    assert event["data"] | {"now": ""} == site.json("/api/v1/gateways/bed-2/latest") | {"now": ""}
    ward.state("bed-1", online=False)
    event = listener.gateway()
    assert (event["data"]["gateway"], event["data"]["online"]) == ("bed-1", False)
    listener.close()


def test_a_listener_goes_on_where_it_was(ward: Ward, site: Site):
    ward.usual("bed-1")
    ward.usual("bed-2")
    listener = site.listen()
    listener.gateway()
    listener.gateway()
    listener.close()
    ward.usual("bed-2", air=b"34.5")
    again = site.listen(listener.last)
    event = again.gateway()
    assert (event["data"]["gateway"], air(event)) == ("bed-2", 34.5)
    assert again.last > listener.last
    again.close()
    ward.usual("bed-1", air=b"31.0")
    third = site.listen(again.last)
    assert third.gateway()["data"]["gateway"] == "bed-1"
    third.close()


@pytest.mark.parametrize("last", ["999999999", "-1", "x", "9" * 40, "\xff"])
def test_a_number_never_given_brings_everything(ward: Ward, site: Site, last: str):
    ward.usual("bed-1")
    with socket.create_connection(("127.0.0.1", site.port), 10) as line:
        head = f"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {last}\r\n\r\n"
        line.sendall(head.encode("latin-1"))
        text = b""
        while b"bed-1" not in text:
            text += line.recv(65536)
        assert text.startswith(b"HTTP/1.1 200")


def test_a_quiet_stream_is_kept_alive(ward: Ward, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(hub, "CLOCK_S", 0.3)
    ward.health()
    site = Site(ward.url)
    listener = site.listen()
    seen = [listener.next() for _ in range(8)]
    assert any("comment" in block for block in seen)
    assert sum(block.get("event") == "clock" for block in seen) >= 2
    listener.close()
    site.stop()


def test_a_gateway_in_a_hurry_is_thinned_out_and_ends_up_right(ward: Ward, site: Site):
    ward.usual("bed-1")
    listener = site.listen()
    listener.gateway()
    writes = 60
    started = time.monotonic()
    for index in range(writes):
        ward.feed("bed-1", (0x24, b"6D%4.1f" % (20 + index / 10)))
    events = 0
    while True:
        events += 1
        if air(listener.gateway()) == 20 + (writes - 1) / 10:
            break
    assert events <= BURST + (time.monotonic() - started) / PERIOD_S + 2
    listener.close()


def test_a_listener_that_does_not_read_holds_nobody_up(ward: Ward, site: Site):
    ward.usual("bed-1")
    slow = socket.create_connection(("127.0.0.1", site.port), 10)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    slow.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    listener = site.listen()
    listener.gateway()
    for index in range(10):
        ward.usual("bed-1", air=b"%4.1f" % (30 + index / 10))
        want = 30 + index / 10
        while air(listener.gateway()) != want:
            pass
    listener.close()
    slow.close()


def test_listeners_are_bounded_and_their_places_are_given_back(
    ward: Ward, site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub, "CLIENTS_MAX", 2)
    ward.usual("bed-1")
    first, second = site.listen(), site.listen()
    first.gateway()
    second.gateway()
    answer, body = site.request("/api/v1/stream")
    assert answer.status == 503 and answer.headers["retry-after"]
    assert "too many listeners" in json.loads(body)["detail"]
    first.close()

    def room() -> bool:
        listener = site.listen()
        try:
            return listener.answer.status == 200
        finally:
            listener.close()

    wait_for(room, what="a free place")
    second.close()


def test_a_stream_without_database_is_refused_with_the_reason(tmp_path):
    site = Site(f"sqlite:///{tmp_path / 'none.db'}")
    answer, body = site.request("/api/v1/stream")
    assert answer.status == 503
    assert json.loads(body)["detail"]
    site.stop()


def test_stopping_ends_streams(ward: Ward):
    ward.health()
    site = Site(ward.url)
    ward.usual("bed-1")
    listener = site.listen()
    listener.gateway()
    site.stop()
    with pytest.raises((EOFError, ConnectionError)):
        exhaust(listener)
    listener.close()


def exhaust(listener: Listener) -> None:
    while True:
        listener.next()


def air(event: dict) -> float:
    return next(
        reading["value"]
        for reading in event["data"]["readings"]
        if reading["name"] == "air_temperature"
    )


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.sampled_from("abc"), st.integers(0, 3)),
        st.tuples(st.just("take"), st.just(""), st.just(0)),
    ),
    max_size=40,
)


@given(EVENTS)
def test_what_a_client_was_sent_up_to_its_number_is_complete(steps: list):
    async def play() -> None:
        client = Client(0)
        change, last = 0, 0
        newest: dict[str, int] = {}
        sent: dict[str, int] = {}
        for kind, gateway, _ in steps:
            if kind == "offer":
                change += 1
                newest[gateway] = change
                client.offer({gateway: f"data: {gateway} {change}\n\n".encode()}, change)
                continue
            for block in client.take().decode().split("\n\n")[:-1]:
                number, data = block.split("\n")
                last = int(number.removeprefix("id: "))
                name, at = data.removeprefix("data: ").split()
                sent[name] = int(at)
                missing = [n for n, at in newest.items() if at <= last and sent.get(n) != at]
                assert not missing
        assert last <= change

    asyncio.run(play())


@given(st.lists(st.integers(0, 400), max_size=60))
def test_pace_lets_the_first_through_and_bounds_the_rest(steps_ms: list[int]):
    pace, now, let = Pace(), 1000.0, []
    for step in steps_ms:
        now += step / 1000
        if pace.allows("a", now):
            let.append(now)
    if steps_ms:
        assert let[0] == 1000.0 + steps_ms[0] / 1000
    for start in let:
        in_second = [t for t in let if start <= t <= start + 1.0]
        assert len(in_second) <= BURST + 1.0 / PERIOD_S + 1
    assert pace.allows("b", now)


def test_change_numbers_from_anybody():
    assert query.change(None) == query.change("x") == query.change("-4") == query.change("٣") == 0
    assert query.change("17") == 17
    assert query.change("9" * 19) == query.CHANGE_MAX
