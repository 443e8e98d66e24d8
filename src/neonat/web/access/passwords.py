"""Passwords as argon2id hashes, with the parameters that the library recommends."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LENGTH_MIN = 10
LENGTH_MAX = 200

_hasher = PasswordHasher()


class WeakPasswordError(ValueError):
    """A password that is not taken: one line that says why, and the same in French."""

    def __init__(self, reason: str, french: str) -> None:
        super().__init__(reason)
        self.french = french


def check(name: str, password: str) -> None:
    """WeakPasswordError for one that is too short, too long or the name itself."""
    if len(password) < LENGTH_MIN:
        raise WeakPasswordError(
            f"the password needs at least {LENGTH_MIN} characters",
            f"le mot de passe doit avoir au moins {LENGTH_MIN} caractères",
        )
    if len(password) > LENGTH_MAX:
        raise WeakPasswordError(
            f"the password has more than {LENGTH_MAX} characters",
            f"le mot de passe a plus de {LENGTH_MAX} caractères",
        )
    if name.casefold() in password.casefold() and len(password) < len(name) + LENGTH_MIN:
        raise WeakPasswordError(
            "the password must not be made of the name",
            "le mot de passe ne doit pas être fait du nom",
        )


def hashed(password: str) -> str:
    """The hash to keep; takes about 50 ms and 64 MiB."""
    return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the password of a hash; takes as long where there is no hash."""
    try:
        return _hasher.verify(kept or _nobody(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobody() -> str:
    return _hasher.hash("a password that nobody has")
