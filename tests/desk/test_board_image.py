"""An image made by `deploy --image`, booted under MicroPython: from the line to the broker."""

from shutil import which

import pytest

from desk.secure_broker import SecureBroker
from desk.unix_board import UnixBoard, image_of
from gateway.bench_server import Server, incubator
from neonat.board import image
from waiting import wait_for

pytestmark = pytest.mark.skipif(
    which("openssl") is None or which("mosquitto_passwd") is None,
    reason="Mosquitto or openssl is not installed",
)


@pytest.fixture
def broker(tmp_path):
    found = SecureBroker(tmp_path)
    yield found
    found.kill()


@pytest.fixture
def made(tmp_path, broker):
    """The image of a provisioned board that the broker knows."""
    found = image_of(tmp_path, id="bed-1", broker=broker.url, ca=str(broker.certificate))
    broker.kill()
    broker.know(tmp_path / "boards" / "users.txt")
    broker.start()
    return found


def test_the_image_boots_finds_the_line_and_delivers_through_tls(tmp_path, broker, made):
    server = Server(broker.port)
    try:
        with incubator(tmp_path) as line, UnixBoard(tmp_path, made, line) as board:
            wait_for(lambda: len(server.frames()) > 5, what="frames at the broker")
            board.off()
            board.power()
            wait_for(lambda: any(boot == 2 for boot, _ in server.rows), what="the second boot")
            board.off()
    finally:
        server.close()
    assert not server.conflicts
    assert not server.refused
    devices = [state["device"]["id"] for state in server.states if state.get("device")]
    assert set(devices) <= {"5700"}
    there = image.contents(made.read_bytes())
    assert {"boot.py", "main.py", "config.json", "ca.pem"} < there.keys()
    assert "password" not in board.text()


def test_a_cut_in_a_block_write_leaves_a_board_that_boots(tmp_path, broker, made):
    server = Server(broker.port)
    try:
        with incubator(tmp_path) as line, UnixBoard(tmp_path, made, line) as board:
            for cut in (1, 2, 3, 5, 8, 13):
                board.off()
                seen = board.text().count("power cut")
                # What is acknowledged at once is never written.
                server.acknowledging = False
                board.power(cut)
                wait_for(lambda seen=seen: board.text().count("power cut") > seen, what="a cut")
                board.off()
                server.acknowledging = True
                boots = len({boot for boot, _ in server.rows})
                board.power()
                wait_for(
                    lambda boots=boots: len({boot for boot, _ in server.rows}) > boots,
                    what="another boot",
                )
    finally:
        server.close()
    assert not server.conflicts
