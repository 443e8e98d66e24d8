"""neonat init and neonat doctor: a real Mosquitto runs with the files that were written."""

import contextlib
import json
import os
import shutil
import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from brokers import HOST, MOSQUITTO
from neonat.cli import main as cli
from neonat.cli.serve import accepts
from neonat.deploy import certificates, deployment
from neonat.deploy.doctor import environment
from waiting import free_port, wait_for

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed")
NEONAT = [sys.executable, "-m", "neonat"]
BEDS = ("bed-1", "bed-2")


def ports() -> int:
    """A port that is free, and the one behind it too."""

    def pair() -> int:
        port = free_port()
        with contextlib.suppress(OSError):
            import socket

            with socket.create_server((HOST, port + 1)):
                return port
        return 0

    return wait_for(pair, what="two free ports")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("deploy") / "ward"
    words = ["init", str(folder), "--host", "localhost", "--host", "ward.example"]
    words += [word for bed in BEDS for word in ("--gateway", bed)]
    words += ["--port", str(ports()), "--http", f"{HOST}:{free_port()}"]
    assert cli.main(words) == 0
    return folder


class Broker:
    """Mosquitto with the written configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts = deployment.load(str(folder))
        self._config = folder / "mosquitto/mosquitto.conf"
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "Broker":
        log = open(self.folder / "mosquitto.log", "ab")
        self._process = subprocess.Popen([str(MOSQUITTO), "-c", str(self._config)], stderr=log)
        wait_for(accepts(HOST, self.facts.server_port), what="Mosquitto's second listener")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)

    def reload(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)


class Peer:
    """A client on the gateways' listener, or with a certificate on the server's."""

    def __init__(self, broker: Broker, name: str, password: str | None = None) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.answer: list[str] = []
        self.subscribed = 0
        client = self._client = Client(CallbackAPIVersion.VERSION2)
        context = ssl.create_default_context(cafile=str(broker.folder / "tls/ca.pem"))
        port = broker.facts.gateway_port
        if password is None:
            tls = broker.folder / "tls"
            context.load_cert_chain(tls / f"{name}.pem", tls / f"{name}.key")
            port = broker.facts.server_port
        else:
            client.username_pw_set(name, password)
        client.tls_set_context(context)
        client.on_connect = lambda _c, _u, _f, code, _p: self.answer.append(str(code))
        client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload))
        client.on_subscribe = self._counted
        client.connect("localhost", port)
        client.loop_start()
        wait_for(lambda: self.answer, what=f"{name}'s login")

    def _counted(self, *_: Any) -> None:
        self.subscribed += 1

    def subscribe(self, *topics: str) -> "Peer":
        before = self.subscribed
        self._client.subscribe([(topic, 1) for topic in topics])
        wait_for(lambda: self.subscribed > before, what="the subscription")
        return self

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(20)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def login(folder: Path, bed: str) -> str:
    return environment(folder / f"gateways/{bed}.env")["NEONAT_BROKER_PASSWORD"]


def test_no_secret_is_for_others(written: Path) -> None:
    public = {"ca.pem", "server.pem", "deployment.json", "README.txt", "mosquitto.conf"}
    for path in written.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_dir():
            assert mode == 0o700, path
        elif path.suffix in (".key", ".env", ".password") or path.name in (
            "passwords",
            "database-password",
        ):
            assert mode == 0o600, path
        else:
            text = path.read_text()
            assert "PRIVATE KEY" not in text, path
            assert all(login(written, bed) not in text for bed in BEDS), path
    assert {path.name for path in written.rglob("*")} >= public
    hashed = (written / "mosquitto/passwords").read_text()
    assert all(login(written, bed) not in hashed for bed in BEDS)


def test_nothing_is_overwritten(written: Path, capsys) -> None:
    before = (written / "tls/ca.pem").read_bytes()
    assert cli.main(["init", str(written)]) == 1
    assert "nothing is overwritten" in capsys.readouterr().err
    assert (written / "tls/ca.pem").read_bytes() == before
    assert [path.name for path in written.parent.iterdir()] == ["ward"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--host", "no host"], 1, "no name or address"),
        (["--gateway", "bed 1"], 1, "no gateway's name"),
        (["--gateway", "neonat-ingest"], 1, "name of the server"),
        (["--gateway", "a", "--gateway", "a"], 1, "named twice"),
        (["--http", "0.0.0.0:80"], 1, "loopback"),
        (["--port", "0"], 2, "--port"),
        (["--topic-prefix", "a/#"], 2, "--topic-prefix"),
        (["--db", "sqlite:///relative.db"], 1, "from the root"),
        (["--db", "mysql://x"], 1, "not the URL"),
        (["--add", "b"], 1, "is no deployment"),
    ],
)
def test_what_cannot_be_written_is_one_line(words, code, says, tmp_path: Path, capsys) -> None:
    assert cli.main(["init", str(tmp_path / "new"), *words]) == code
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_database_password_is_in_the_environment_file_only(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    url = "postgresql://neonat:s3cr3t-word@db.example/neonat"
    assert cli.main(["init", str(folder), "--db", url]) == 0
    holders = [
        path for path in folder.rglob("*") if path.is_file() and "s3cr3t" in path.read_text()
    ]
    assert holders == [folder / "neonat.env"]
    assert deployment.load(str(folder)).database == "postgresql://db.example/neonat"


@needs_mosquitto
def test_a_gateway_reaches_its_own_topics_and_nothing_else(written: Path) -> None:
    with Broker(written) as broker, contextlib.ExitStack() as stack:

        def peer(name: str, password: str | None = None) -> Peer:
            found = Peer(broker, name, password)
            stack.callback(found.close)
            return found

        ingest = peer("neonat-ingest").subscribe("#")
        workers = [peer("neonat-ingest") for _ in range(2)]
        for worker in workers:
            worker.subscribe("$share/neonat/neonat/1/+/frames")
        desk = peer("neonat-desk").subscribe("#")
        one = peer("bed-1", login(written, "bed-1"))
        two = peer("bed-2", login(written, "bed-2"))
        assert one.answer == two.answer == ingest.answer == desk.answer == ["Success"]
        one.subscribe("#", "neonat/1/+/command", "neonat/1/bed-2/ack")
        levels = ("frames", "state", "reply", "ack", "command", "update", "other")
        for level in levels:
            for gateway in BEDS:
                two.publish(f"neonat/1/{gateway}/{level}", b"two")
                ingest.publish(f"neonat/1/{gateway}/{level}", b"ingest")
                desk.publish(f"neonat/1/{gateway}/{level}", b"desk")
        for topic in ("trame_complete", "$SYS/x", "anything"):
            two.publish(topic, b"two")
        desk.publish("neonat/1/bed-1/command", b"last")
        two.publish("neonat/1/bed-2/reply", b"last")
        wait_for(lambda: ("neonat/1/bed-1/command", b"last") in one.heard, what="the last command")
        wait_for(lambda: ("neonat/1/bed-2/reply", b"last") in desk.heard, what="the last reply")
        one.heard.remove(("neonat/1/bed-1/command", b"last"))
        assert set(one.heard) == {
            ("neonat/1/bed-1/ack", b"ingest"),
            ("neonat/1/bed-1/command", b"desk"),
            ("neonat/1/bed-1/update", b"desk"),
        }
        assert set(ingest.heard) == {
            ("neonat/1/bed-2/frames", b"two"),
            ("neonat/1/bed-2/state", b"two"),
        }
        assert set(desk.heard) == {
            ("neonat/1/bed-2/state", b"two"),
            ("neonat/1/bed-2/reply", b"two"),
            ("neonat/1/bed-2/reply", b"last"),
        }
        assert two.heard == []
        # Of several workers one gets each message.
        assert [one for worker in workers for one in worker.heard] == [
            ("neonat/1/bed-2/frames", b"two")
        ]
        stranger = peer("bed-1", "wrong")
        assert stranger.answer != ["Success"]
        with pytest.raises(ssl.SSLError):
            _without_certificate(broker)


def _without_certificate(broker: Broker) -> None:
    import socket

    context = ssl.create_default_context(cafile=str(broker.folder / "tls/ca.pem"))
    with socket.create_connection((HOST, broker.facts.server_port), 10) as plain:
        secure = context.wrap_socket(plain, server_hostname="localhost")
        secure.send(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
        secure.recv(1)


@contextlib.contextmanager
def program(folder: Path, *words: str, env: dict[str, str] | None = None) -> Iterator[None]:
    """A `neonat …` process, ended by SIGTERM."""
    settings = environment(folder / "neonat.env") if env is None else env
    with open(folder / f"{words[0]}.log", "ab") as log:
        process = subprocess.Popen(
            [*NEONAT, *words], env={**os.environ, **settings}, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def unit_words(folder: Path, name: str) -> list[str]:
    """The words of a unit's ExecStart behind the program's name."""
    text = (folder / f"systemd/neonat-{name}.service").read_text()
    line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    return line.split()[1:]


@needs_mosquitto
def test_the_chain_works_through_it_and_the_doctor_says_so(written, tmp_path, capsys) -> None:
    folder = written
    facts = deployment.load(str(folder))
    line = tmp_path / "line"
    assert cli.main(["doctor", str(folder)]) == 1
    sick = capsys.readouterr().out
    assert {row.split()[0] for row in sick.splitlines()} <= {"ok", "warn", "wrong"}
    assert "cannot reach the broker" in sick
    assert "there is no such file" in sick
    gateway_env = environment(folder / "gateways/bed-1.env")
    gateway = ["gateway", "--id", "bed-1", "--serial", str(line), "--spool", str(tmp_path / "s")]
    gateway += ["--baud", "38400", "--parity", "odd", "--broker-ca", str(folder / "tls/ca.pem")]
    gateway += ["--log", "json"]
    with (
        Broker(folder),
        program(folder, *unit_words(folder, "ingest")),
        program(folder, *unit_words(folder, "web")),
        program(folder, "simulate", "--pty", str(line)),
    ):
        wait_for(lambda: os.path.islink(line), what="the incubator's line")
        wait_for(accepts(HOST, int(facts.http.rpartition(":")[2])), what="the page")
        with program(folder, *gateway, env=gateway_env):

            def well() -> str:
                code = cli.main(["doctor", str(folder)])
                out = capsys.readouterr().out
                return out if code == 0 and "never heard of: bed-2:" in out else ""

            out = wait_for(well, 60, "a deployment without a fault")
    states = {tuple(row.split()[:2]) for row in out.splitlines()}
    assert ("ok", "broker") in states
    assert "ok     topic rules    a gateway reaches its own topics only" in out
    assert "ok     ingest         alive" in out
    assert ("ok", "page") in states
    lines = [json.loads(row) for row in (folder / "ingest.log").read_text().splitlines()]
    assert {"time", "level", "logger", "event", "message", "pid"} == set(lines[0])
    assert any(row["event"] == "broker %s: connected" for row in lines)
    spoken = [json.loads(row) for row in (folder / "gateway.log").read_text().splitlines()]
    assert set(spoken[0]) == set(lines[0])
    assert {row["event"] for row in spoken} >= {"line", "link"}


@needs_mosquitto
def test_the_doctor_finds_a_broker_without_rules(written: Path, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "ward"
    shutil.copytree(written, folder)
    facts = deployment.load(str(folder))
    for name in ("gateways", "servers"):
        (folder / f"mosquitto/{name}.acl").write_text("pattern readwrite #\n")
    config = folder / "mosquitto/mosquitto.conf"
    config.write_text(config.read_text().replace(str(written), str(folder)))
    with Broker(folder):
        assert cli.main(["doctor", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "wrong  topic rules    a gateway reaches what is not its own" in out
    assert facts.prefix in out


def test_the_doctor_finds_what_is_open_and_what_is_over(written, tmp_path, capsys) -> None:
    folder = tmp_path / "ward"
    shutil.copytree(written, folder)
    (folder / "neonat.env").chmod(0o644)
    ca = certificates.Pair(
        (folder / "tls/ca.pem").read_bytes(), (folder / "tls/ca.key").read_bytes()
    )
    (folder / "tls/server.pem").write_bytes(
        certificates.signed(ca, "x", ["localhost"], days=10).certificate
    )
    cli.main(["doctor", str(folder)])
    out = capsys.readouterr().out
    assert "wrong  permissions    others can read neonat.env: chmod 600" in out
    assert "wrong  certificates   tls/server.pem is not for ward.example" in out
    assert "warn   certificates   tls/server.pem ends on" in out
    assert cli.main(["init", str(folder), "--renew"]) == 0
    cli.main(["doctor", str(folder)])
    out = capsys.readouterr().out
    assert "ok     certificates" in out
    assert stat.S_IMODE((folder / "tls/server.key").stat().st_mode) == 0o600
    other = certificates.authority("another")
    (folder / "tls/ca.pem").write_bytes(other.certificate)
    cli.main(["doctor", str(folder)])
    assert "not signed by tls/ca.pem" in capsys.readouterr().out
    assert cli.main(["doctor", str(tmp_path / "nowhere")]) == 1
    assert "is no deployment" in capsys.readouterr().out


def _gone(path: Path) -> None:
    path.unlink()


def _emptied(path: Path) -> None:
    path.write_text("")


def _no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe=1\n")


def _lists(path: Path) -> None:
    path.write_text('{"hosts": "localhost", "gateways": [1]}')


@pytest.mark.parametrize(
    ("name", "breaks", "says"),
    [
        ("neonat.env", _gone, "cannot read"),
        ("neonat.env", _no_text, "it is no text"),
        ("neonat.env", _emptied, "does not say NEONAT_DB and NEONAT_BROKER: write there"),
        ("deployment.json", _lists, '"hosts" has to be a list of names'),
        ("mosquitto/passwords", _gone, "mosquitto/passwords: put it back"),
        ("tls/server.key", _gone, "tls/server.key: neonat init"),
        ("tls/ca.pem", _gone, "No such file or directory: put it back from a copy"),
        ("tls/neonat-doctor.password", _gone, "neonat-doctor.password: put it back"),
    ],
)
def test_the_doctor_says_what_is_missing(name, breaks, says, written, tmp_path, capsys) -> None:
    folder = tmp_path / "ward"
    shutil.copytree(written, folder)
    breaks(folder / name)
    assert cli.main(["doctor", str(folder)]) == 1
    out = capsys.readouterr().out
    assert any(row.startswith("wrong ") and says in row for row in out.splitlines()), out


@needs_mosquitto
def test_another_gateway_is_let_in_later(written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ward"
    shutil.copytree(written, folder)
    config = folder / "mosquitto/mosquitto.conf"
    config.write_text(config.read_text().replace(str(written), str(folder)))
    with Broker(folder) as broker:
        # Mosquitto listens before it knows what the signal means; whoever it lets in came later.
        Peer(broker, "bed-1", login(folder, "bed-1")).close()
        assert cli.main(["init", str(folder), "--add", "bed-3"]) == 0
        broker.reload()

        def enters() -> bool:
            peer = Peer(broker, "bed-3", login(folder, "bed-3"))
            peer.close()
            return peer.answer == ["Success"]

        wait_for(enters, 20, "bed-3's login")
    assert deployment.load(str(folder)).gateways == (*BEDS, "bed-3")
    assert cli.main(["init", str(folder), "--add", "bed-3"]) == 1


@pytest.mark.skipif(which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["broker", "ingest", "web", "gateway@"])
def test_systemd_takes_the_units(written: Path, name: str) -> None:
    path = written / f"systemd/neonat-{name}.service"
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True
    )
    complaints = [
        line for line in (done.stdout + done.stderr).splitlines() if path.name.split("@")[0] in line
    ]
    assert [line for line in complaints if "is not executable" not in line] == []


def test_the_compose_file_is_whole(written: Path) -> None:
    composed = yaml.safe_load((written / "compose/compose.yaml").read_text())
    services = composed["services"]
    assert set(services) == {"broker", "database", "ingest", "web"}
    for service in services.values():
        for port in service.get("ports", []):
            published = str(port).rpartition(":")[0]
            # The broker asks everybody for TLS and a password; all else is for this machine.
            assert published.startswith("127.0.0.1:") or service is services["broker"]
    used = json.dumps(composed).split("${")[1:]
    names = {word.partition("}")[0] for word in used}
    assert names <= set(environment(written / "compose/compose.env"))
    for name in composed["secrets"].values():
        assert (written / "compose" / name["file"]).is_file()
    for service in services.values():
        mounted = [str(one).split(":") for one in service.get("volumes", [])]
        for source, *_ in mounted:
            assert source in composed["volumes"] or (written / "compose" / source).exists()
        words = str(service.get("command", "")).split()
        for word in [word for word in words if word.startswith("/tls/")]:
            # A path of the container: under what is mounted there.
            assert (written / "tls" / word.removeprefix("/tls/")).is_file()
        if service["image"] == "neonat":
            # argparse ends the test with what is wrong where an option is not known.
            cli.parser().parse_args(words)


def test_the_alert_rules_ask_for_metrics_that_there_are(written: Path) -> None:
    rules = yaml.safe_load((written / "prometheus/alerts.yaml").read_text())["groups"][0]["rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 5
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["annotations"]["summary"]
    scrape = yaml.safe_load((written / "prometheus/scrape.yaml").read_text())
    assert scrape["scrape_configs"][0]["job_name"] == "neonat"
