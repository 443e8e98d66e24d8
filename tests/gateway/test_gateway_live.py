"""The gateway as a process, under CPython and MicroPython, with a real line and broker."""

import os
import random
import shutil
import signal
import subprocess
import time

import pytest

import spools
from gateway.bench_server import MICROPYTHON, Broker, Server, gateway, incubator
from neonat.gateway import envelope
from waiting import free_port, wait_for

RUNTIMES = [
    pytest.param((), id="cpython"),
    pytest.param(
        ("--micropython",),
        id="micropython",
        marks=pytest.mark.skipif(not MICROPYTHON.exists(), reason="no micropython here"),
    ),
]


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    return request.param


@pytest.fixture
def broker(tmp_path):
    found = Broker(tmp_path)
    yield found
    found.kill()


@pytest.fixture
def server(broker):
    found = Server(broker.port)
    yield found
    found.close()


def whole(server) -> bool:
    """Whether every number of every boot is stored or named by a `!drop`."""
    rows = dict(server.rows)
    last: dict[int, int] = {}
    named = set()
    for (boot, seq), (_, data) in rows.items():
        last[boot] = max(seq, last.get(boot, 0))
        if data.startswith("!drop "):
            drop = {key: int(value) for key, value in envelope.parse_record(data)[1].items()}
            named |= {(drop["boot"], n) for n in range(drop["first"], drop["last"] + 1)}
    known = rows.keys() | named
    return all((boot, seq) in known for boot in last for seq in range(1, last[boot] + 1))


def records(server, word):
    return [
        envelope.parse_record(data)[1] for data in server.data() if data.startswith(f"!{word} ")
    ]


def emptied(server) -> bool:
    return bool(server.states) and server.states[-1].get("spool", {}).get("records") == 0


def test_frames_arrive_in_order_with_the_facts_around_them(tmp_path, broker, server, runtime):
    log = tmp_path / "sent.jsonl"
    with incubator(tmp_path, "--log", str(log)) as line:
        with gateway(tmp_path, broker.port, line, *runtime) as command:
            wait_for(lambda: len(server.frames()) > 20, what="frames")
            assert command.terminate() == 0
        wait_for(lambda: server.states[-1:] == [{"online": False}], what="the farewell")
        # What had not been sent by then waits in the spool for the next start.
        with gateway(tmp_path, broker.port, line, *runtime):
            wait_for(lambda: 2 in server.boots() and whole(server), what="what waited")
    assert server.data()[0].startswith("!boot reason=start version=")
    assert records(server, "link")[0]["device"] == "5700"
    assert records(server, "clock")[0]["source"] in ("rtc", "ntp")
    assert not server.refused
    assert not server.conflicts
    state = [state for state in server.states if state["online"]][-1]
    assert sorted(state) == sorted(
        [
            "online",
            "version",
            "boot",
            "uptime_s",
            "clock",
            "link",
            "line",
            "device",
            "spool",
            "errors",
            "heap_free",
        ]
    )
    stamps = [server.rows[key][0] for key in sorted(server.rows)]
    assert stamps == sorted(stamps)


def test_killed_again_and_again_nothing_is_lost_or_doubled(tmp_path, broker, server, runtime):
    chance = random.Random(7)
    with incubator(tmp_path) as line:
        for _ in range(4):
            command = gateway(tmp_path, broker.port, line, *runtime)
            before = len(server.rows)
            wait_for(lambda before=before: len(server.rows) > before + 3, what="records")
            time.sleep(chance.random())
            command.kill()
            wait_for(lambda: server.states[-1:] == [{"online": False}], what="the last will")
        server.acknowledging = False
        command = gateway(tmp_path, broker.port, line, *runtime)
        wait_for(lambda: 5 in server.boots(), what="the fifth boot")
        command.kill()
        server.acknowledging = True
        with gateway(tmp_path, broker.port, line, *runtime):
            wait_for(lambda: 6 in server.boots(), what="the sixth boot")
            wait_for(lambda: whole(server), what="the backlog")
    assert server.boots() == {1, 2, 3, 4, 5, 6}
    assert not server.conflicts


