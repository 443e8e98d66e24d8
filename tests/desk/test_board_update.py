"""An update from the desk onto a booted image: delivered, tried, confirmed; forged ones refused."""

import threading
import time

import pytest

from desk.test_board_image import broker, made, pytestmark  # noqa: F401
from desk.unix_board import UnixBoard
from gateway.bench_server import Server, incubator
from neonat.board import vault
from neonat.cli.main import main
from waiting import wait_for


def slot(server):
    server.replies.clear()

    def asked():
        # What is asked while the board connects anew is lost.
        server.command({"id": "s", "command": "status"})
        time.sleep(0.5)
        return [reply for reply in server.replies if reply.get("id") == "s"]

    return wait_for(asked, what="the status")[0]["slot"]


@pytest.mark.slow
def test_an_update_is_confirmed_and_a_forged_one_refused(tmp_path, broker, made, capfd):  # noqa: F811
    server = Server(broker.port)
    stop = threading.Event()
    secrets = str(tmp_path / "board-secrets.json")
    words = ["board", "update", "bed-1", "--broker", f"mqtt://127.0.0.1:{broker.port}"]
    try:
        with incubator(tmp_path) as line, UnixBoard(tmp_path, made, line) as board:

            def tend():
                while not stop.wait(0.1):
                    board.tend()

            threading.Thread(target=tend, daemon=True).start()
            wait_for(lambda: len(server.frames()) > 3, what="frames")
            before = slot(server)
            code = main([*words, "--secrets", secrets])
            assert code == 0, capfd.readouterr().err + board.text()
            assert slot(server) != before
            vault.keep(secrets, {"bed-1": {"update_key": "00" * 32}})
            assert main([*words, "--secrets", secrets]) == 1
            assert "authentic" in capfd.readouterr().err
            count = len(server.frames())
            wait_for(lambda: len(server.frames()) > count, what="frames after the refusal")
            stop.set()
    finally:
        stop.set()
        server.close()
    assert not server.conflicts
