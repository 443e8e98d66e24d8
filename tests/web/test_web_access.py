"""Signing in, roles, tokens, throttling: on a real server with real hashes."""

import http.client
import json
import re
from collections.abc import Iterator
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import pytest

from databases import Database
from neonat.store import people
from neonat.web.access import passwords
from neonat.web.access.throttle import ADDRESS_FREE, PAIR_FREE, WAIT_MAX_S, Throttle
from neonat.web.api import access
from neonat.web.first import offer_link
from neonat.web.language import language_of
from web.parts import Site, Ward, now_ms

PASSWORD = "a long enough secret"
VIEWS = ("/api/v1/ward", "/api/v1/gateways", "/api/v1/alarms", "/metrics", "/api/v1/stream")


class Browser:
    """Keeps a cookie and the token of the page."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cookie = ""
        self.csrf = ""
        self.token = ""

    def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, Any]:
        given = {"Cookie": self.cookie, "X-CSRF-Token": self.csrf, **headers}
        if self.token:
            given = {"Authorization": f"Bearer {self.token}"}
        answer, data = self.site.request(path, method, given, body)
        for value in answer.headers.get_all("set-cookie") or []:
            self.cookie = value.partition(";")[0]
        said = json.loads(data) if data and "json" in answer.headers["content-type"] else data
        if answer.status == 200 and isinstance(said, dict) and said.get("csrf"):
            self.csrf = said["csrf"]
        return answer, said

    def status(self, method: str, path: str, body: Any = None) -> int:
        return self.send(method, path, body)[0].status

    def sign_in(self, user: str, password: str = PASSWORD) -> int:
        return self.status("POST", "/api/v1/sign-in", {"user": user, "password": password})


@cache
def kept() -> str:
    """A hash takes its time: one for all."""
    return passwords.hashed(PASSWORD)


def user(ward: Ward, name: str, role: str | None) -> None:
    """As `neonat user add` does it."""
    ward.store.change(partial(people.add, name=name, role=role, at=now_ms(), password=kept()))


@pytest.fixture
def locked(ward: Ward) -> Iterator[Site]:
    """A server where one has to sign in, with a user of each role and one of none."""
    ward.usual("bed-1")
    for name, role in (("vera", "view"), ("otto", "operate"), ("ada", "administer"), ("nil", None)):
        user(ward, name, role)
    with ward.reporting():
        made = Site(ward.url, sign_in="always")
        yield made
        made.stop()


def test_nobody_sees_anything_without_signing_in(locked: Site) -> None:
    for path in VIEWS:
        answer, body = locked.request(path)
        assert answer.status == 401, path
        assert json.loads(body)["type"] == "urn:neonat:problem:sign-in-needed"
    said = locked.json("/api/v1/me")
    assert said["user"] is None and said["roles"] == [] and said["sign_in"]["required"] is True
    for path in ("/", "/healthz", "/api/v1/openapi.json"):
        assert locked.request(path)[0].status == 200, path


def test_a_session_by_cookie(locked: Site) -> None:
    browser = Browser(locked)
    assert browser.sign_in("vera", "the wrong secret") == 401
    assert browser.sign_in("nobody") == 401
    answer, said = browser.send("POST", "/api/v1/sign-in", {"user": "vera", "password": PASSWORD})
    assert answer.status == 200 and said["user"] == "vera" and said["roles"] == ["view"]
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    for path in VIEWS[:-1]:
        assert browser.status("GET", path) == 200, path
    assert browser.status("PUT", "/api/v1/layout", {"order": ["bed-1"]}) == 200
    kept = browser.cookie
    assert browser.status("POST", "/api/v1/sign-out") == 204
    browser.cookie = kept
    assert browser.status("GET", "/api/v1/ward") == 401


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("nil", (403, 403, 403, 403)),
        ("vera", (200, 403, 403, 403)),
        ("otto", (200, 201, 503, 403)),
        ("ada", (200, 201, 503, 200)),
    ],
)
def test_what_each_role_may(locked: Site, name: str, may: tuple[int, ...]) -> None:
    browser = Browser(locked)
    assert browser.sign_in(name) == 200
    asked = (
        browser.status("GET", "/api/v1/ward"),
        browser.status("POST", "/api/v1/assignments", {"gateway": "bed-1", "bed": "1"}),
        browser.status("POST", "/api/v1/gateways/bed-1/actions", {"action": "restart"}),
        browser.status("GET", "/api/v1/users"),
    )
    assert asked == may


def test_what_changes_something_needs_the_token_of_the_session(locked: Site) -> None:
    browser, other = Browser(locked), Browser(locked)
    browser.sign_in("otto")
    other.sign_in("otto")
    for csrf in ("", other.csrf, "ü"):
        answer, said = browser.send(
            "PUT", "/api/v1/layout", {"order": []}, **{"X-CSRF-Token": csrf}
        )
        assert (answer.status, said["type"]) == (403, "urn:neonat:problem:csrf")
    assert browser.status("PUT", "/api/v1/layout", {"order": []}) == 200
    answer, _ = browser.send("GET", "/api/v1/ward", **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403


def test_tokens_are_shown_once_kept_hashed_and_never_more_than_their_owner(
    locked: Site, ward: Ward
) -> None:
    browser = Browser(locked)
    browser.sign_in("otto")
    wanted = {"name": "Grafana", "role": "administer"}
    assert browser.status("POST", "/api/v1/tokens", wanted) == 403
    _, made = browser.send("POST", "/api/v1/tokens", {**wanted, "role": "operate", "days": 1})
    program = Browser(locked)
    program.token = made["token"]
    assert program.status("GET", "/api/v1/ward") == 200
    body = {"gateway": "bed-1", "room": "A"}
    assert program.status("POST", "/api/v1/assignments", body) == 201
    assert program.status("POST", "/api/v1/tokens", wanted) == 403
    assert "token" not in browser.send("GET", "/api/v1/tokens")[1]["tokens"][0]
    with open(ward.url.removeprefix("sqlite:///"), "rb") as file:
        assert made["token"].encode() not in file.read()
    # What the owner may not any more, the token may not either.
    ada = Browser(locked)
    ada.sign_in("ada")
    assert ada.status("PATCH", "/api/v1/users/otto", {"role": "view"}) == 200
    assert program.status("GET", "/api/v1/ward") == 200
    assert program.status("DELETE", "/api/v1/assignments/1") == 403
    assert ada.status("DELETE", f"/api/v1/tokens/{made['id']}") == 204
    assert program.status("GET", "/api/v1/ward") == 401
    program.token = "nt_" + "x" * 43
    assert program.status("GET", "/api/v1/ward") == 401


def test_a_form_of_another_page_signs_nobody_in(locked: Site) -> None:
    """What a browser sends for any page without asking first is no JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", locked.port, timeout=60)
    body = json.dumps({"user": "vera", "password": PASSWORD})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        connection.request("POST", "/api/v1/sign-in", body, {"Content-Type": kind})
        answer = connection.getresponse()
        assert answer.status == 400 and "set-cookie" not in answer.headers, kind
        answer.read()
    connection.close()


