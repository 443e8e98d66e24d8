"""Actions on a real gateway through a real broker, and what the trail keeps of them."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brokers import Broker
from neonat.board import operator
from neonat.board.operator import BrokerOperator
from neonat.ingest.broker_url import broker_url
from neonat.update import new_key, pack
from system.chain import Program
from waiting import free_port, wait_for
from web.parts import Site, Ward

PATH = "/api/v1/gateways/bed-1/actions"


class Desk:
    """A page that acts on the gateway."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.csrf = site.json("/api/v1/me")["csrf"]

    def act(self, action: str, **more: Any) -> tuple[int, dict]:
        answer, body = self.site.request(
            PATH, "POST", {"X-CSRF-Token": self.csrf}, {"action": action, **more}
        )
        return answer.status, json.loads(body)

    def trail(self) -> list[tuple[str, str]]:
        """(action, outcome) of the gateway, the newest first."""
        found = self.site.json("/api/v1/audit-trail?gateway=bed-1")["entries"]
        return [(entry["action"], entry["outcome"]) for entry in found]


@pytest.fixture
def desk(ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    ward.health()
    ward.usual("bed-1")
    broker = Broker("embedded", tmp_path).start()
    line = f"socket://127.0.0.1:{free_port()}"
    words = ["gateway", "--id", "bed-1", "--serial", line, "--broker", broker.url]
    gateway = Program([*words, "--spool", str(tmp_path / "spool")], tmp_path / "log").start()
    asked = BrokerOperator(broker_url(broker.url), "neonat/1", None)
    try:
        with monkeypatch.context() as hurry:
            # Asked before it is there, it never answers.
            hurry.setattr(operator, "REPLY_S", 1.0)
            wait_for(lambda: asked.ask("bed-1", {"command": "ping"}), 120, "the gateway")
        site = Site(ward.url, operator=asked)
        try:
            yield Desk(site)
        finally:
            site.stop()
    finally:
        gateway.kill()
        broker.kill()


def test_a_gateway_does_what_it_is_asked_and_all_is_written_down(desk: Desk) -> None:
    status, said = desk.act("set-poll", plan={"24": 2000})
    assert (status, said["state"], said["error"]) == (200, "done", None)
    assert said["reply"]["plan"] == {"24": 2000} and said["ended_at"] >= said["asked_at"]
    status, said = desk.act("webrepl", minutes=5)
    assert (status, said["state"]) == (200, "refused") and "WebREPL" in said["error"]
    status, said = desk.act("restart")
    assert (status, said["state"]) == (200, "done")
    assert desk.trail() == [
        ("restart", "done"),
        ("restart", "asked"),
        ("webrepl", "refused"),
        ("webrepl", "asked"),
        ("set-poll", "done"),
        ("set-poll", "asked"),
    ]
    acted = desk.site.json(PATH)["actions"]
    assert [one["action"] for one in acted] == ["restart", "webrepl", "set-poll"]


def test_an_update_is_followed_to_its_end(desk: Desk) -> None:
    """A gateway on Linux does not take one: its word is the end."""
    bundle = pack({"a.py": b"pass"}, bytes.fromhex(new_key()), "9.9", 1)
    status, said = desk.act("update", bundle=base64.b64encode(bundle).decode())
    assert (status, said["ended_at"]) == (202, None)
    wait_for(lambda: desk.site.json(PATH)["actions"][0]["ended_at"], 60, "the end of the update")
    (ended,) = desk.site.json(PATH)["actions"]
    assert ended["id"] == said["id"] and ended["state"] == "refused" and ended["error"]
    wait_for(lambda: desk.trail() == [("update", "refused"), ("update", "asked")], 20, "the trail")


@pytest.mark.parametrize(
    ("action", "more", "words"),
    [
        ("set-poll", {}, "needs 'plan'"),
        ("set-poll", {"plan": {"xyz": 1}}, "'plan"),
        ("restart", {"minutes": 5}, "'minutes' does not belong"),
        ("webrepl", {"minutes": 61}, "'minutes'"),
        ("update", {"bundle": "?"}, "no base64"),
        ("update", {"bundle": "YWJj"}, "no bundle"),
        ("format", {}, "'action'"),
    ],
)
def test_what_no_gateway_is_asked(
    ward: Ward, action: str, more: dict[str, Any], words: str
) -> None:
    ward.usual("bed-1")
    nowhere = BrokerOperator(broker_url(f"mqtt://127.0.0.1:{free_port()}"), "neonat/1", None)
    site = Site(ward.url, operator=nowhere)
    try:
        status, said = Desk(site).act(action, **more)
        assert status == 400 and words in said["detail"]
        assert Desk(site).trail() == []
    finally:
        site.stop()


def test_without_a_broker_or_a_gateway_it_says_so(
    ward: Ward, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.usual("bed-1")
    status, said = Desk(site).act("restart")
    assert (status, said["type"]) == (503, "urn:neonat:problem:no-broker")
    broker = Broker("embedded", tmp_path).start()
    monkeypatch.setattr(operator, "REPLY_S", 1.0)
    other = Site(ward.url, operator=BrokerOperator(broker_url(broker.url), "neonat/1", None))
    try:
        desk = Desk(other)
        status, said = desk.act("restart")
        assert (status, said["state"]) == (200, "no_reply") and "does not answer" in said["error"]
        broker.kill()
        status, said = desk.act("restart")
        assert (status, said["type"]) == (503, "urn:neonat:problem:no-broker")
        assert desk.trail()[0] == ("restart", "no_broker")
        answer, _ = other.request(
            "/api/v1/gateways/nobody/actions",
            "POST",
            {"X-CSRF-Token": desk.csrf},
            {"action": "restart"},
        )
        assert answer.status == 404
    finally:
        broker.kill()
        other.stop()