def test_after_an_outage_of_the_broker_the_newest_come_first(tmp_path, broker, server, runtime):
    with (
        incubator(tmp_path) as line,
        gateway(tmp_path, broker.port, line, *runtime) as command,
    ):
        command.text()
        wait_for(lambda: len(server.frames()) > 10, what="frames")
        server.command({"id": 1, "command": "set-poll", "plan": {"24": 0, "27": 0}})
        wait_for(lambda: server.replies, what="a reply")
        broker.kill()
        # What the dead broker had handed on is still read until the server sees its end.
        wait_for(lambda: not server.client.is_connected(), what="the server to see the outage")
        before = max(seq for _, seq in server.rows)
        arrived = len(server.order)
        spool = tmp_path / "spool"
        enough = 30_000
        wait_for(
            lambda: spools.size(spool) > enough,
            what="a backlog",
        )
        broker.start()
        wait_for(lambda: server.states[-1].get("uptime_s"), 150, "the gateway online again")

        def slowed():
            server.command({"id": 2, "command": "set-poll", "plan": {"24": 1000}})
            return any(reply["id"] == 2 for reply in server.replies)

        wait_for(slowed, what="the reply to a slower plan")
        wait_for(lambda: whole(server) and len(server.rows) > arrived + 300, what="the backlog")
        # The first message may begin with an older one that had not been acknowledged yet.
        assert max(seq for _, seq in server.order[arrived : arrived + 30]) > before + 100
    assert not server.refused
    assert not server.conflicts


def test_while_nobody_acknowledges_everything_is_kept(tmp_path, broker, server, runtime):
    server.acknowledging = False
    with incubator(tmp_path) as line, gateway(tmp_path, broker.port, line, *runtime):
        wait_for(lambda: len(server.frames()) > 8, what="frames")
        spool = tmp_path / "spool"
        wait_for(lambda: any("!boot" in data for *_, data in spools.records(spool)), what="!boot")
        first = server.rows.copy()
        server.acknowledging = True
        wait_for(lambda: len(server.rows) > len(first) + 12, what="live data again")
        wait_for(lambda: whole(server), what="no hole")
    assert not server.conflicts


def test_commands_are_answered_and_bad_ones_refused(tmp_path, broker, server, runtime):
    with incubator(tmp_path) as line, gateway(tmp_path, broker.port, line, *runtime) as command:
        wait_for(lambda: server.frames(), what="frames")

        def asked(payload):
            server.replies.clear()
            logins = 0

            def answered():
                nonlocal logins
                # What is asked while the gateway connects anew is lost.
                if command.text().count("broker: online") > logins:
                    logins = command.text().count("broker: online")
                    server.command(payload)
                return server.replies

            return wait_for(answered, what="a reply")[0]

        assert asked({"id": "a", "command": "ping"}) == {"id": "a", "command": "ping", "ok": True}
        status = asked({"id": 2, "command": "status"})
        assert status["ok"]
        assert status["state"]["online"]
        assert status["plan"]["24"] == 1000
        changed = asked({"id": 3, "command": "set-poll", "plan": {"24": 500}})
        assert changed["plan"] == {"24": 500}
        hostile = [
            b"",
            b"\xff\xfe",
            b"[",
            b"[" * 3000,
            b"[1]",
            b"null",
            b'{"command": "format"}',
            b'{"command": ["ping"], "id": {}}',
            b'{"command": "set-poll"}',
            b'{"command": "set-poll", "plan": {"24": -1}}',
            b'{"command": "set-poll", "plan": {"zz": 1}}',
            b'{"command": "set-poll", "plan": {"24": "1"}}',
            b'{"command": "set-poll", "plan": {"24": 1e999}}',
        ]
        for payload in hostile:
            reply = asked(payload)
            assert not reply["ok"], payload
            assert reply["error"]
        server.acknowledge([(1, 9, 3)])
        server.client.publish(
            "neonat/1/bed-1/ack", b"\x00\xffrubbish\n1 2\n-1 2 3\n9 1 99999999999"
        )
        assert asked({"id": "z", "command": "ping"})["ok"]
        assert asked({"id": 5, "command": "restart"})["ok"]
        wait_for(lambda: 2 in server.boots(), what="the next boot")
        wait_for(lambda: len(records(server, "boot")) == 2, what="its boot record")
    assert records(server, "boot")[1]["reason"] == "command"


def test_what_the_broker_kept_is_neither_an_acknowledgement_nor_a_command(
    tmp_path, broker, server, runtime
):
    server.acknowledging = False
    server.client.publish("neonat/1/bed-1/ack", "1 1 4294967295", qos=1, retain=True)
    server.client.publish(
        "neonat/1/bed-1/command", '{"id": "kept", "command": "restart"}', qos=1, retain=True
    )
    with incubator(tmp_path) as line, gateway(tmp_path, broker.port, line, *runtime):
        wait_for(lambda: len(server.frames()) > 3, what="frames")
        server.command({"id": "fresh", "command": "status"})
        wait_for(lambda: server.replies, what="a reply")
    assert [reply["id"] for reply in server.replies] == ["fresh"]
    assert server.replies[0]["state"]["spool"]["records"] > 3
    assert server.boots() == {1}


