"""The worker between a real broker and a store that can be told to fail."""

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from brokers import HOST, KINDS, Broker
from gateways import FRAME, TEXT, Gateway
from neonat.gateway.envelope import parse_ack
from neonat.ingest.answers import ack_payloads
from neonat.ingest.broker_url import broker_url
from neonat.ingest.intake import state_text
from neonat.ingest.link import Link, LinkError
from neonat.ingest.worker import Worker
from neonat.store import BAD, StoreError, Written
from waiting import wait_for


class Reader:
    def split(self, data):
        good = data[:1] == b"!" or data[-2:] == b"%02X" % (sum(data[:-2]) & 255)
        return (b"w" + data, None) if good else (BAD, data)


class Shelf:
    """A store in memory; `error` is what its next writes raise, `poison` what it never takes."""

    def __init__(self):
        self.error = None
        self.poison = None
        self.rows = {}
        self.legacy = []
        self.states = []
        self.refusals = []
        self.healths = []

    def write(self, records, legacy=(), states=(), refusals=()):
        if self.error:
            raise self.error
        if any(record.seq == self.poison for record in records):
            raise StoreError("the store cannot take that")
        acks, conflicts, stored = {}, [], 0
        for record in records:
            key = record.gateway, record.boot, record.seq
            if self.rows.setdefault(key, record).data != record.data:
                conflicts.append(record)
                continue
            stored += self.rows[key] is record
            acks.setdefault(record.gateway, []).append((record.boot, record.seq, record.seq))
        self.legacy += legacy
        self.states += states
        self.refusals += refusals
        return Written(acks, conflicts, stored, len(records) - stored)

    def roll(self):
        return 0

    def expire(self, keep):
        self.kept = keep
        return 0

    def set_health(self, health, worker):
        if self.error:
            raise self.error
        self.healths.append(health)


class Chain:
    def __init__(self, broker, **keywords):
        self.broker = broker
        self.shelf = Shelf()
        self.worker = Worker(
            self.shelf, Reader(), broker_url(broker.url), ZoneInfo("Europe/Paris"), **keywords
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.worker.run, args=(self._stop,))
        self._thread.start()
        wait_for(lambda: self.worker.link.connected, what="ingest's connection")
        self.gateway = Gateway(broker.port)

    def stop(self):
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def close(self):
        self.stop()
        self.gateway.close()


@contextlib.contextmanager
def chain(kind, folder, **keywords) -> Iterator[Chain]:
    broker = Broker(kind, folder).start()
    try:
        made = Chain(broker, **keywords)
        try:
            yield made
        finally:
            made.close()
    finally:
        broker.kill()


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_stored_then_acknowledged_and_a_resend_too(kind, tmp_path):
    with chain(kind, tmp_path) as on:
        lines = [on.gateway.line(seq) for seq in range(1, 51)]
        on.gateway.send(*lines)
        wait_for(lambda: len(on.gateway.acked) == 50, what="acknowledgements")
        on.gateway.send(*lines)
        wait_for(lambda: len(on.gateway.acked) == 100, what="the same again")
        assert len(on.shelf.rows) == 50
        assert (on.worker.stored, on.worker.repeated) == (50, 50)


def test_what_is_not_taken_is_counted_kept_and_not_acknowledged(kind, tmp_path):
    with chain(kind, tmp_path) as on:
        wrong = TEXT.replace("30.8", "30.9")
        on.gateway.send(
            on.gateway.line(1),
            "garbage",
            on.gateway.line(2, name="other"),
            on.gateway.line(3, wrong),
        )
        on.gateway.send("x" * 17000)
        on.gateway.send("[]", topic="state")
        on.gateway.send("hello", topic="trame_complete")
        on.gateway.send(on.gateway.line(1, "!boot reason=start"))
        reasons = {
            "envelope": 2,
            "gateway_id": 1,
            "checksum": 1,
            "message_size": 1,
            "state": 1,
            "conflict": 1,
        }
        wait_for(lambda: on.worker.refusals.counts == reasons, what="the refusals")
        wait_for(lambda: len(on.shelf.refusals) == 7, what="the refusals in the store")
        wait_for(lambda: set(on.gateway.acked) == {(7, 1), (7, 3)}, what="the rest's acks")
        assert on.shelf.rows["bed-1", 7, 3].shape == BAD
        assert all(len(item.payload) <= 256 for item in on.shelf.refusals)


def test_states_and_the_original_format(kind, tmp_path):
    with chain(kind, tmp_path) as on:
        on.gateway.send('{"online": true}', topic="state", retain=True)
        on.gateway.send("b'e89f|2023/07/07 16:34:41|\\\\x01" + FRAME[1:].decode() + "'",
                        topic="test_topic")  # fmt: skip
        wait_for(lambda: on.shelf.states and on.shelf.legacy, what="both")
        assert on.shelf.states[0][::2] == ("bed-1", '{"online":true}')
        assert on.shelf.legacy[0].data == FRAME
        on.stop()
        again = Chain(on.broker)
        wait_for(lambda: again.shelf.states, what="the retained state")
        again.close()


