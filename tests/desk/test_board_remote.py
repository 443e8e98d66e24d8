"""`neonat board` through a real broker: a real gateway, and one that says what it is told."""

import json
import threading

import paho.mqtt.client as paho
import pytest

from brokers import HOST, Broker
from gateway.bench_server import gateway, incubator
from neonat.board import update, vault
from neonat.board.settings import patch
from neonat.board.update import pack
from neonat.cli.board_manage import fresh
from neonat.cli.main import main
from neonat.gateway.bundle import key_of
from waiting import wait_for

KEY = "ab" * 32


@pytest.fixture
def broker(tmp_path):
    found = Broker("embedded", tmp_path).start()
    yield found
    found.kill()


class Told:
    """A gateway that answers each command with the next of its replies, the id put in."""

    def __init__(self, port, *replies):
        self.replies = list(replies)
        self.commands = []
        self.pieces = []
        self._ready = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [("neonat/1/bed-1/command", 1), ("neonat/1/bed-1/update", 1)]
        )
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._message
        self.client.connect(HOST, port)
        self.client.loop_start()
        assert self._ready.wait(60)

    def _message(self, client, _user, message):
        if message.topic.endswith("/update"):
            self.pieces.append(message.payload)
            command = self.commands[-1]
        else:
            command = json.loads(message.payload)
            self.commands.append(command)
        group = self.replies.pop(0) if self.replies else []
        for more in group if isinstance(group, list) else [group]:
            reply = {"id": command["id"], "command": command["command"], "ok": True, **more}
            client.publish("neonat/1/bed-1/reply", json.dumps(reply), qos=1)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def told(broker):
    made = []

    def make(*replies):
        made.append(Told(broker.port, *replies))
        return made[-1]

    yield make
    for each in made:
        each.close()


def board(capfd, broker, action, *words):
    code = main(["board", action, *words, "--broker", broker.url])
    out = capfd.readouterr()
    return code, out.out, out.err


def test_a_real_gateway_is_listed_and_tells_its_status(tmp_path, broker, capfd):
    with (
        incubator(tmp_path) as line,
        gateway(tmp_path, broker.port, line, "--baud", "38400", "--parity", "odd"),
    ):

        def listed():
            code, out, _ = board(capfd, broker, "list")
            assert code == 0
            rows = [text.split() for text in out.splitlines() if text.startswith("bed-1 ")]
            return [row for row in rows if row[1] == "yes" and row[3] == "up" and "Babyleo" in row]

        wait_for(listed, what="the gateway")
        code, out, _ = board(capfd, broker, "status", "bed-1")
        assert code == 0
        assert "Babyleo TN500" in out and "baud 38400" in out
        reply = json.loads(board(capfd, broker, "status", "bed-1", "--json")[1])
        assert reply["state"]["link"] == "up"


def test_configuration_is_shown_and_set_on_trial(broker, told, capfd):
    config = {"broker": {"host": "old", "port": 1883}, "id": "bed-1"}
    one = told(
        {"config": config}, {"config": config}, [{"state": "trial"}, {"state": "confirmed"}],
        [{"state": "trial"}, {"ok": False, "error": "rolled back: no answer"}],
    )  # fmt: skip
    assert json.loads(board(capfd, broker, "config", "get", "bed-1")[1]) == config
    assert board(capfd, broker, "config", "get", "bed-1", "broker.host")[1] == '"old"\n'
    code, _, text = board(capfd, broker, "config", "set", "bed-1", "broker.host=new", "baud=null")
    assert code == 0 and "confirmed" in text
    assert one.commands[-1]["config"] == {"broker": {"host": "new"}, "baud": None}
    code, _, text = board(capfd, broker, "config", "set", "bed-1", "broker.port=1")
    assert code == 1 and "rolled back: no answer" in text


def test_patches():
    assert patch(["a.b=1", "a.c=x y", "d=[1]"]) == {"a": {"b": 1, "c": "x y"}, "d": [1]}
    for wrong in (["a"], ["=1"], ["a..b=1"], ["a=1", "a.b=2"]):
        with pytest.raises(update.BoardError):
            patch(wrong)


