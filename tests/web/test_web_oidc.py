"""Signing in at a real, small OpenID Connect provider: code flow, PKCE, signed tokens."""

import base64
import hashlib
import http.client
import http.server
import json
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from neonat.cli.http import oidc_of
from neonat.cli.output import CommandError
from neonat.store import people
from neonat.web.options import OidcSettings
from web.parts import Site, Ward

CLIENT, SECRET = "neonat", "between us"


class Provider:
    """Discovery, keys, authorisation and tokens; `claims` is who signs in there."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self.claims: dict[str, Any] = {"sub": "17", "preferred_username": "anna"}
        # What a wrong provider puts into its tokens.
        self.wrong: dict[str, Any] = {}
        self.signs_with = self.key
        self.codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                provider.get(self, parts.path, query)

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                form = parse_qs(self.rfile.read(size).decode())
                provider.token(self, {key: values[0] for key, values in form.items()})

            def log_message(self, *words: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, request: Any, path: str, query: dict[str, str]) -> None:
        if path == "/.well-known/openid-configuration":
            found = {
                "issuer": self.url,
                "authorization_endpoint": self.url + "/authorize",
                "token_endpoint": self.url + "/token",
                "jwks_uri": self.url + "/keys",
            }
            self.json(request, 200, found)
        elif path == "/keys":
            self.json(request, 200, KeySet([self.key]).as_dict(private=False))
        else:
            assert query["response_type"] == "code" and query["code_challenge_method"] == "S256"
            assert query["client_id"] == CLIENT and "openid" in query["scope"].split()
            code = secrets.token_urlsafe(8)
            self.codes[code] = query
            back = query["redirect_uri"] + "?" + urlencode({"code": code, "state": query["state"]})
            request.send_response(302)
            request.send_header("Location", back)
            request.end_headers()

    def token(self, request: Any, form: dict[str, str]) -> None:
        """Codes are good once, for who has the verifier and the secret."""
        asked = self.codes.pop(form["code"], None)
        basic = request.headers.get("authorization", "").removeprefix("Basic ")
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(form["code_verifier"].encode()).digest()
        ).decode()
        right = (
            asked is not None
            and base64.b64decode(basic).decode() == f"{CLIENT}:{SECRET}".replace(" ", "%20")
        ) or base64.b64decode(basic).decode() == f"{CLIENT}:{SECRET}"
        if asked is None or not right or challenge.rstrip("=") != asked["code_challenge"]:
            self.json(request, 400, {"error": "invalid_grant"})
            return
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **self.claims,
            **self.wrong,
        }
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signs_with)
        answer = {"access_token": "x", "token_type": "Bearer", "id_token": signed}
        self.json(request, 200, answer)

    def json(self, request: Any, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def signer() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@pytest.fixture
def provider(signer: Provider) -> Provider:
    signer.claims = {"sub": "17", "preferred_username": "anna"}
    signer.wrong = {}
    signer.signs_with = signer.key
    return signer


@pytest.fixture
def hospital(ward: Ward, provider: Provider) -> Iterator[Site]:
    ward.health()
    settings = OidcSettings(
        provider.url,
        CLIENT,
        SECRET,
        role_claim="groups",
        roles={"view": "nurses", "administer": "engineers"},
    )
    site = Site(ward.url, sign_in="always", oidc=settings)
    yield site
    site.stop()


def get(url: str, cookie: str = "") -> http.client.HTTPResponse:
    """One request, redirects not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    headers = {"Cookie": cookie} if cookie else {}
    connection.request(
        "GET", f"{parts.path}?{parts.query}" if parts.query else parts.path, None, headers
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def sign_in(site: Site) -> tuple[http.client.HTTPResponse, str]:
    """There and back, as a browser does; the last answer, and its session cookie."""
    away = get(f"{site.address}sign-in/oidc")
    assert away.status == 303
    state = away.headers["set-cookie"].partition(";")[0]
    assert "httponly" in away.headers["set-cookie"].lower()
    assert "samesite=lax" in away.headers["set-cookie"].lower()
    there = get(away.headers["location"])
    back = get(there.headers["location"], state)
    cookies = [value.partition(";")[0] for value in back.headers.get_all("set-cookie") or []]
    return back, next((one for one in cookies if one.startswith("neonat=")), "")


def who(site: Site, cookie: str) -> dict[str, Any]:
    _, body = site.request("/api/v1/me", headers={"Cookie": cookie})
    return json.loads(body)


def test_a_new_person_has_no_role_and_sees_nothing(hospital: Site) -> None:
    assert hospital.json("/api/v1/me")["sign_in"]["oidc"] == {
        "title": "OpenID Connect",
        "href": "/sign-in/oidc",
    }
    back, cookie = sign_in(hospital)
    assert (back.status, back.headers["location"]) == (303, "/")
    said = who(hospital, cookie)
    assert (said["user"], said["role"], said["roles"]) == ("anna", None, [])
    assert hospital.request("/api/v1/ward", headers={"Cookie": cookie})[0].status == 403


def test_groups_give_roles_and_take_them(hospital: Site, provider: Provider) -> None:
    provider.claims["groups"] = ["nurses"]
    assert who(hospital, sign_in(hospital)[1])["role"] == "view"
    provider.claims["groups"] = ["nurses", "engineers"]
    assert who(hospital, sign_in(hospital)[1])["role"] == "administer"


def test_a_name_alone_makes_nobody_somebody_else(
    hospital: Site, provider: Provider, ward: Ward
) -> None:
    ward.store.change(lambda base: people.add(base, "anna", "administer", 0, "hash"))
    said = who(hospital, sign_in(hospital)[1])
    assert (said["user"], said["role"]) == ("anna-2", None)
    provider.claims["preferred_username"] = "an other/name"
    assert who(hospital, sign_in(hospital)[1])["user"] == "anna-2", "the subject is the person"
    provider.claims["sub"] = "18"
    assert who(hospital, sign_in(hospital)[1])["user"] == "an-other-name"


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"iss": "http://another"},
        {"exp": 1},
        {"sub": None},
        {},
    ],
)
def test_a_token_that_is_not_right_lets_nobody_in(
    hospital: Site, provider: Provider, wrong: dict[str, Any]
) -> None:
    provider.wrong = wrong
    if not wrong:
        provider.signs_with = RSAKey.generate_key(2048, {"kid": "1"})
    back, cookie = sign_in(hospital)
    assert back.headers["location"] == "/#sign-in-failed=provider" and not cookie


