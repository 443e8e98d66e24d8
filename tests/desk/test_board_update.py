"""An update onto a booted image, from the desk and from the page; forged ones are refused."""

import base64
import contextlib
import json
import threading
import time
from importlib.metadata import version

import pytest

from desk.test_board_image import broker, made, pytestmark  # noqa: F401
from desk.unix_board import UnixBoard
from gateway.bench_server import Server, incubator
from neonat.board import vault
from neonat.board.operator import BrokerOperator
from neonat.cli.main import main
from neonat.ingest.broker_url import broker_url
from waiting import wait_for
from web.parts import Site, Ward


def status(server):
    server.replies.clear()

    def asked():
        # What is asked while the board connects anew is lost.
        server.command({"id": "s", "command": "status"})
        time.sleep(0.5)
        return [reply for reply in server.replies if reply.get("id") == "s"]

    return wait_for(asked, what="the status")[0]


def slot(server):
    return status(server)["slot"]


@contextlib.contextmanager
def page(folder, port):
    """The page's server, with a database in which the gateway was seen and a way to the broker."""
    ward = Ward(folder / "page.db")
    ward.health()
    ward.usual("bed-1")
    asked = BrokerOperator(broker_url(f"mqtt://127.0.0.1:{port}"), "neonat/1", None)
    site = Site(ward.url, operator=asked)
    try:
        yield site
    finally:
        site.stop()
        ward.store.close()


def updated(site, bundle):
    """What became of an update that the page was asked for."""
    path = "/api/v1/gateways/bed-1/actions"
    headers = {"X-CSRF-Token": site.json("/api/v1/me")["csrf"]}
    body = {"action": "update", "bundle": base64.b64encode(bundle).decode()}
    answer, said = site.request(path, "POST", headers, body)
    assert answer.status == 202, said
    number = json.loads(said)["id"]

    def over():
        newest = site.json(path)["actions"][0]
        return newest if newest["id"] == number and newest["ended_at"] else None

    return wait_for(over, 180, "the end of the update")


@pytest.mark.slow
def test_an_update_is_confirmed_and_a_forged_one_refused(tmp_path, broker, made, capfd):  # noqa: F811
    server = Server(broker.port)
    stop = threading.Event()
    secrets = str(tmp_path / "board-secrets.json")
    words = ["board", "update", "bed-1", "--broker", f"mqtt://127.0.0.1:{broker.port}"]
    try:
        with incubator(tmp_path) as line, UnixBoard(tmp_path, made, line) as board:

            def tend():
                while not stop.wait(0.1):
                    board.tend()

            threading.Thread(target=tend, daemon=True).start()
            wait_for(lambda: len(server.frames()) > 3, what="frames")
            found = status(server)
            before = found["slot"]
            assert found["state"]["version"] == version("neonat")
            code = main([*words, "--secrets", secrets])
            assert code == 0, capfd.readouterr().err + board.text()
            after = slot(server)
            assert after != before
            bundle = tmp_path / "bundle"
            packed = [*words, "--secrets", secrets, "--version", "9.9-page", "--out", str(bundle)]
            assert main(packed) == 0
            with page(tmp_path, broker.port) as site:
                done = updated(site, bundle.read_bytes())
                assert (done["state"], done["error"]) == ("done", None), board.text()
                found = status(server)
                assert found["slot"] not in (before, after)
                assert found["state"]["version"] == "9.9-page"
                assert "!boot reason=update trial=update version=9.9-page" in "".join(server.data())
                # The same again is no update: a bundle is taken once.
                refused = updated(site, bundle.read_bytes())
                assert refused["state"] == "refused" and refused["error"]

                def entries():
                    return site.json("/api/v1/audit-trail?gateway=bed-1")["entries"]

                told = ["refused", "asked", "done", "asked"]
                # An action is over a moment before the trail says so.
                wait_for(lambda: [one["outcome"] for one in entries()] == told, what="the trail")
                assert {one["details"]["version"] for one in entries()} == {"9.9-page"}
            vault.keep(secrets, {"bed-1": {"update_key": "00" * 32}})
            assert main([*words, "--secrets", secrets]) == 1
            assert "authentic" in capfd.readouterr().err
            count = len(server.frames())
            wait_for(lambda: len(server.frames()) > count, what="frames after the refusal")
            stop.set()
    finally:
        stop.set()
        server.close()
    assert not server.conflicts
