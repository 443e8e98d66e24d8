"""Who an OpenID Connect provider says somebody is."""

from typing import Any, NamedTuple

from neonat.web.access.keeper import ROLES
from neonat.web.options import OidcSettings


class OidcError(Exception):
    """The provider did not let somebody in, or is not to be trusted: one line for the log."""


class Identity(NamedTuple):
    """Who the provider says it is; `role` None where its claims give none.

    `subject` names a person for ever: issuer and `sub`.
    """

    subject: str
    name: str
    role: str | None


def role_of(settings: OidcSettings, claims: dict[str, Any]) -> str | None:
    """The highest role that the values of the claim give."""
    if settings.role_claim is None:
        return None
    given = claims.get(settings.role_claim)
    values = given if isinstance(given, list) else [given]
    return next(
        (
            role
            for role in reversed(ROLES)
            if role in settings.roles and settings.roles[role] in values
        ),
        None,
    )
