"""`neonat gateway`: what is wrong at the start is one line, exit 1 or 2."""

import os
import pty
import subprocess
import sys

import pytest

from neonat.cli.main import main
from waiting import wait_for

GOOD = {"--serial": "socket://127.0.0.1:9", "--broker": "mqtt://127.0.0.1:9"}


def tried(capfd, tmp_path, **changes) -> tuple[int, str]:
    words = {"--id": "bed-1", "--spool": str(tmp_path / "spool"), **GOOD}
    extra = changes.pop("extra", ())
    words |= {"--" + name.replace("_", "-"): value for name, value in changes.items()}
    argv = ["gateway", *extra]
    for pair in words.items():
        argv += pair
    code = main(argv)
    return code, capfd.readouterr().err


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"serial": "/dev/ttyNONE"}, 1, "is the adapter plugged in"),
        ({"serial": "/etc/passwd"}, 1, "no serial device"),
        ({"serial": "socket://nowhere"}, 1, "socket://HOST:PORT"),
        ({"broker": "http://host"}, 1, "mqtt://"),
        ({"broker": "mqtt://host:99999"}, 1, "mqtt://"),
        ({"baud": "fast"}, 2, "--baud"),
        ({"id": "a b"}, 2, "the id"),
        ({"spool_size": "3"}, 2, "--spool-size"),
        ({"spool": "/proc/spool"}, 1, "cannot write to the spool"),
        ({"topic_prefix": "a/#"}, 2, "topic_prefix"),
        ({"broker_ca": "/none", "broker": "mqtts://host"}, 1, "cannot read /none"),
        ({"password_file": "/none", "broker": "mqtt://me@host"}, 1, "/none"),
        ({"extra": ["--micropython"], "broker": "mqtts://host"}, 1, "--broker-ca"),
        ({"extra": ["--micropython"], "heap": "1k"}, 2, "--heap"),
        ({"extra": ["--micropython"], "serial": "rfc2217://h:1"}, 1, "--micropython"),
    ],
)
def test_what_is_wrong_is_one_line(capfd, tmp_path, changes, code, words):
    found, text = tried(capfd, tmp_path, **changes)
    assert words in text
    assert text.count("\n") == 1
    assert found in (1, 2)
    assert found == code or "--micropython" in words or "socket" in words


def test_a_busy_port_is_named(capfd, tmp_path):
    import serial

    _, slave = pty.openpty()
    with serial.Serial(os.ttyname(slave), exclusive=True):
        code, text = tried(capfd, tmp_path, serial=os.ttyname(slave))
    assert code == 1
    assert "another program uses it" in text


def test_a_spool_is_used_by_one_gateway(capfd, tmp_path):
    words = [sys.executable, "-m", "neonat", "gateway", "--id", "bed-1"]
    words += ["--spool", str(tmp_path / "spool")]
    for pair in GOOD.items():
        words += pair
    first = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        wait_for((tmp_path / "spool" / "boot").exists, what="the first gateway")
        code, text = tried(capfd, tmp_path)
        assert code == 1
        assert "another gateway uses the spool" in text
    finally:
        first.terminate()
        assert first.wait(5) == 0
