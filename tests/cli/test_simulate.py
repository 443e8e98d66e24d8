"""`neonat simulate` as a process."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medibus.decoder import Decoder
from medibus.escape import escape
from medibus.frame import Frame, command, response
from waiting import wait_for

CAPTURE = Path(__file__).parents[1] / "data" / "tn500.bin"
NEONAT = [sys.executable, "-m", "neonat"]


@contextlib.contextmanager
def simulated(*words):
    """The process and the first line that it prints."""
    process = subprocess.Popen([*NEONAT, "simulate", *words], stderr=subprocess.PIPE, text=True)
    try:
        yield process, process.stderr.readline()
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def on_tcp(*words):
    with simulated("--tcp", "127.0.0.1:0", *words) as (process, line):
        port = int(re.search(r":(\d+),", line)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            yield client, process


def refused(*words):
    done = subprocess.run([*NEONAT, "simulate", *words], capture_output=True, text=True, timeout=30)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.strip().splitlines()[-1]


def talk(client, count, decoder=None, seconds=15):
    """Ask for measured data until `count` of its answers are there; all frames received."""
    decoder, frames = decoder or Decoder(), []
    client.settimeout(0.2)
    deadline = time.monotonic() + seconds
    client.sendall(command(0x51))
    while sum(frame.code == 0x24 for frame in frames) < count and time.monotonic() < deadline:
        try:
            chunk = client.recv(4096)
        except TimeoutError:
            client.sendall(command(0x24))
            continue
        assert chunk
        for event in decoder.feed(chunk):
            if isinstance(event, Frame):
                frames.append(event)
                if event.is_command:
                    client.sendall(response(event.code))
                else:
                    client.sendall(command(0x24))
    return frames


def test_the_log_holds_exactly_what_was_received(tmp_path):
    log = tmp_path / "log"
    with on_tcp("--log", str(log), "--seed", "4") as (client, process):
        received = [escape(frame.raw) for frame in talk(client, 50)]
        process.terminate()
        process.wait(5)
    assert len(received) >= 50
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    sent = [line["raw"] for line in lines if "raw" in line]
    assert sent[: len(received)] == received
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert {"at", "client"} in [set(line) for line in lines]


def test_faults_are_logged_and_whole_frames_received(tmp_path):
    log = tmp_path / "log"
    words = ["--fault", "flip=0.2", "--fault", "insert=0.3", "--fault", "noise=0.2", "--seed", "9"]
    with on_tcp("--log", str(log), *words) as (client, process):
        received = [escape(frame.raw) for frame in talk(client, 30)]
        process.terminate()
        process.wait(5)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    sent = [line["raw"] for line in lines if "raw" in line]
    harmed = {raw for line in lines for raw in line.get("harmed", ())}
    rest = iter(sent)
    assert all(raw in rest for raw in received if raw not in harmed)
    assert set(received) <= set(sent) | harmed
    found = iter(received)
    assert all(raw in found for raw in sent[: sent.index(received[-1])])
    assert any("flip" in line.get("fault", "") for line in lines)


def test_the_same_seed_sends_the_same(tmp_path):
    def first_frames():
        with on_tcp("--seed", "21", "--fault", "flip=0") as (client, _):
            frames = [frame.raw for frame in talk(client, 3)]
            return next(raw for raw in frames if raw[1] == 0x24)

    assert first_frames() == first_frames()


def test_a_recording_answers(tmp_path):
    with on_tcp("--replay", str(CAPTURE), "--waits") as (client, _):
        frames = talk(client, 8)
    recorded = [frame.raw for frame in Decoder().feed(CAPTURE.read_bytes())]
    assert {frame.raw for frame in frames if frame.code == 0x24} <= set(recorded)


def test_a_recording_verbatim():
    words = ("--replay", str(CAPTURE), "--verbatim", "--interval", "1")
    content, got = CAPTURE.read_bytes(), b""
    with on_tcp(*words) as (client, _):
        while len(got) < 2 * len(content):
            got += client.recv(4096)
    assert got[: 2 * len(content)] == content * 2


def test_the_device_can_be_chosen():
    with on_tcp("--device", "isolette", "--waits") as (client, _):
        client.sendall(command(0x51) + command(0x52))
        got = b""
        while b"Isolette" not in got:
            got += client.recv(4096)
    assert b"5701'Isolette 8000 plus'" in got


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_takes_its_link_away(tmp_path, number):
    link = tmp_path / "line"
    with simulated("--pty", str(link)) as (process, line):
        assert str(link) in line and "seed" in line
        assert os.path.islink(link)
        process.send_signal(number)
        assert process.wait(5) == 0
        assert not os.path.lexists(link)


def test_clients_of_the_pty_come_and_go(tmp_path):
    link = tmp_path / "line"
    with simulated("--pty", str(link)):
        for _ in range(3):
            client = os.open(link, os.O_RDWR | os.O_NOCTTY)
            os.write(client, command(0x51))
            os.set_blocking(client, False)
            got = bytearray()

            def answered(client=client, got=got):
                with contextlib.suppress(BlockingIOError):
                    got.extend(os.read(client, 4096))
                return b"\x01Q52\r" in got

            wait_for(answered, what="the answer to ICC")
            os.close(client)


def test_a_path_that_is_there_already(tmp_path):
    link = tmp_path / "line"
    link.write_text("mine")
    code, line = refused("--pty", str(link))
    assert code == 1 and "not ours" in line and str(link) in line


def test_a_directory_that_is_not_there(tmp_path):
    code, line = refused("--pty", str(tmp_path / "no" / "line"))
    assert code == 1 and "No such file" in line


def test_a_busy_port():
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        code, line = refused("--tcp", address)
    assert code == 1 and address in line and "in use" in line


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--fault", "flap"], 2, "duplicate"),
        (["--fault", "flip=2"], 2, "from 0 to 1"),
        (["--device", "toaster"], 2, "isolette"),
        (["--clock-offset", "1e12"], 2, "--clock-offset"),
        (["--clock-offset", "nan"], 2, "--clock-offset"),
        (["--replay", "/nowhere"], 1, "/nowhere"),
        (["--log", "/nowhere/log"], 1, "/nowhere/log"),
        (["--verbatim"], 2, "--replay"),
        (["--baud", "9600"], 2, "--pty"),
    ],
)
def test_wrong_words_are_explained_in_one_line(words, code, said):
    got, line = refused("--tcp", "127.0.0.1:0", *words)
    assert got == code and said in line


@pytest.mark.parametrize("address", ["4001", "localhost:", "localhost:many"])
def test_an_address_that_is_none(address):
    code, line = refused("--tcp", address)
    assert code == 2 and "HOST:PORT" in line


def test_a_port_that_is_too_high():
    code, line = refused("--tcp", "127.0.0.1:99999")
    assert code == 2 and "99999" in line