def test_a_store_that_fails_delays_and_loses_nothing(kind, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    with chain(kind, tmp_path, waiting_max=40) as on:
        on.shelf.error = StoreError("the disk is full")
        for first in range(1, 101, 10):
            on.gateway.send(*[on.gateway.line(seq) for seq in range(first, first + 10)])
        wait_for(lambda: on.worker.let_go == 6, what="messages let go")
        wait_for(lambda: on.worker.failure == "the disk is full", what="the failure")
        assert on.worker.health()["waiting"] == 40
        assert on.gateway.acked == []
        on.shelf.error = None
        wait_for(lambda: len(on.gateway.acked) == 40, what="what waited")
        assert on.worker.failure is None
        on.gateway.send(*[on.gateway.line(seq) for seq in range(1, 101)])
        wait_for(lambda: {seq for _, seq in on.gateway.acked} == set(range(1, 101)), what="all")
    lines = [record.getMessage() for record in caplog.records]
    assert sum("disk is full" in text for text in lines) == 1
    assert "the store works again" in lines


def test_a_record_that_the_store_never_takes_holds_up_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr("neonat.ingest.worker.RETRY_S", (0.001, 0.002))
    with chain("embedded", tmp_path) as on:
        on.shelf.poison = 5
        on.gateway.send(*[on.gateway.line(seq) for seq in range(1, 21)])
        wait_for(lambda: len(set(on.gateway.acked)) == 19, what="the others")
        assert (7, 5) not in on.gateway.acked


def test_an_error_without_a_name_is_one_of_the_store(tmp_path):
    with chain("embedded", tmp_path) as on:
        on.shelf.error = ZeroDivisionError()
        on.gateway.send(on.gateway.line(1))
        wait_for(lambda: on.worker.failure, what="the failure")
        on.shelf.error = None
        wait_for(lambda: on.gateway.acked == [(7, 1)], what="the acknowledgement")


def test_a_killed_broker_delays_only(kind, tmp_path):
    with chain(kind, tmp_path) as on:
        for seq in (1, 2):
            on.broker.kill()
            wait_for(lambda: not on.worker.link.connected, what="the loss")
            on.broker.start()
            wait_for(lambda: on.worker.link.connected, what="the connection")
            wait_for(lambda: on.gateway.client.is_connected(), what="the gateway's")
            on.gateway.resend_until_acked(seq)
        assert set(on.gateway.acked) == {(7, 1), (7, 2)}
        assert len(on.shelf.rows) == 2


def test_a_stop_commits_and_acknowledges_what_was_taken(kind, tmp_path):
    with chain(kind, tmp_path) as on:
        sending = threading.Event()

        def load():
            seq = 1
            while not sending.is_set():
                on.gateway.client.publish(
                    "neonat/1/bed-1/frames",
                    "\n".join(on.gateway.line(number) for number in range(seq, seq + 50)),
                    qos=1,
                )
                seq += 50

        thread = threading.Thread(target=load)
        thread.start()
        wait_for(lambda: len(on.shelf.rows) > 500, what="load")
        on.stop()
        sending.set()
        thread.join()
        stored = {(boot, seq) for _, boot, seq in on.shelf.rows}
        wait_for(lambda: set(on.gateway.acked) == stored, what="all acks and no more")
        assert on.worker.intake.waiting == 0
        assert on.shelf.healths[-1]["running"] is False


def test_acknowledgements_fit_a_message():
    ranges = [(2**32 - 1, 2**32 - 2, 2**32 - 1)] * 2000
    payloads = ack_payloads(ranges)
    assert all(len(payload) <= 16384 for payload in payloads)
    assert [item for payload in payloads for item in parse_ack(payload)[0]] == ranges


@pytest.mark.parametrize(
    "payload",
    [b"", b"x", b"[]", b"1", b"null", b'{"a": NaN}', b'{"a": 1e999}', b"\xff{}", b"[" * 4000,
     b'{"a": ' * 600 + b"1" + b"}" * 600, b'{"a": "' + b"x" * 5000 + b'"}',
     b'{"a": ' + b"9" * 4000 + b"}"],
)  # fmt: skip
def test_what_is_no_state_is_none_or_valid(payload):
    text = state_text(payload)
    assert text is None or text.startswith('{"a":')


def test_a_state_that_a_deeper_reader_could_not_read_is_none():
    """The page reads it again with less of the stack left than ingest had."""
    for depth in (9, 100, 900):
        assert state_text(b'{"a":' * depth + b"1" + b"}" * depth) is None
        assert state_text(b'{"a":' + b"[" * depth + b"]" * depth + b"}") is None
    assert state_text(b'{"a":' * 8 + b"1" + b"}" * 8)


def test_a_broker_that_speaks_no_mqtt_is_survived(tmp_path):
    """Silence, garbage, packets that contradict themselves."""
    welcome = b"\x20\x02\x00\x00"
    answers = [
        b"",
        b"\xff" * 64,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        welcome + b"\x30\x01\x00",
        welcome + b"\x30\x02\x00\x00",
        welcome + b"\x32\x03\x00\x09a",
    ]
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        link = Link(broker_url(f"mqtt://{HOST}:{port}"), ["t"], "test")
        link._ever = True
        for answer in answers:
            taken = _accepted(server, link)
            with taken:
                taken.recv(1000)
                taken.sendall(answer)
                taken.shutdown(socket.SHUT_WR)
                wait_for(lambda: link.poll(0.01) == [] and _gone(link), what="the loss")
        link.close(0.1)


def _accepted(server, link):
    server.settimeout(0.05)

    def accept():
        link.poll(0.01)
        with contextlib.suppress(TimeoutError):
            return server.accept()[0]
        return None

    return wait_for(accept, what="a connection")


def _gone(link):
    return link._broken or link._client.socket() is None


def test_a_login_that_is_refused_ends_ingest_with_one_line(tmp_path):
    broker = Broker("embedded", tmp_path, {"bed": "right"}).start()
    try:
        url = broker.url.replace("//", "//bed:wrong@")
        worker = Worker(Shelf(), Reader(), broker_url(url), ZoneInfo("UTC"))
        with pytest.raises(LinkError, match="user and password") as caught:
            worker.run(threading.Event())
        assert "wrong" not in str(caught.value)
    finally:
        broker.kill()