def test_a_line_that_vanishes_is_found_again(tmp_path, broker, server, runtime):
    def states():
        return [record["state"] for record in records(server, "link")]

    with incubator(tmp_path) as line:
        command = gateway(tmp_path, broker.port, line, *runtime)
        wait_for(states, what="the link")
    with command:
        # A busy machine may have been silent for long enough to count as down before.
        wait_for(lambda: states()[-1] == "down", what="the link to go down")
        downs = len(states())
        before = len(server.frames())
        with incubator(tmp_path):
            wait_for(lambda: len(server.frames()) > before + 5, what="frames again")
    assert states()[0] == "up"
    assert states()[downs] == "up"


def test_a_line_over_tcp(tmp_path, broker, server, runtime):
    from gateway.bench_server import Command

    port = free_port()
    line = f"socket://127.0.0.1:{port}"
    with gateway(tmp_path, broker.port, line, *runtime):
        wait_for(lambda: server.states, what="the gateway online without its line")
        with Command(tmp_path / "tcp.log", "simulate", "--tcp", f"127.0.0.1:{port}"):
            wait_for(lambda: len(server.frames()) > 10, what="frames")


def test_hostile_line_and_broker_away_at_the_start(tmp_path, runtime):
    port = free_port()
    noise = ("--fault", "flip=0.2", "--fault", "noise=0.5", "--fault", "checksum=0.2")
    with incubator(tmp_path, *noise) as line, gateway(tmp_path, port, line, *runtime) as command:
        wait_for(lambda: "link: up" in command.text(), what="the link")
        broker = Broker(tmp_path, port=port)
        server = Server(port)
        try:
            wait_for(lambda: len(server.frames()) > 15, what="frames")
            wait_for(lambda: records(server, "error"), what="errors")
            assert command.process.poll() is None
        finally:
            server.close()
            broker.kill()
    assert not server.refused


