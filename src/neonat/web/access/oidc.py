"""Signing in at a hospital's own OpenID Connect provider: code flow with PKCE (authlib)."""

import logging
import secrets
import time
from typing import Any, NamedTuple

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from neonat.web.access.identity import Identity, OidcError, role_of
from neonat.web.options import OidcSettings

TIMEOUT_S = 10.0
PENDING_S = 600.0
PENDING_MAX = 1000
KEPT_S = 3600.0
# What signs with a key that only the provider has.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]

_log = logging.getLogger(__name__)


class _Pending(NamedTuple):
    verifier: str
    nonce: str
    redirect: str
    until: float


class Provider:
    """One provider; for one event loop."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._pending: dict[str, _Pending] = {}
        self._known: tuple[float, dict[str, Any], KeySet] | None = None

    async def begin(self, redirect: str) -> tuple[str, str]:
        """Where to send the browser, and the state that it has to bring back. OidcError."""
        facts, _ = await self._provider()
        now = time.monotonic()
        self._pending = {state: one for state, one in self._pending.items() if one.until > now}
        if len(self._pending) >= PENDING_MAX:
            raise OidcError("too many sign-ins are under way")
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        async with self._client(redirect) as client:
            url, state = client.create_authorization_url(
                facts["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        self._pending[state] = _Pending(verifier, nonce, redirect, now + PENDING_S)
        return url, state

    async def finish(self, state: str, code: str) -> Identity:
        """Who came back with a code. OidcError."""
        pending = self._pending.pop(state, None)
        if pending is None or pending.until < time.monotonic():
            raise OidcError("the sign-in took too long, or was not begun here")
        facts, keys = await self._provider()
        try:
            async with self._client(pending.redirect) as client:
                tokens = await client.fetch_token(
                    facts["token_endpoint"], code=code, code_verifier=pending.verifier
                )
        except (httpx2.HTTPError, OAuthError, ValueError) as error:
            raise OidcError(f"{self._settings.issuer} gives no token: {error}") from error
        return self._identity(self._claims(tokens, keys, pending.nonce))

    def _client(self, redirect: str) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._settings.client_id,
            self._settings.client_secret,
            scope=self._settings.scope,
            redirect_uri=redirect,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
        )

    async def _provider(self) -> tuple[dict[str, Any], KeySet]:
        """The provider's addresses and keys, asked for once an hour."""
        if self._known is not None and time.monotonic() - self._known[0] < KEPT_S:
            return self._known[1], self._known[2]
        issuer = self._settings.issuer.rstrip("/")
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
                answer = await client.get(issuer + "/.well-known/openid-configuration")
                facts = answer.raise_for_status().json()
                if facts["issuer"].rstrip("/") != issuer:
                    raise OidcError(f"{issuer} says that it is {facts['issuer']}")
                answer = await client.get(facts["jwks_uri"])
                keys = KeySet.import_key_set(answer.raise_for_status().json())
                for needed in ("authorization_endpoint", "token_endpoint"):
                    facts[needed]
        except (httpx2.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcError(f"{issuer} cannot be asked: {error!r}") from error
        self._known = (time.monotonic(), facts, keys)
        return facts, keys

    def _claims(self, tokens: dict[str, Any], keys: KeySet, nonce: str) -> dict[str, Any]:
        """The claims of the identity token, its signature and its purpose proven."""
        settings = self._settings
        try:
            token = jwt.decode(tokens["id_token"], keys, algorithms=ALGORITHMS)
            jwt.JWTClaimsRegistry(
                leeway=60,
                iss={"essential": True, "values": [settings.issuer, settings.issuer.rstrip("/")]},
                aud={"essential": True, "value": settings.client_id},
                exp={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(token.claims)
        except (JoseError, KeyError, ValueError, TypeError) as error:
            # The provider may have changed its keys: the next try asks for them.
            self._known = None
            raise OidcError(f"the identity token is not to be trusted: {error!r}") from error
        return token.claims

    def _identity(self, claims: dict[str, Any]) -> Identity:
        name = claims.get(self._settings.name_claim) or claims.get("email") or claims["sub"]
        return Identity(
            f"{claims['iss']}|{claims['sub']}", str(name), role_of(self._settings, claims)
        )
