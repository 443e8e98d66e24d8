"""What the gateway says of peers that are not what they should be: clear, and once."""

import contextlib
import socket
import threading
import time

import pytest

from medibus.schedule import Plan
from neonat.gateway import login
from neonat.gateway.acquisition import Acquisition
from neonat.gateway.board_cpython import Board
from neonat.gateway.linefinder import LineFinder
from neonat.gateway.uplink import Uplink
from waiting import wait_for


class Peer:
    """Listens, reads once, answers `answer` and closes; `calls` counts that."""

    def __init__(self, answer: bytes = b"") -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.calls = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    client.recv(4096)
                client.sendall(self._answer)
            self.calls += 1

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()


def run(board, part, log, done, what):
    """Step a part of the gateway until `done`; its log as one text."""

    def stepped():
        part.step(board.ticks())
        board.wait(part.streams, 20)
        return done()

    wait_for(stepped, what=what)
    part.close(*[board.ticks()] * isinstance(part, Acquisition))
    return "\n".join(log)


@pytest.mark.parametrize(
    ("answer", "says", "refused"),
    [
        (b"", "user and password", False),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no MQTT broker", False),
        (b"\x20\x02\x00\x03", login.REFUSED[login.UNAVAILABLE] + "; trying again", False),
        (b"\x20\x02\x00\x05", login.REFUSED[5], True),
    ],
)
def test_a_login_that_fails_is_explained_once(answer, says, refused):
    board, log = Board(), []
    with Peer(answer) as peer:
        broker = {"host": "127.0.0.1", "port": peer.port}
        uplink = Uplink(board, broker, "t/", "g", lambda *_: None, lambda now: None, log.append)
        text = run(board, uplink, log, lambda: peer.calls == 3, "three logins")
    assert says in text
    assert bool(uplink.refused) == refused
    assert text.count("\n") == 0


def test_a_broker_without_tls_is_explained():
    board, log = Board(), []
    with Peer(b"what?") as peer:
        broker = {"host": "127.0.0.1", "port": peer.port, "tls": {}}
        uplink = Uplink(board, broker, "t/", "g", lambda *_: None, lambda now: None, log.append)
        text = run(board, uplink, log, lambda: peer.calls == 2, "two logins")
    assert text == "broker: TLS: wrong version number; trying again"


def test_a_line_that_is_closed_again_and_again_is_told_once_and_tried_less_often():
    board, log = Board(), []
    with Peer() as peer:
        line = f"socket://127.0.0.1:{peer.port}"
        finder = LineFinder(None, None, board.line_fixed(line))
        part = Acquisition(board, line, finder, Plan(), lambda *_: None, 900, log.append)
        started = time.monotonic()
        text = run(board, part, log, lambda: peer.calls == 4, "four calls")
    assert text.count("open") == 1
    assert text.count("trying again") == 1
    # Pauses of 0.5, 1 and 2 s at least.
    assert time.monotonic() - started > 3
