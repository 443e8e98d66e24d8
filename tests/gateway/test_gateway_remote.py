"""Remote management of a board: its image boots under MicroPython with a heap of 128 KiB."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from desk.unix_board import UnixBoard, image_of
from gateway.bench_server import MICROPYTHON, Broker, Server, gateway, incubator
from neonat import update
from neonat.board import image
from neonat.gateway import envelope
from waiting import free_port, wait_for

pytestmark = pytest.mark.skipif(not MICROPYTHON.exists(), reason="no micropython here")
KEY = bytes(range(32))
HERE = Path(__file__).parent
# The files of the board are in this heap too: two file systems, and a block device in Python.
HEAP = "160k"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of one image, its bytes and the broker's port in it."""
    folder = tmp_path_factory.mktemp("image")
    port = free_port()
    path = image_of(folder, id="bed-1", broker=f"mqtt://127.0.0.1:{port}")
    files = image.contents(path.read_bytes())
    config = json.loads(files["config.json"])
    config.update({"update_key": KEY.hex(), "webrepl_password": "opensesame"})
    files["config.json"] = json.dumps(config).encode()
    return port, image.build(files), files


class Desk:
    """A board that is tended, and what the server heard of it."""

    def __init__(self, board, server):
        self.board = board
        self.server = server
        self.number = 0

    def wait(self, condition, what, timeout=60.0):
        return wait_for(lambda: self.board.tend() and condition(), timeout, what)

    def reply(self, number, **facts):
        return next(
            (
                reply
                for reply in self.server.replies
                if reply["id"] == number and all(reply.get(k) == v for k, v in facts.items())
            ),
            None,
        )

    def ask(self, command, **facts):
        self.number += 1
        self.server.command({"id": self.number, "command": command, **facts})
        return self.wait(lambda: self.reply(self.number), f"the reply to {command}")

    def records(self, word):
        return [
            envelope.parse_record(data)[1]
            for data in self.server.data()
            if data.startswith(f"!{word} ")
        ]

    def boot(self, number):
        """The `!boot` record of the start with this number."""
        key = (number, 1)
        self.wait(lambda: key in self.server.rows, f"boot {number}")
        return envelope.parse_record(self.server.rows[key][1])[1]

    def deliver(self, whole, cut=None):
        """Send a bundle until it is on trial or refused; `cut`: stop after this many bytes."""
        self.number += 1
        delivery = update.Delivery(whole, str(self.number))
        seen = len(self.server.replies)
        self.server.command(delivery.begin())
        while delivery.state in ("asking", "sending") and (cut is None or delivery.at < cut):
            self.wait(lambda seen=seen: len(self.server.replies) > seen, "a reply to a piece")
            for piece in delivery.take(self.server.replies[seen]):
                self.server.client.publish("neonat/1/bed-1/update", piece, qos=1)
            seen += 1
        return delivery


@pytest.fixture
def desk(tmp_path, made):
    port, whole, _ = made
    broker = Broker(tmp_path, port=port)
    server = Server(port)
    path = tmp_path / "board.bin"
    path.write_bytes(whole)
    with incubator(tmp_path) as line:
        stand_in = HERE / "unix_remote_board.py"
        board = UnixBoard(tmp_path, path, line, HEAP, stand_in=stand_in)
        with board:
            found = Desk(board, server)
            found.wait(lambda: server.states and server.frames(), "the gateway online")
            yield found
    server.close()
    broker.kill()


def test_settings_outlive_a_restart_and_secrets_stay(desk, made):
    assert desk.boot(1)["reason"] == "power"
    assert desk.ask("set-poll", plan={"24": 400})["kept"]
    assert any("broker: online" in line for line in desk.ask("log")["lines"])
    config = desk.ask("get-config")["config"]
    assert config["broker"]["port"] == made[0]
    assert "opensesame" not in json.dumps(config)
    assert KEY.hex() not in json.dumps(config)
    assert desk.ask("webrepl", minutes=5)["ok"]
    assert 200 < desk.ask("status")["webrepl_s"] <= 300
    assert desk.ask("webrepl", minutes=0)["ok"]
    assert "webrepl open" in desk.board.text()
    assert not desk.ask("webrepl", minutes=61)["ok"]
    assert desk.ask("restart")["ok"]
    assert desk.boot(2)["reason"] == "command"
    assert desk.ask("status")["plan"] == {"24": 400}
    assert "webrepl closed" in desk.board.text()


def test_a_configuration_is_kept_when_it_delivers_and_taken_back_when_not(desk):
    for wrong in ({"baud": 7}, {"id": "x"}, {"update_key": None}, {}, [1], {"broker": {"port": 0}}):
        assert not desk.ask("set-config", config=wrong)["ok"], wrong
    assert desk.ask("set-config", config={"baud": 38400})["state"] == "trial"
    desk.wait(lambda: desk.reply(desk.number, state="confirmed"), "the confirmation")
    assert desk.boot(2) | {"held": ""} == desk.boot(2) | {"held": "", "trial": "config"}
    desk.wait(lambda: {"confirmed": "config"} in desk.records("boot"), "its record")
    assert desk.ask("set-config", config={"broker": {"port": free_port()}})["ok"]
    refused = desk.wait(lambda: desk.reply(desk.number, ok=False), "the refusal")
    assert "rolled back" in refused["error"]
    assert desk.boot(4)["reason"] == "rollback"
    assert any(e["reason"] == "rollback" and e["of"] == "config" for e in desk.records("error"))
    config = desk.ask("get-config")["config"]
    assert config["baud"] == 38400


