"""The edges: pseudo-terminal and TCP."""

import os
import socket
import termios
import tty

import pytest

from neonat.simulator.pty import PtyPort
from neonat.simulator.tcp import TcpPort
from waiting import wait_for


@pytest.fixture
def pty(tmp_path):
    port = PtyPort(str(tmp_path / "line"))
    yield port
    port.close()


def opened(port):
    client = os.open(port.link, os.O_RDWR | os.O_NOCTTY)
    os.set_blocking(client, False)
    wait_for(lambda: (port.read(0), port.present)[1], what="the port to see its client")
    return client


def received(client):
    found = b""
    try:
        while chunk := os.read(client, 65536):
            found += chunk
    except BlockingIOError:
        pass
    return found


def test_bytes_pass_unchanged_both_ways(pty):
    client = opened(pty)
    every = bytes(range(256))
    os.write(client, every)
    assert pty.read(1) == every
    assert pty.write(every)
    assert received(client) == every
    os.close(client)


def test_clients_come_and_go_and_find_no_old_bytes(pty):
    assert not pty.write(b"to nobody")
    client = opened(pty)
    assert received(client) == b""
    while pty.write(b"never read" * 100):
        pass
    os.close(client)
    wait_for(lambda: (pty.read(0), not pty.present)[1], what="the client to be gone")
    client = opened(pty)
    assert received(client) == b""
    assert pty.write(b"new")
    assert received(client) == b"new"
    os.close(client)


def test_what_a_full_buffer_does_not_take_is_not_called_sent(pty):
    client = opened(pty)
    taken = 0
    while pty.write(b"x" * 1000):
        taken += 1000
        assert taken < 10**7
    assert len(received(client)) >= taken > 0
    os.close(client)


def test_the_link_goes_with_the_port(tmp_path):
    port = PtyPort(str(tmp_path / "line"))
    assert os.path.realpath(port.link) == port.name
    port.close()
    assert not os.path.lexists(port.link)


def test_a_link_of_somebody_else_stays(tmp_path):
    link = tmp_path / "line"
    link.write_text("mine")
    with pytest.raises(FileExistsError, match="not ours"):
        PtyPort(str(link))
    assert link.read_text() == "mine"


def test_a_link_in_use_stays_and_a_left_one_is_taken_over(tmp_path):
    first = PtyPort(str(tmp_path / "line"))
    with pytest.raises(FileExistsError, match="already leads"):
        PtyPort(first.link)
    first.close()
    os.symlink("/dev/pts/999999", tmp_path / "line")
    PtyPort(str(tmp_path / "line")).close()


def test_a_client_with_another_speed_or_parity_sees_garbage(tmp_path):
    port = PtyPort(str(tmp_path / "line"), baud=38400, odd=True)
    client = opened(port)
    for speed, odd, understood in ((9600, True, False), (38400, False, False), (38400, True, True)):
        flags = termios.tcgetattr(client)
        flags[2] = (flags[2] | termios.PARODD) if odd else (flags[2] & ~termios.PARODD)
        flags[4] = flags[5] = getattr(termios, f"B{speed}")
        termios.tcsetattr(client, termios.TCSANOW, flags)
        assert port.write(b"hello") == understood
        assert (received(client) == b"hello") == understood
        os.write(client, b"hello")
        assert (port.read(1) == b"hello") == understood
    os.close(client)
    port.close()


def test_a_speed_that_no_line_has(tmp_path):
    with pytest.raises(ValueError, match="38401"):
        PtyPort(str(tmp_path / "line"), baud=38401)
    assert not os.path.lexists(tmp_path / "line")


def test_the_pty_is_raw_from_the_start(pty):
    client = opened(pty)
    assert not termios.tcgetattr(client)[tty.LFLAG] & (termios.ICANON | termios.ECHO)
    os.close(client)


def test_tcp_serves_one_client_after_the_other():
    port = TcpPort("127.0.0.1", 0)
    for word in (b"first", b"second"):
        with socket.create_connection(("127.0.0.1", port.port), timeout=5) as client:
            wait_for(lambda: (port.read(0.1), port.present)[1], what="the client")
            client.sendall(word)
            assert wait_for(lambda: port.read(0.1), what="bytes") == word
            assert port.write(word)
            assert client.recv(100) == word
        wait_for(lambda: (port.read(0.1), not port.present)[1], what="the client to be gone")
        assert not port.write(b"x")
    port.close()


def test_a_busy_port_is_an_error():
    port = TcpPort("127.0.0.1", 0)
    with pytest.raises(OSError, match="in use"):
        TcpPort("127.0.0.1", port.port)
    port.close()
