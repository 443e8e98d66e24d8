"""`mqtts://` and logins, against Mosquitto."""

import signal
import subprocess
import threading
from shutil import which
from zoneinfo import ZoneInfo

import pytest

from brokers import HOST, MOSQUITTO
from neonat.cli.serve import accepts
from neonat.ingest.broker_url import broker_url
from neonat.ingest.link import Link, LinkError
from neonat.ingest.reading import FrameReader
from neonat.ingest.worker import Worker
from neonat.store import open_store
from waiting import free_port, wait_for

pytestmark = pytest.mark.skipif(
    MOSQUITTO is None or which("openssl") is None or which("mosquitto_passwd") is None,
    reason="Mosquitto or openssl is not installed",
)


@pytest.fixture
def port(tmp_path):
    """A broker with TLS that lets only `bed` with the password `right` in."""
    run = {"check": True, "capture_output": True, "cwd": tmp_path}
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    make += " -keyout key.pem -out cert.pem -subj /CN=localhost"
    make += f" -addext subjectAltName=IP:{HOST},DNS:localhost"
    subprocess.run(make.split(), **run)
    subprocess.run(["mosquitto_passwd", "-b", "-c", "users", "bed", "right"], **run)
    for name in ("key.pem", "users"):
        (tmp_path / name).chmod(0o644)
    number = free_port()
    (tmp_path / "mosquitto.conf").write_text(
        f"listener {number} {HOST}\ncertfile {tmp_path}/cert.pem\nkeyfile {tmp_path}/key.pem\n"
        f"password_file {tmp_path}/users\nuser root\nlog_type none\n"
    )
    broker = subprocess.Popen([str(MOSQUITTO), "-c", str(tmp_path / "mosquitto.conf")])
    wait_for(accepts(HOST, number), what="Mosquitto with TLS")
    yield number
    broker.send_signal(signal.SIGTERM)
    broker.wait(30)


def test_envelopes_through_tls(port, tmp_path):
    url = broker_url(f"mqtts://bed:right@{HOST}:{port}")
    reader = FrameReader()
    store = open_store(f"sqlite:///{tmp_path}/n.db", reader=reader)
    worker = Worker(store, reader, url, ZoneInfo("UTC"), ca_file=str(tmp_path / "cert.pem"))
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    peer = Link(url, ["neonat/1/bed/ack"], "peer", str(tmp_path / "cert.pem"))
    try:
        wait_for(lambda: worker.link.connected, what="ingest's connection")
        wait_for(lambda: peer.poll(0.05) == [] and peer.connected, what="the gateway's connection")
        peer.poll(0.2)
        for first in range(1, 2001, 100):
            rows = [
                b"bed|+%d|1.%d|!note text=%b" % (n, n, b"x" * 80) for n in range(first, first + 100)
            ]
            peer.publish("neonat/1/bed/frames", b"\n".join(rows))
        acked = []

        def all_acked():
            for message in peer.poll(0.05):
                for line in message.payload.split(b"\n"):
                    _, first, last = map(int, line.split())
                    acked.extend(range(first, last + 1))
            return len(set(acked)) == 2000

        wait_for(all_acked, what="all acknowledgements")
    finally:
        peer.close(1)
        stop.set()
        thread.join()
        store.close()


@pytest.mark.parametrize(
    ("url", "ca", "says"),
    [
        ("mqtts://bed:wrong@{where}", "cert.pem", "user and password"),
        ("mqtts://{where}", "cert.pem", "user and password"),
    ],
)
def test_a_wrong_login_is_one_line(port, tmp_path, url, ca, says):
    link = Link(broker_url(url.format(where=f"{HOST}:{port}")), ["t"], "x", str(tmp_path / ca))

    def refused():
        try:
            link.poll(0.05)
        except LinkError as error:
            return str(error)
        return None

    line = wait_for(refused, what="the refusal")
    assert says in line
    assert "wrong" not in line


def test_a_broker_that_nobody_vouches_for_is_not_trusted(port, caplog):
    link = Link(broker_url(f"mqtts://bed:right@{HOST}:{port}"), ["t"], "x")

    def warned():
        link.poll(0.05)
        return caplog.text

    assert "TLS" in wait_for(warned, what="the warning")
    assert not link.connected
    link.close(0.1)