def program(files, **changed):
    found = {name[4:]: data for name, data in files.items() if name.startswith("lib/")}
    return {**found, **changed}


def test_an_update_is_confirmed_and_a_broken_one_rolled_back(desk, made):
    mpy = 6
    good = update.pack(program(made[2]), KEY, "9.1", 7, mpy)
    # In the manifest, at its end, at the end of a piece, in the middle of the files.
    head = update.head_size(good)
    for boot, cut in enumerate((1, head, head + 1024, 20_000), start=2):
        desk.deliver(good, cut=cut)
        desk.board.off()
        desk.board.power()
        assert desk.boot(boot)["reason"] == "power"
        assert (desk.ask("status")["slot"], desk.ask("status")["trial"]) == ("", "")
    delivery = update.Delivery(good, "resumed")
    desk.server.command(delivery.begin())
    at = desk.wait(lambda: desk.reply("resumed"), "where it was")["at"]
    assert at >= 16_000
    assert desk.deliver(good).state == "trial"
    answer = desk.wait(lambda: desk.reply(str(desk.number), state="confirmed"), "confirmation")
    assert answer["version"] == "9.1"
    assert desk.boot(6)["reason"] == "update"
    assert desk.ask("status")["slot"] == "a"
    files = program(made[2])
    del files["neonat/gateway/program.mpy"]
    files["neonat/gateway/program.py"] = b"raise ValueError('not like this')\n"
    assert desk.deliver(update.pack(files, KEY, "9.2", 8, mpy)).state == "trial"
    refused = desk.wait(lambda: desk.reply(str(desk.number), ok=False), "the refusal")
    assert "rolled back" in refused["error"]
    assert desk.boot(7)["reason"] == "rollback"
    assert any("not like this" in e.get("trace", "") for e in desk.records("error"))
    assert desk.ask("status")["slot"] == "a"
    # Not even what would keep the trace can be loaded.
    files = program(made[2], **{"neonat/gateway/starting.mpy": b"M\x06 is no module"})
    assert desk.deliver(update.pack(files, KEY, "9.3", 9, mpy)).state == "trial"
    assert desk.wait(lambda: desk.reply(str(desk.number), ok=False), "the refusal")
    assert desk.boot(8)["reason"] == "rollback"
    found = desk.ask("status")
    assert (found["slot"], found["state"]["version"]) == ("a", "9.1")


def test_what_is_no_good_update_is_refused_with_its_reason(desk):
    small = {"a.py": b"x = 1\n"}
    good = update.pack(small, KEY, "9", 5)
    size = update.head_size(good)
    cases = [
        (update.pack(small, bytes(32), "9", 5), "not authentic"),
        (good.replace(b"version=9", b"version=8"), "not authentic"),
        (update.pack(small, KEY, "9", 0), "old"),
        (update.pack(small, KEY, "9", 5, 99), "mpy"),
        (good[:size] + b"x = 2\n", "not what the manifest says"),
        (good[:-1], "another one"),
        (good + b"more", "another one"),
    ]
    for whole, why in cases:
        with pytest.raises(update.UpdateError, match=why):
            desk.deliver(whole)
    for facts in ({"size": 10**7}, {"size": "x"}, {"head": -1}, {"mac": 5}, {"head": 9000}):
        reply = desk.ask("update", **{"mac": "0" * 64, "head": 100, "size": 200, **facts})
        assert not reply["ok"]
    for rubbish in (b"", b"\n", b"x\nabc", b"0\n", b"99999999999\nabc", b"-1\nabc", b"1"):
        desk.server.client.publish("neonat/1/bed-1/update", rubbish, qos=1)
    assert desk.ask("status")["ok"]
    assert not desk.ask("status")["trial"]
    assert desk.server.boots() == {1}


def test_an_exception_ends_up_in_the_store(desk, tmp_path):
    desk.board.off()
    (tmp_path / "stand-ins" / "crash").touch()
    desk.board.power()
    desk.wait(lambda: "two wires crossed" in desk.board.text(), "the crash")
    (tmp_path / "stand-ins" / "crash").unlink()
    desk.wait(lambda: any(b.get("reason") == "crash" for b in desk.records("boot")), "its boot")
    # What the line said while the power was cut may be an error of its own.
    desk.wait(
        lambda: any("two wires crossed" in e.get("trace", "") for e in desk.records("error")),
        "the trace",
    )
    assert any("two wires crossed" in line for line in desk.ask("log")["lines"])


def test_a_stuck_micropython_is_killed_and_started_again(tmp_path):
    broker = Broker(tmp_path)
    server = Server(broker.port)
    words = ("--micropython",)
    try:
        with (
            incubator(tmp_path) as line,
            gateway(tmp_path, broker.port, line, *words, NEONAT_WATCHDOG_S="5") as command,
        ):
            wait_for(lambda: server.frames(), what="frames")
            found = subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(command.process.pid)],
                capture_output=True,
                text=True,
                check=True,
            )
            os.kill(int(found.stdout), signal.SIGSTOP)
            wait_for(lambda: (2, 1) in server.rows, what="the second boot")
            assert "!boot reason=watchdog" in server.rows[2, 1][1]
    finally:
        server.close()
        broker.kill()