def test_users_are_managed_and_one_administrator_stays(locked: Site) -> None:
    ada, otto = Browser(locked), Browser(locked)
    ada.sign_in("ada")
    otto.sign_in("otto")
    new = {"user": "neu", "password": PASSWORD, "role": "view"}
    assert ada.status("POST", "/api/v1/users", new) == 201
    assert ada.send("POST", "/api/v1/users", new)[1]["type"] == "urn:neonat:problem:name-taken"
    weak = {**new, "user": "other", "password": "short"}
    assert ada.send("POST", "/api/v1/users", weak)[1]["type"] == "urn:neonat:problem:weak-password"
    assert ada.status("PATCH", "/api/v1/users/otto", {"disabled": True}) == 200
    assert otto.status("GET", "/api/v1/ward") == 401 and otto.sign_in("otto") == 401
    for method, body in (("DELETE", None), ("PATCH", {"role": "view"})):
        answer, said = ada.send(method, "/api/v1/users/ada", body)
        assert (answer.status, said["type"]) == (409, "urn:neonat:problem:last-administrator")
    assert ada.status("DELETE", "/api/v1/users/neu") == 204
    names = [one["user"] for one in ada.send("GET", "/api/v1/users")[1]["users"]]
    assert names == ["ada", "nil", "otto", "vera"]
    entries = ada.send("GET", "/api/v1/audit-trail?user=ada&limit=2")[1]
    assert [one["action"] for one in entries["entries"]] == ["remove-user", "change-user"]
    assert PASSWORD not in json.dumps(ada.send("GET", "/api/v1/audit-trail")[1])
    more = ada.send("GET", f"/api/v1/audit-trail?user=ada&limit=2&cursor={entries['next']}")[1]
    assert [one["action"] for one in more["entries"]] == ["add-user", "sign-in"]