def test_shell_says_how_to_get_in_without_the_password(tmp_path, broker, told, capfd):
    config = {"config": {"network": {"host_name": "bed-1"}}}
    one = told({"minutes": 5}, {"address": ""}, config, {}, {"minutes": 5}, {"address": "10.0.0.9"})
    secrets = str(tmp_path / "board-secrets.json")
    vault.keep(secrets, {"bed-1": {"webrepl_password": "hush-hush"}})
    words = ("bed-1", "--minutes", "5", "--secrets", secrets)
    code, out, _ = board(capfd, broker, "shell", *words)
    assert code == 0
    assert "ws://bed-1:8266/" in out and "hush-hush" not in out
    assert one.commands[0] == {"id": one.commands[0]["id"], "command": "webrepl", "minutes": 5}
    assert board(capfd, broker, "shell", "bed-1", "--minutes", "0")[0] == 0
    assert "ws://10.0.0.9:8266/" in board(capfd, broker, "shell", *words)[1]
    assert board(capfd, broker, "shell", "bed-1", "--minutes", "99")[0] == 2


def test_logs(broker, told, capfd):
    told({"lines": ["1 line open", "2 online"]})
    assert board(capfd, broker, "logs", "bed-1") == (0, "1 line open\n2 online\n", "")
    assert fresh(["a", "b"], ["b", "c"]) == ["c"]
    assert fresh(["a"], ["b"]) == ["b"]
    assert fresh(["a", "b"], ["a", "b"]) == []


def test_who_does_not_answer_is_named(broker, capfd, monkeypatch):
    from neonat.board.desk import Desk

    monkeypatch.setattr(Desk.ask, "__defaults__", (0.3,))
    code, _, text = board(capfd, broker, "status", "bed-7")
    assert code == 1 and "bed-7 does not answer" in text and text.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "words", "code"),
    [
        ("mqtt://127.0.0.1:9", "cannot reach the broker mqtt://127.0.0.1:9", 1),
        ("http://server", "mqtt://", 1),
    ],
)
def test_a_broker_that_cannot_be_reached(capfd, url, words, code):
    assert main(["board", "status", "bed-1", "--broker", url]) == code
    text = capfd.readouterr().err
    assert words in text and text.count("\n") == 1


def test_without_a_broker_it_says_so(capfd, monkeypatch):
    monkeypatch.delenv("NEONAT_BROKER", raising=False)
    assert main(["board", "status", "bed-1"]) == 2
    assert "NEONAT_BROKER" in capfd.readouterr().err


def bundle_parts(pieces):
    """What was sent, put together by the offsets before the pieces."""
    found = {}
    for piece in pieces:
        offset, _, data = bytes(piece).partition(b"\n")
        found[int(offset)] = data
    return b"".join(found[at] for at in sorted(found))


def test_an_update_goes_out_in_pieces_and_on_where_it_was(tmp_path, broker, told, capfd):
    from neonat.board.desk import Desk
    from neonat.ingest.broker_url import broker_url

    whole = pack({"a.py": bytes(3000)}, key_of(KEY), "0.2.0", 7)
    started = {"state": "receiving", "at": 0, "piece": 1024}
    middle = {"at": 2048, "piece": 1024}
    end = [{"state": "trial"}, {"state": "confirmed"}]
    one = told(started, [], middle, [], end)
    seen = []
    with Desk(broker_url(broker.url), "neonat/1") as desk:
        update.send(desk, "bed-1", whole, lambda *facts: seen.append(facts), 10)
    assert bundle_parts(one.pieces) == whole
    assert one.commands[0]["size"] == len(whole)
    assert seen[-1] == ("confirmed", len(whole), len(whole))


def test_a_refused_update_says_why(tmp_path, broker, told, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    vault.keep("board-secrets.json", {"bed-1": {"update_key": KEY}})
    told({"ok": False, "error": "the bundle is older than what runs"})
    code, _, text = board(capfd, broker, "update", "bed-1")
    assert code == 1
    assert "bed-1 says: the bundle is older than what runs" in text.splitlines()[-1]
    code, _, text = board(capfd, broker, "update", "bed-2")
    assert code == 1 and "has no update_key of bed-2" in text
    assert board(capfd, broker, "update", "bed-1", "--out", "b.bundle")[0] == 0
    assert (tmp_path / "b.bundle").read_bytes().startswith(b"neonat-bundle 1 ")
