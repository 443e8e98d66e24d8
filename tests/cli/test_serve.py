"""`neonat serve`, `ingest`, `web` and `demo` as processes: what they print, how they end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from brokers import HOST, Broker
from gateways import Gateway
from waiting import free_port, wait_for


class Command:
    """A running `neonat` command; its stderr is in a file."""

    def __init__(self, folder: Path, *words: str, **environment: str) -> None:
        self._log = folder / f"{words[0]}-{time.monotonic_ns()}.log"
        with open(self._log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "neonat", *words],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, **environment},
                process_group=0,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def says(self, text: str) -> None:
        def said() -> bool:
            assert self.process.poll() is None, self.log
            return text in self.log

        wait_for(said, what=repr(text))

    def ends(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()


def refused(folder: Path, *words: str) -> tuple[int, str]:
    """Exit code and stderr of a command that is to fail at once."""
    done = subprocess.run(
        [sys.executable, "-m", "neonat", *words], cwd=folder, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == ""
    return done.returncode, done.stderr


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def children(pid: int) -> dict[str, int]:
    """The direct children of a process: the word of the command line that tells which -> pid.

    Where there are several, the argument that tells them apart follows the word.
    """
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if words[1:3] != ["-P", "-m"]:
            continue
        word = words[4] if words[3] == "neonat" else words[3]
        found[f"{word} {words[6]}" if word in found else word] = int(child)
    return found


class Server:
    def __init__(self, folder: Path, *more: str) -> None:
        self.http, self.mqtt = free_port(), free_port()
        self.command = Command(
            folder, "serve", "--db", f"sqlite:///{folder}/n.db", "--http", f"{HOST}:{self.http}",
            "--broker-listen", f"{HOST}:{self.mqtt}", *more,
        )  # fmt: skip
        self.command.says("Ctrl-C ends it")

    def healthy(self) -> bool:
        return get(self.http, "/healthz")[0] == 200


def nobody_listens(*ports: int) -> bool:
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return False
    return True


def test_every_line_of_a_log_in_json_is_json(tmp_path: Path) -> None:
    server = Server(tmp_path, "--log", "json")
    server.command.says("make the first administrator")
    assert server.command.ends() == 0
    lines = [json.loads(line) for line in server.command.log.splitlines()]
    assert {"neonat.serve", "neonat.web"} <= {line["logger"] for line in lines}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_takes_stores_shows_and_ends(tmp_path, number):
    server = Server(tmp_path)
    try:
        wait_for(server.healthy, what="health")
        gateway = Gateway(server.mqtt)
        gateway.send(*[gateway.line(seq) for seq in range(1, 51)])
        wait_for(lambda: len(gateway.acked) == 50, what="acknowledgements")
        rows = json.loads(get(server.http, "/api/v1/gateways")[1])
        assert "bed-1" in json.dumps(rows)
        gateway.close()
    finally:
        code = server.command.ends(number)
    assert code == 0
    wait_for(lambda: nobody_listens(server.http, server.mqtt), what="the ports' end")
    assert f"http://{HOST}:{server.http}/" in server.command.log
    assert "Traceback" not in server.command.log


def test_serve_starts_again_what_dies(tmp_path):
    server = Server(tmp_path)
    try:
        wait_for(server.healthy, what="health")
        gateway = Gateway(server.mqtt)
        for seq, victim in enumerate(("ingest", "web", "neonat.broker"), 1):
            before = children(server.command.process.pid)
            os.kill(before[victim], signal.SIGKILL)
            wait_for(
                lambda old=before: _others(children(server.command.process.pid), old),
                what=f"another {victim}",
            )
            wait_for(server.healthy, what="health again")
            wait_for(gateway.client.is_connected, what="the gateway's connection")
            gateway.resend_until_acked(seq)
        gateway.close()
    finally:
        assert server.command.ends() == 0
    assert server.command.log.count("ended (SIGKILL)") == 3


def _others(now: dict[str, int], before: dict[str, int]) -> bool:
    return now.keys() == before.keys() and now != before


def test_children_of_a_killed_server_end(tmp_path):
    server = Server(tmp_path)
    server.command.ends(signal.SIGKILL)
    wait_for(lambda: nobody_listens(server.http, server.mqtt), what="the children's end")


def test_passwords_are_in_no_argument_list_and_no_log(tmp_path):
    (tmp_path / "users").write_text("bed-1:s3cret\n")
    server = Server(tmp_path, "--broker-users", "users")
    try:
        wait_for(server.healthy, what="health")
        gateway = Gateway(server.mqtt, user="bed-1", password="s3cret")
        gateway.resend_until_acked(1)
        gateway.close()
        for pid in children(server.command.process.pid).values():
            assert b"s3cret" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    finally:
        assert server.command.ends() == 0
    assert "s3cret" not in server.command.log


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["serve"], 2, "--db"),
        (["serve", "--db", "sqlite:///n.db", "--http", "nonsense"], 2, "HOST:PORT"),
        (["serve", "--db", "sqlite:///no/such/n.db"], 1, "no/such"),
        (["serve", "--db", "mysql://x"], 1, "sqlite:///"),
        (["serve", "--db", "sqlite:///n.db", "--broker", "http://x"], 1, "mqtt://"),
        (["serve", "--db", "sqlite:///n.db", "--broker-listen", "0.0.0.0:{free}"], 1, "--broker-o"),
        (["serve", "--db", "sqlite:///n.db", "--broker-listen", "{taken}"], 1, "--broker-listen"),
        (["serve", "--db", "sqlite:///n.db", "--http", "{taken}"], 1, "--http"),
        (["serve", "--db", "sqlite:///n.db", "--broker-users", "none"], 1, "none"),
        (["ingest", "--db", "sqlite:///n.db"], 2, "--broker"),
        (["ingest", "--broker", "mqtt://x"], 2, "--db"),
        (["ingest", "--db", "sqlite:///text", "--broker", "mqtt://x"], 1, "text"),
        (["ingest", "--db", "sqlite:///n.db", "--broker", "mqtt://x:0"], 1, "port"),
        (["ingest", "--db", "sqlite:///n.db", "--broker", "mqtt://x", "--workers", "0"], 2, "work"),
        (["ingest", "--db", "sqlite:///n.db", "--broker", "mqtt://x", "--legacy-timezone", "Mars"],
         2, "Mars"),
        (["ingest", "--db", "sqlite:///n.db", "--broker", "mqtts://x", "--broker-ca", "no-ca"],
         1, "no-ca"),
        (["serve", "--db", "sqlite:///n.db", "--broker", "mqtts://x", "--broker-ca", "no-ca"],
         1, "no-ca"),
        (["ingest", "--db", "sqlite:///n.db", "--broker", "mqtt://a b"], 1, "mqtt://"),
        (["web", "--db", "sqlite:///text"], 1, "no database"),
        (["web", "--nonsense"], 2, "neonat --help"),
        (["nonsense"], 2, "neonat --help"),
        (["gateway", "--serial", "/dev/null", "--broker", "mqtt://x", "--spool", "s"],
         1, "no serial"),
        (["gateway", "--serial", "socket://x:1", "--broker", "mqtts://x", "--broker-ca", "text",
          "--spool", "s"], 1, "no certificate"),
        (["gateway", "--serial", "socket://x:99999", "--broker", "mqtt://x", "--spool", "s"],
         2, "socket://HOST:PORT"),
        (["web", "--db", "sqlite:///n.db", "--http", "{taken}"], 1, "--http"),
        (["web", "--db", "sqlite:///n.db", "--http", "0.0.0.0:{free}"], 1, "--http-open"),
        (["serve", "--db", "sqlite:///n.db", "--http", "0.0.0.0:{free}"], 1, "--http-open"),
        (["demo", "--http", "0.0.0.0:{free}"], 1, "--http-open"),
        (["demo", "--data", "text"], 1, "--data"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(tmp_path, words, code, says):
    (tmp_path / "text").write_text("this is no database\n" * 100)
    with socket.create_server((HOST, 0)) as server:
        where = {"{taken}": f"{HOST}:{server.getsockname()[1]}"}
        where["0.0.0.0:{free}"] = f"0.0.0.0:{free_port()}"
        words = [where.get(word, word) for word in words]
        if words[0] == "serve" and "--broker-listen" not in words:
            words += ["--broker-listen", f"{HOST}:{free_port()}"]
        if words[0] == "serve" and "--http" not in words:
            words += ["--http", f"{HOST}:{free_port()}"]
        found, text = refused(tmp_path, *words)
    assert found == code, text
    assert says in text
    assert len(text.splitlines()) == 1


def test_ingest_waits_for_a_broker_that_is_not_there_yet(tmp_path):
    broker = Broker("embedded", tmp_path)
    ingest = Command(tmp_path, "ingest", "--db", "sqlite:///n.db", NEONAT_BROKER=broker.url)
    try:
        ingest.says("trying again")
        broker.start()
        ingest.says("connected")
    finally:
        code = ingest.ends(signal.SIGINT)
        broker.kill()
    assert code == 0


@pytest.mark.slow
def test_demo_shows_its_incubators_and_ends_whole(tmp_path):
    demo = Command(tmp_path, "demo", "--data", "data")
    try:
        demo.says("Ctrl-C")
        address = re.search(r"http://127\.0\.0\.1:(\d+)/", demo.log)
        assert address is not None
        http = int(address[1])
        latest = "/api/v1/gateways/demo/latest"
        wait_for(lambda: "skin_temperature" in get(http, latest)[1], what="live values")
        code, text = refused(tmp_path, "demo", "--data", "data")
        assert code == 1
        assert "another demo" in text
        assert len(text.splitlines()) == 1
        second = Command(tmp_path, "demo", "--data", "other", "--history", "1")
        second.says("Ctrl-C")
        assert second.ends(signal.SIGINT) == 0
        family = children(demo.process.pid)
        assert len(family) == 3 + 2 * 6
    finally:
        code = demo.ends(signal.SIGINT)
    assert code == 0
    wait_for(lambda: nobody_listens(http), what="the page's end")
    wait_for(lambda: not any(map(_alive, family.values())), what="the children's end")


def _alive(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")
