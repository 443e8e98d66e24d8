"""`neonat web` and `neonat user`: who gets in, over TLS too, and how wrong words are told."""

import http.client
import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neonat.cli import main as cli
from neonat.deploy.certificates import authority, signed
from system.chain import Program
from waiting import free_port, wait_for
from web.parts import Ward

PASSWORD = "a long enough secret"


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path / "neonat.db")
    made.health()
    made.usual("bed-1")
    yield made
    made.store.close()


def user(ward: Ward, *words: str) -> int:
    action, *rest = words
    return cli.main(["user", action, *rest, "--db", ward.url])


def test_the_first_administrator_over_tls(ward: Ward, tmp_path: Path) -> None:
    """The link of the first start, a session in a cookie for TLS only, and no second link."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    ca = authority("a test")
    made = signed(ca, "page", ["127.0.0.1"])
    cert.write_bytes(made.certificate)
    key.write_bytes(made.key)
    port = free_port()
    words = ["web", "--db", ward.url, "--http", f"0.0.0.0:{port}"]
    words += ["--http-cert", str(cert), "--http-key", str(key)]
    log = tmp_path / "log"
    web = Program(words, log).start()
    try:
        link = wait_for(lambda: re.search(r"https://\S+/#setup=(\S+)", log.read_text()), what="it")
        trusted = ssl.create_default_context(cadata=ca.certificate.decode())

        def ask(method: str, path: str, body: Any = None, cookie: str = "") -> Any:
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=trusted)
            headers = {"Content-Type": "application/json", "Cookie": cookie}
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            answer.read()
            return answer

        assert ask("GET", "/api/v1/ward").status == 401
        first = {"token": link[1], "user": "ada", "password": PASSWORD}
        answer = ask("POST", "/api/v1/setup", first)
        assert answer.status == 200
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-neonat=") and "secure" in cookie.lower()
        assert ask("GET", "/api/v1/ward", cookie=cookie.partition(";")[0]).status == 200
    finally:
        web.kill()
    again = tmp_path / "again"
    web = Program(words, again).start()
    try:
        wait_for(lambda: _listens(port), what="the second start")
        assert "setup" not in again.read_text()
    finally:
        web.kill()


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--http", "0.0.0.0:1"], 1, "--http-cert"),
        (["--http-cert", "x.pem"], 2, "belong together"),
        (["--http-cert", "x.pem", "--http-key", "y.pem"], 1, "cannot read x.pem"),
        (["--http-cert", "{db}", "--http-key", "{db}"], 1, "no certificate"),
        (["--public-url", "https://ward.example/path"], 2, "--public-url"),
        (["--oidc", "nowhere.toml"], 1, "nowhere.toml"),
        (["--broker", "http://x"], 1, "mqtt://"),
    ],
)
def test_wrong_words_are_told(
    ward: Ward, capsys: Any, words: list[str], code: int, says: str
) -> None:
    file = ward.url.removeprefix("sqlite:///")
    words = [word.replace("{db}", file) for word in words]
    assert cli.main(["web", "--db", ward.url, *words]) == code
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1


def test_users_at_the_desk(ward: Ward, capsys: Any, tmp_path: Path, monkeypatch: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    given = ("--password-file", str(secret))
    assert user(ward, "add", "anna", "--role", "operate", *given) == 0
    assert user(ward, "add", "anna", *given) == 1
    assert "there is a user anna already" in capsys.readouterr().err
    assert user(ward, "add", "with blanks in it", *given) == 2
    assert user(ward, "role", "anna", "view") == 0
    assert user(ward, "token", "anna", "--role", "operate") == 1
    assert "has the role view" in capsys.readouterr().err
    assert user(ward, "token", "anna", "--name", "Grafana", "--days", "30") == 0
    assert re.fullmatch(r"nt_[\w-]{43}\n", capsys.readouterr().out)
    asked = iter([PASSWORD, "another"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(asked))
    assert user(ward, "password", "anna") == 1
    assert "not the same" in capsys.readouterr().err
    secret.write_text("short\n")
    assert user(ward, "password", "anna", *given) == 1
    assert "at least" in capsys.readouterr().err
    assert user(ward, "list") == 0
    assert re.search(r"anna +view +never", capsys.readouterr().out)
    assert user(ward, "remove", "anna") == 0
    for words in (("remove", "anna"), ("role", "anna", "none"), ("token", "anna")):
        assert user(ward, *words) == 1
        assert "there is no user anna" in capsys.readouterr().err
    assert cli.main(["user", "list", "--db", f"sqlite:///{tmp_path}/none.db"]) == 1
