"""How one web server is to be: what `neonat web` is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

# Whether people sign in: always, never, or as soon as there is somebody who could.
SignIn = Literal["always", "never", "users"]


class OperatorError(Exception):
    """A gateway could not be asked; `kind` is that of the problem."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


class Operator(Protocol):
    """What carries commands to gateways and brings the replies back; safe from any thread."""

    def ask(self, gateway: str, command: dict[str, Any]) -> dict[str, Any] | None:
        """The reply, None when none came in time; OperatorError without a broker."""

    def deliver(
        self, gateway: str, bundle: bytes, told: Callable[[str, float], None]
    ) -> tuple[str, str | None]:
        """Bring an update there: (`done`, `refused` or `no_reply`, the error).

        `told` gets `sending` or `trial` and how much of it is there, 0 to 1. OperatorError.
        """

    def version(self, bundle: bytes) -> str:
        """The version of a bundle; OperatorError when it is none."""


@dataclass(frozen=True)
class OidcSettings:
    """An OpenID Connect provider; `roles` are values of the claim, by the role that they give."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    title: str = "OpenID Connect"
    scope: str = "openid profile"
    name_claim: str = "preferred_username"
    role_claim: str | None = None
    roles: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """`local` answers to this machine's names only; `secure` is reached over TLS only.

    `public_url` is the address that people use where that is not the one listened on.
    """

    db_url: str
    local: bool = True
    sign_in: SignIn = "users"
    secure: bool = False
    public_url: str | None = None
    oidc: OidcSettings | None = None
    operator: Operator | None = field(default=None, repr=False)
