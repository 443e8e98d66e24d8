"""The SD card of an ESP32: with it, without it, when it fails and when it comes back."""

import json

import pytest

from desk.esp32_board import Esp32Board
from desk.unix_board import image_of
from gateway.bench_server import MICROPYTHON, Broker, Server, incubator
from neonat.board import image
from neonat.gateway import envelope
from waiting import free_port, wait_for

pytestmark = pytest.mark.skipif(not MICROPYTHON.exists(), reason="no micropython here")


@pytest.fixture(scope="module")
def flashed(tmp_path_factory):
    """The bytes of an image whose spool is to be on a card, and the broker's port in it."""
    port = free_port()
    made = image_of(tmp_path_factory.mktemp("image"), id="bed-1", broker=f"mqtt://localhost:{port}")
    files = image.contents(made.read_bytes())
    config = {**json.loads(files["config.json"]), "spool": "/sd/spool"}
    config |= {"baud": 38400, "parity": "odd"}
    return image.build({**files, "config.json": json.dumps(config).encode()}), port


@pytest.fixture
def bench(tmp_path, flashed):
    """A board, switched off, an incubator, and a server."""
    made, port = tmp_path / "bed-1.bin", flashed[1]
    made.write_bytes(flashed[0])
    broker = Broker(tmp_path, port=port)
    server = Server(port)
    board = Esp32Board(tmp_path, made, str(tmp_path / "incubator"))
    with incubator(tmp_path, "--baud", "38400", "--parity", "odd"):
        yield board, server, broker
        board.off()
    server.close()
    broker.kill()


def faults(server):
    """What `!error reason=hardware` says."""
    found = [data for data in server.data() if data.startswith("!error ")]
    pairs = [envelope.parse_record(data)[1] for data in found]
    return [each["detail"] for each in pairs if each["reason"] == "hardware"]


def in_flash(board):
    """The segments in the flash of a board that is switched off."""
    names = image.contents(board.image.read_bytes())
    return [name for name in names if name.startswith("spool/") and name[-4:] in (".log", ".pak")]


def on_card(board):
    return [name for name in board.card_files() if name[-4:] in (".log", ".pak")]


def outage(board, broker):
    """Let a board run without a broker until records were written, then switch it off."""
    broker.kill()
    (board.hardware / "fed").write_text("0")
    board.power()
    wait_for(lambda: board.fed() > 8, what="an outage of eight seconds")
    board.off()


def complete(server):
    """Whether each number up to the last of each boot is stored or named; which were named."""
    dropped = [envelope.parse_record(d)[1] for d in server.data() if d.startswith("!drop ")]
    named = {
        (int(each["boot"]), seq)
        for each in dropped
        for seq in range(int(each["first"]), int(each["last"]) + 1)
    }
    keys = set(server.rows)
    last = {boot: max(seq for b, seq in keys if b == boot) for boot, _ in keys}
    missing = {(boot, seq) for boot in last for seq in range(1, last[boot] + 1)} - keys
    return missing <= named, named


def test_the_spool_is_on_the_card_and_what_the_flash_kept_without_it_comes_after(bench):
    board, server, broker = bench
    outage(board, broker)
    assert in_flash(board)
    board.card(new=True)
    outage(board, broker)
    assert on_card(board)
    assert not in_flash(board)
    # Nor is a boot's number used again when the card is not there once more.
    board.card("out")
    broker.start()
    board.power()
    wait_for(lambda: (3, 5) in server.rows, what="the third boot")
    assert "SD card" in faults(server)[0]
    board.off()
    board.card()
    board.power()
    wait_for(lambda: (4, 5) in server.rows and (1, 1) in server.rows, what="all boots")
    wait_for(lambda: complete(server)[0], what="what waited on the card")
    assert not complete(server)[1]
    assert not server.conflicts
    wait_for(lambda: len(faults(server)) == 2, what="what the first boot said too")


@pytest.mark.parametrize("ill", ["empty", "read-only"])
def test_without_a_usable_card_the_spool_is_in_the_flash_and_the_board_says_so(bench, ill):
    board, server, broker = bench
    if ill == "empty":
        (board.hardware / "card").write_bytes(bytes(1 << 20))
    elif ill == "read-only":
        board.card(ill, new=True)
    outage(board, broker)
    assert in_flash(board)
    broker.start()
    board.power()
    wait_for(lambda: {(1, 3), (2, 8)} <= set(server.rows), what="both boots")
    wait_for(lambda: complete(server)[0], what="all records")
    wait_for(lambda: len(faults(server)) == 2, what="what is wrong")
    assert all(each.endswith("; the spool is in the flash") for each in faults(server))
    assert not complete(server)[1]


def test_a_card_that_fails_ends_nothing_and_what_is_lost_is_named(bench):
    board, server, broker = bench
    board.card(new=True)
    board.power()
    wait_for(lambda: len(server.frames()) > 3, what="frames")
    broker.kill()
    fed = board.fed()
    wait_for(lambda: board.fed() > fed + 5, what="records on the card")
    board.card("out")
    wait_for(lambda: "the spool is in the flash now" in board.text(), what="the other spool")
    fed = board.fed()
    wait_for(lambda: board.fed() > fed + 5, what="records in the flash")
    broker.start()
    before = len(server.frames())
    wait_for(lambda: len(server.frames()) > before + 8, what="frames again")
    wait_for(lambda: complete(server)[0], what="every number, stored or named")
    assert complete(server)[1]
    assert faults(server)
    assert {boot for boot, _ in server.rows} == {1}
    board.off()
    board.power()
    wait_for(lambda: (2, 5) in server.rows, what="the next boot")
    wait_for(lambda: complete(server)[0], what="every number of both")
    assert not server.conflicts