def test_ones_own_password_and_language(locked: Site) -> None:
    here, there = Browser(locked), Browser(locked)
    here.sign_in("vera")
    there.sign_in("vera")
    change = {"password": "wrong", "new_password": "another long secret"}
    assert here.status("POST", "/api/v1/me/password", change) == 403
    change["password"] = PASSWORD
    assert here.status("POST", "/api/v1/me/password", change) == 204
    assert here.status("GET", "/api/v1/ward") == 200
    assert there.status("GET", "/api/v1/ward") == 401
    assert there.sign_in("vera") == 401 and there.sign_in("vera", "another long secret") == 200
    assert here.send("PATCH", "/api/v1/me", {"language": "fr"})[1]["language"] == "fr"
    assert here.send("GET", "/api/v1/users")[1]["title"] == "Non autorisé"
    assert here.status("PATCH", "/api/v1/me", {"language": "xx"}) == 400


def test_whoever_guesses_waits(locked: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # However slow this machine is, the wait is not over before the next try.
    monkeypatch.setattr(access, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    browser = Browser(locked)
    tries = [browser.sign_in("vera", "wrong") for _ in range(PAIR_FREE + 1)]
    assert tries == [401] * PAIR_FREE + [429]
    answer, said = browser.send("POST", "/api/v1/sign-in", {"user": "vera", "password": PASSWORD})
    assert answer.status == 429 and int(answer.headers["retry-after"]) >= 1
    assert said["type"] == "urn:neonat:problem:too-many-tries"
    assert Browser(locked).sign_in("otto") == 200


def test_the_wait_doubles_ends_and_is_forgotten() -> None:
    throttle = Throttle()
    waits = []
    now = 0.0
    for _ in range(30):
        throttle.failed("a", "here", now)
        waits.append(throttle.wait("a", "here", now))
    assert waits[PAIR_FREE - 2] == 0 and waits[PAIR_FREE - 1] == 1 and waits[PAIR_FREE] == 2
    assert waits[-1] == WAIT_MAX_S and sorted(waits) == waits
    assert throttle.wait("b", "here", now) > 0, "an address that guesses many names"
    assert throttle.wait("a", "there", now) == 0, "the owner of the name elsewhere"
    assert throttle.wait("a", "here", now + WAIT_MAX_S) == 0
    throttle.succeeded("a", "here")
    assert throttle.wait("a", "here", now) == throttle.wait("b", "here", now)
    assert len([wait for wait in waits if wait == 0]) < ADDRESS_FREE


def test_the_first_administrator_by_a_link_that_works_once(ward: Ward) -> None:
    ward.health()
    old = offer_link(ward.url, "http://127.0.0.1:1/") or ""
    link = offer_link(ward.url, "http://127.0.0.1:1/") or ""
    found = re.fullmatch(r"http://127\.0\.0\.1:1/#setup=(\S+)", link)
    assert found
    site = Site(ward.url, sign_in="always")
    try:
        browser = Browser(site)
        assert browser.send("GET", "/api/v1/me")[1]["sign_in"]["setup"] is True
        first = {"token": old.partition("=")[2], "user": "ada", "password": PASSWORD}
        answer, said = browser.send("POST", "/api/v1/setup", first)
        assert (answer.status, said["type"]) == (403, "urn:neonat:problem:wrong-link")
        first["token"] = found[1]
        answer, said = browser.send("POST", "/api/v1/setup", first)
        assert answer.status == 200 and said["role"] == "administer"
        assert said["sign_in"]["setup"] is False
        assert browser.status("GET", "/api/v1/users") == 200
        assert browser.status("POST", "/api/v1/setup", {**first, "user": "eve"}) == 403
        assert offer_link(ward.url, "http://127.0.0.1:1/") is None
    finally:
        site.stop()


def test_a_loopback_without_users_is_open_until_there_is_one(ward: Ward, site: Site) -> None:
    said = site.json("/api/v1/me")
    assert (said["user"], said["role"]) == (None, "administer")
    assert said["sign_in"]["required"] is False
    assert site.request("/api/v1/ward")[0].status == 200
    user(ward, "ada", "administer")
    site.stop()
    again = Site(ward.url)
    try:
        assert again.request("/api/v1/ward")[0].status == 401
        browser = Browser(again)
        assert browser.sign_in("ada") == 200 and browser.status("GET", "/api/v1/ward") == 200
    finally:
        again.stop()


def test_over_tls_the_cookie_is_for_tls_only(ward: Ward) -> None:
    ward.health()
    user(ward, "ada", "administer")
    site = Site(ward.url, sign_in="always", secure=True, public_url="https://ward.example")
    try:
        given = {"Host": "ward.example"}
        answer, _ = site.request(
            "/api/v1/sign-in", "POST", given, {"user": "ada", "password": PASSWORD}
        )
        assert answer.status == 200
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-neonat=") and "secure" in cookie.lower()
        assert "max-age" in answer.headers["strict-transport-security"]
        assert site.request("/", headers={"Host": "evil.example"})[0].status == 421
    finally:
        site.stop()


def test_people_in_both_databases(db: Database) -> None:
    """What no page shows: ends of sessions and tokens by time, and what goes with a person."""
    store = db.open()
    now = now_ms()
    ada = store.change(lambda base: people.add(base, "ada", "view", now, "hash", "iss|1"))
    with pytest.raises(people.TakenError):
        store.change(lambda base: people.add(base, "ada", "view", now))
    store.change(lambda base: people.begin_session(base, "k1", ada["id"], "c", now, now + 10))
    store.change(lambda base: people.add_token(base, "t1", "one", ada["id"], "view", now, now + 10))
    store.change(lambda base: people.add_token(base, "t2", "two", ada["id"], "view", now, None))

    def session(at: int, since: int = 0) -> Any:
        return store.read(lambda ask: people.session(ask, "k1", at, since))

    def token(key: str, at: int) -> Any:
        return store.read(lambda ask: people.token(ask, key, at))

    assert session(now)["name"] == "ada" and session(now)["csrf"] == "c"
    assert session(now + 10) is None and session(now, since=now) is None
    assert token("t1", now)["token_role"] == "view" and token("t1", now + 10) is None
    assert token("t2", now + 10**12)["name"] == "ada"
    store.change(lambda base: people.prolong(base, "k1", now + 20))
    assert session(now + 10) is not None
    assert store.change(lambda base: people.of_subject(base, "iss|1"))["name"] == "ada"
    store.change(lambda base: people.put_tile_order(base, ada["id"], ["b", "a"]))
    store.change(lambda base: people.put_tile_order(base, ada["id"], ["a", "b"]))
    assert store.read(lambda ask: people.tile_order(ask, ada["id"])) == ["a", "b"]
    store.change(lambda base: people.change(base, "ada", {"disabled": 1}))
    assert session(now) is None and token("t2", now) is None
    assert store.change(people.administrators) == 0
    assert store.change(lambda base: people.remove(base, "ada"))
    assert not store.read(people.any_person) and store.read(people.tokens) == []
    store.change(lambda base: people.offer_setup(base, "s", now + 10))
    assert store.read(lambda ask: people.setup_offered(ask, now))
    assert not store.change(lambda base: people.use_setup(base, "s", now + 10))
    assert store.change(lambda base: people.use_setup(base, "s", now))
    assert not store.change(lambda base: people.use_setup(base, "s", now))


@pytest.mark.parametrize(
    ("accepted", "own", "language"),
    [
        (None, None, "en"),
        ("fr", None, "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", None, "fr"),
        ("en;q=0.1, fr;q=0.2", None, "fr"),
        ("de,fr;q=0", None, "en"),
        ("fr;q=x", None, "en"),
        ("*", "fr", "fr"),
        ("fr", "en", "en"),
        (",;;q=", None, "en"),
    ],
)
def test_the_language_of_a_request(accepted: str | None, own: str | None, language: str) -> None:
    assert language_of(accepted, own) == language


@pytest.mark.parametrize(
    ("body", "user", "french"),
    [
        (
            {"user": "vera", "password": "wrong password"},
            None,
            "le nom ou le mot de passe est faux",
        ),
        ({"user": "neu", "password": "short", "role": None}, "ada", "au moins 10 caractères"),
        ({"user": "vera", "password": PASSWORD, "role": None}, "ada", "déjà un utilisateur vera"),
        ({"user": "neu", "password": PASSWORD, "role": 7}, "ada", "« role » "),
        ({"user": "", "password": PASSWORD, "role": None}, "ada", "« user » "),
        ({"user": "neu", "pass": PASSWORD}, "ada", "« password » manque"),
        ({"user": "neu", "password": PASSWORD, "role": None}, "otto", "le rôle « administrer »"),
    ],
)
def test_a_reader_of_french_is_told_why_in_french(
    locked: Site, body: dict[str, Any], user: str | None, french: str
) -> None:
    browser = Browser(locked)
    if user:
        browser.sign_in(user)
    path = "/api/v1/users" if user else "/api/v1/sign-in"
    said = browser.send("POST", path, body, **{"Accept-Language": "fr-FR,fr;q=0.9"})[1]
    assert french in said["detail"]
    assert french not in browser.send("POST", path, body)[1]["detail"]