def certificates(directory) -> None:
    """An authority and a certificate of localhost signed by it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "2",
            "-subj",
            "/CN=test authority",
        ],
        cwd=directory,
        check=True,
        capture_output=True,
    )
    issue(directory, "localhost", "rsa:2048", "cert.pem", "key.pem")


def issue(directory, name, kind, cert, key, signer="ca", more="") -> None:
    """A certificate of `name`, signed by an authority, and its key."""
    (directory / "names").write_text(f"subjectAltName=DNS:{name}\n{more}")
    for line in (
        f"openssl req -newkey {kind} -nodes -keyout {key} -out request.pem -subj /CN={name}",
        f"openssl x509 -req -in request.pem -CA {signer}.pem -CAkey {signer}.key -CAcreateserial"
        f" -out {cert} -days 2 -extfile names",
    ):
        subprocess.run(line.split(), cwd=directory, check=True, capture_output=True)


def test_tls_with_user_and_password(tmp_path, runtime):
    certificates(tmp_path)
    (tmp_path / "users").write_text("bed:secret\n")
    subprocess.run(["mosquitto_passwd", "-U", str(tmp_path / "users")], check=True)
    os.chmod(tmp_path / "users", 0o644)
    os.chmod(tmp_path / "key.pem", 0o644)
    os.chmod(tmp_path, 0o755)
    port = free_port()
    settings = (
        f"certfile {tmp_path}/cert.pem\nkeyfile {tmp_path}/key.pem\nallow_anonymous false\n"
        f"password_file {tmp_path}/users\nuser root\n"
    )
    broker = Broker(tmp_path, settings)
    words = ("--broker-ca", str(tmp_path / "ca.pem"), *runtime)
    url = f"mqtts://bed@localhost:{broker.port}"
    try:
        with incubator(tmp_path) as line:
            with gateway(
                tmp_path, port, line, "--broker", url, *words, NEONAT_BROKER_PASSWORD="secret"
            ) as command:
                wait_for(lambda: "broker: online" in command.text(), what="login by TLS")
            with gateway(
                tmp_path, port, line, "--broker", url, *words, NEONAT_BROKER_PASSWORD="wrong"
            ) as command:
                assert command.process.wait(60) == 1
            text = command.text()
        assert "broker does not authorise" in text
        assert "secret" not in text
        assert "wrong" not in text
    finally:
        broker.kill()


@pytest.mark.parametrize("kind", ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256"])
def test_tls_with_a_certificate_of_the_gateway(tmp_path, runtime, kind):
    certificates(tmp_path)
    issue(tmp_path, "bed-1", kind, "bed.pem", "bed.key")
    os.chmod(tmp_path / "key.pem", 0o644)
    os.chmod(tmp_path, 0o755)
    (tmp_path / "rules").write_text("pattern readwrite neonat/1/%u/#\n")
    settings = (
        f"certfile {tmp_path}/cert.pem\nkeyfile {tmp_path}/key.pem\ncafile {tmp_path}/ca.pem\n"
        "require_certificate true\nuse_identity_as_username true\nuser root\n"
        f"acl_file {tmp_path}/rules\n"
    )
    broker = Broker(tmp_path, settings)
    url = f"mqtts://localhost:{broker.port}"
    words = ("--broker", url, "--broker-ca", str(tmp_path / "ca.pem"), *runtime)
    own = ("--broker-cert", str(tmp_path / "bed.pem"), "--broker-key", str(tmp_path / "bed.key"))
    try:
        with incubator(tmp_path) as line:
            with gateway(tmp_path, broker.port, line, *words) as command:
                wait_for(lambda: "broker: " in command.text(), what="the refusal")
                assert "online" not in command.text()
            with gateway(tmp_path, broker.port, line, *words, *own) as command:
                wait_for(lambda: "broker: online" in command.text(), what="login by certificate")
            # Half of it is wrong usage.
            with gateway(tmp_path, broker.port, line, *words, *own[:2]) as command:
                assert command.process.wait(60) in (1, 2)
                assert "go together" in command.text()
    finally:
        broker.kill()


def test_sigint_ends_it_cleanly_while_the_broker_is_away(tmp_path, runtime):
    with incubator(tmp_path) as line, gateway(tmp_path, free_port(), line, *runtime) as command:
        wait_for(lambda: "link: up" in command.text(), what="the link")
        command.process.send_signal(signal.SIGINT)
        assert command.process.wait(30) == 0


@pytest.mark.parametrize("baud", [38400, 19200])
def test_baud_and_parity_are_found(tmp_path, broker, server, baud):
    with (
        incubator(tmp_path, "--baud", str(baud), "--parity", "even") as line,
        gateway(tmp_path, broker.port, line),
    ):
        wait_for(lambda: records(server, "link"), what="the link")
        wait_for(
            lambda: {"baud": baud, "parity": "even"} in [s.get("line") for s in server.states[-1:]],
            what="the line in the state",
        )


def test_another_model_with_another_speed_is_found_and_remembered(
    tmp_path, broker, server, runtime
):
    def line_is(baud, parity):
        return {"baud": baud, "parity": parity} in [s.get("line") for s in server.states[-1:]]

    with incubator(tmp_path, "--baud", "38400", "--parity", "odd") as line:
        command = gateway(tmp_path, broker.port, line, *runtime)
        wait_for(lambda: records(server, "link"), what="the link")
        assert records(server, "link")[0]["device"] == "5700"
    other = ("--device", "isolette", "--baud", "9600", "--parity", "even")
    with incubator(tmp_path, *other), command:
        wait_for(lambda: records(server, "link")[-1].get("device") == "5701", what="the other")
        wait_for(lambda: line_is(9600, "even"), what="its line in the state")
        kept = tmp_path / "spool" / "line.json"
        wait_for(lambda: "9600" in kept.read_text(), what="what is remembered")
        command.terminate()
        seen = command.text().count("open, ")
        with gateway(tmp_path, broker.port, line, *runtime):
            wait_for(lambda: command.text().count("open, ") > seen, what="the next start")
        opens = [text for text in command.text().splitlines() if "open, " in text]
    assert opens[seen].endswith("9600 baud, parity even")


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no micropython here")
def test_a_killed_micropython_is_started_again(tmp_path, broker, server):
    with (
        incubator(tmp_path) as line,
        gateway(tmp_path, broker.port, line, "--micropython") as command,
    ):
        wait_for(lambda: records(server, "boot"), what="the first boot's record")
        wait_for(lambda: server.frames(), what="frames")
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(command.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        os.kill(int(found.stdout), signal.SIGKILL)
        wait_for(lambda: 2 in server.boots(), what="the second boot")
        wait_for(lambda: len(records(server, "boot")) == 2, what="its boot record")
    assert records(server, "boot")[1]["reason"] == "crash"