def test_who_did_not_begin_here_does_not_come_in(hospital: Site, provider: Provider) -> None:
    away = get(f"{hospital.address}sign-in/oidc")
    there = get(away.headers["location"])
    for cookie in ("", "neonat-sign-in=another"):
        back = get(there.headers["location"], cookie)
        assert back.headers["location"] == "/#sign-in-failed=state"
    state = away.headers["set-cookie"].partition(";")[0]
    refused = f"{hospital.address}sign-in/oidc/callback?error=access_denied&state="
    back = get(refused + state.partition("=")[2], state)
    assert back.headers["location"] == "/#sign-in-failed=refused"


def test_a_provider_that_is_away(ward: Ward) -> None:
    site = Site(ward.url, oidc=OidcSettings("http://127.0.0.1:9", CLIENT, SECRET))
    try:
        away = get(f"{site.address}sign-in/oidc")
        assert away.headers["location"] == "/#sign-in-failed=provider"
        assert get(f"{site.address}sign-in/oidc?next=//evil").status == 400
    finally:
        site.stop()


def test_without_a_provider_there_is_no_such_page(site: Site) -> None:
    assert site.request("/sign-in/oidc")[0].status == 404


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("issuer = 'https://x'\nclient_id = 'a'\n", "client_secret"),
        ("issuer = 'https://x'\nclient_id = 'a'\nclient_secret = 'b'\nfoo = 1\n", "foo"),
        ("issuer = 1\nclient_id = 'a'\nclient_secret = 'b'\n", "issuer"),
        (
            "issuer = 'https://x'\nclient_id = 'a'\nclient_secret = 'b'\n[roles]\nboss = 'x'\n",
            "roles",
        ),
        ("nonsense", "cannot read"),
    ],
)
def test_a_file_that_describes_no_provider(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "oidc.toml"
    file.write_text(text)
    with pytest.raises(CommandError, match=words):
        oidc_of(str(file))


def test_a_file_that_describes_one(tmp_path: Path) -> None:
    file = tmp_path / "oidc.toml"
    file.write_text(
        "issuer = 'https://sso.example'\nclient_id = 'neonat'\nclient_secret = 'x'\n"
        "title = 'Hospital'\nrole_claim = 'groups'\n[roles]\nview = 'nurses'\n"
    )
    found = oidc_of(str(file))
    assert found.title == "Hospital" and found.roles == {"view": "nurses"}
    assert "client_secret" not in repr(found)
