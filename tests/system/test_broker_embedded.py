"""The embedded broker is a real one: what gateways and ingest rely on, tried against it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from neonat.broker import BrokerError, check, command, config, environment, users_of
from neonat.cli.serve import accepts
from neonat.supervisor import Child, ChildError, Supervisor
from waiting import free_port, wait_for

HOST = "127.0.0.1"


@contextlib.contextmanager
def running(users: dict[str, str] | None = None) -> Iterator[tuple[int, Child]]:
    port = free_port()
    child = Child("broker", command(), environment(HOST, port, users or {}), accepts(HOST, port))
    stop = threading.Event()
    supervisor = Supervisor([child], stop)
    supervisor.start()
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        yield port, child
    finally:
        stop.set()
        thread.join()
        assert not child.running


class Peer:
    def __init__(self, port: int, topic: str = "", user: str = "", password: str = "", will=None):
        self.got: list[tuple[str, bytes, bool]] = []
        self.ready = 0
        self.subscribed = 0
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.reconnect_delay_set(0.05, 0.2)
        self.client.max_inflight_messages_set(100)
        if user:
            self.client.username_pw_set(user, password)
        if will:
            self.client.will_set(*will, qos=1, retain=True)
        self.topic = topic
        self.client.on_connect = self._connected
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._message
        self.client.connect_async(HOST, port)
        self.client.loop_start()

    def _connected(self, client, _user, _flags, code, _properties):
        if not code.is_failure:
            self.ready += 1
            if self.topic:
                client.subscribe(self.topic, 1)

    def _on_subscribe(self, *_):
        self.subscribed += 1

    def _message(self, _client, _user, message):
        self.got.append((message.topic, message.payload, message.retain))

    def up(self, times: int = 1) -> "Peer":
        wait_for(lambda: self.ready >= times, what="a connection")
        if self.topic:
            wait_for(lambda: self.subscribed >= times, what="the subscription")
        return self

    def send(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def peers():
    made: list[Peer] = []

    def make(*args, **keywords) -> Peer:
        made.append(Peer(*args, **keywords))
        return made[-1].up()

    yield make
    for peer in made:
        peer.close()


def test_retained_state_last_will_and_largest_message(peers):
    with running() as (port, _):
        state = "neonat/1/bed/state"
        bed = peers(port, will=(state, b'{"online": false}'))
        bed.send(state, b'{"online": true}', retain=True)
        watch = peers(port, "neonat/1/+/state")
        wait_for(lambda: watch.got == [(state, b'{"online": true}', True)], what="retained state")
        bed.client.socket().shutdown(2)
        wait_for(lambda: watch.got[1:2] == [(state, b'{"online": false}', False)], what="the will")
        frames = peers(port, "neonat/1/+/frames")
        watch.send("neonat/1/" + "b" * 32 + "/frames", b"x" * 16384)
        wait_for(lambda: frames.got and len(frames.got[0][1]) == 16384, what="16 KiB")


def test_many_in_flight_arrive_once_and_in_order(peers):
    with running() as (port, _):
        frames = peers(port, "neonat/1/+/frames")
        bed = peers(port)
        sent = [b"%d" % number for number in range(2000)]
        infos = [bed.client.publish("neonat/1/bed/frames", text, qos=1) for text in sent]
        for info in infos:
            info.wait_for_publish(20)
        wait_for(lambda: len(frames.got) >= len(sent), what="all messages")
        assert [payload for _, payload, _ in frames.got] == sent


def test_a_killed_broker_comes_back_and_clients_too(peers):
    with running() as (port, child):
        frames = peers(port, "neonat/1/+/frames")
        bed = peers(port)
        for times in (2, 3):
            os.kill(child.process.pid, signal.SIGKILL)
            frames.up(times)
            bed.up(times)
            bed.send("neonat/1/bed/frames", b"again %d" % times)
            wait_for(lambda n=times: len(frames.got) >= n - 1, what="a message after the restart")
        assert [payload for _, payload, _ in frames.got] == [b"again 2", b"again 3"]


def test_only_users_get_in(peers, tmp_path):
    path = tmp_path / "users"
    path.write_text('# who may\nbed:a "quoted" päss:word\\\n\nother:x\n', encoding="utf-8")
    users = users_of(str(path))
    with running(users) as (port, _):
        watch = peers(port, "t", user="bed", password='a "quoted" päss:word\\')
        for user, password in (("", ""), ("bed", "wrong"), ("nobody", "x")):
            stranger = Peer(port, user=user, password=password)
            stranger.client.publish("t", b"stranger", qos=1)
            watch.send("t", b"mine")
            stranger.close()
            assert stranger.ready == 0
        wait_for(lambda: len(watch.got) == 3, what="my messages")
        assert {payload for _, payload, _ in watch.got} == {b"mine"}


def test_a_broker_that_others_reach_needs_users_or_a_word():
    port = free_port()
    with pytest.raises(BrokerError, match="--broker-users"):
        check("0.0.0.0", port, {})
    check("0.0.0.0", port, {}, open_to_all=True)
    check("0.0.0.0", port, {"user": "password"})


def test_a_taken_port_is_one_clear_line(peers):
    with running() as (port, _), pytest.raises(BrokerError, match=rf"{port} .*--broker-listen"):
        check(HOST, port, {})


@pytest.mark.parametrize("text", ["", "# nothing\n", "user\n", "user:\n", ":password\n"])
def test_a_bad_file_of_users_is_one_clear_line(tmp_path, text):
    path = tmp_path / "users"
    path.write_text(text)
    with pytest.raises(BrokerError, match="USER:PASSWORD"):
        users_of(str(path))
    with pytest.raises(BrokerError, match="no-such"):
        users_of(str(tmp_path / "no-such"))


def test_no_password_in_argument_lists_and_no_file_left():
    before = set(os.listdir("/tmp"))
    with running({"bed": "very-secret"}) as (_, child):
        with open(f"/proc/{child.process.pid}/cmdline", "rb") as file:
            assert b"very-secret" not in file.read()
        assert "very-secret" not in repr(child)
        left = set(os.listdir("/tmp")) - before
        assert not [name for name in left if name.startswith("neonat-broker")]


def test_the_address_of_ipv6_is_bracketed():
    assert 'listen = "[::1]:1883"' in config("::1", 1883, {})


def test_children_end_with_a_killed_parent(tmp_path):
    port = free_port()
    script = (
        "import sys, threading\n"
        "from neonat.broker import command, environment\n"
        "from neonat.cli.serve import accepts\n"
        "from neonat.supervisor import Child, Supervisor\n"
        f"child = Child('broker', command(), environment('{HOST}', {port}, {{}}),"
        f" accepts('{HOST}', {port}))\n"
        "supervisor = Supervisor([child], threading.Event())\n"
        "supervisor.start()\n"
        "print(child.process.pid, flush=True)\n"
        "supervisor.run()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not accepts(HOST, port)(), what="the broker's end")
    wait_for(lambda: not os.path.exists(f"/proc/{pid}") or _zombie(pid), what="the child's end")


def _zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_child_that_cannot_start_is_said_at_once():
    child = Child("bad", [sys.executable, "-c", "raise SystemExit(1)"], ready=lambda: False)
    with pytest.raises(ChildError, match="bad"):
        Supervisor([child], threading.Event()).start()


def test_children_end_in_reverse_order_and_by_force_when_needed(tmp_path):
    log = tmp_path / "log"
    polite = (
        "import signal, sys, time\n"
        f"def end(*_):\n open({str(log)!r}, 'a').write(sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"open({str(tmp_path)!r} + '/' + sys.argv[1], 'w')\n"
        "time.sleep(60)\n"
    )
    deaf = polite.replace("signal.SIGTERM, end", "signal.SIGTERM, signal.SIG_IGN")
    family = [
        Child("a", [sys.executable, "-c", polite, "a"], ready=(tmp_path / "a").exists),
        Child("b", [sys.executable, "-c", deaf, "b"], ready=(tmp_path / "b").exists),
        Child("c", [sys.executable, "-c", polite, "c"], ready=(tmp_path / "c").exists),
    ]
    stop = threading.Event()
    supervisor = Supervisor(family, stop)
    supervisor.start()
    stop.set()
    supervisor.run()
    assert log.read_text() == "ca"
    assert family[1].process.returncode == -signal.SIGKILL


def test_children_that_end_together_share_the_time(tmp_path):
    slow = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.8), sys.exit()))\n"
        f"open({str(tmp_path)!r} + '/' + sys.argv[1], 'w')\n"
        "time.sleep(60)\n"
    )
    family = [
        Child(name, [sys.executable, "-c", slow, name], ready=(tmp_path / name).exists,
              together=name != "a")
        for name in "abcdefgh"
    ]  # fmt: skip
    stop = threading.Event()
    supervisor = Supervisor(family, stop)
    supervisor.start()
    stop.set()
    supervisor.run()
    assert [child.process.returncode for child in family] == [0] * 8
