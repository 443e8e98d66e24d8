"""Mosquitto's password file: `user:$7$iterations$salt$hash`, PBKDF2 with HMAC-SHA-512."""

import base64
import hashlib
import secrets

# What mosquitto_passwd 2.0 takes for passwords that people choose; these are 192 random bits.
ITERATIONS = 101
SALT_BYTES = 12


def fresh() -> str:
    """A new password."""
    return secrets.token_urlsafe(24)


def line(user: str, password: str) -> str:
    """One line of the file."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    parts = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{user}:$7${ITERATIONS}${'$'.join(parts)}"


def users(text: str) -> list[str]:
    """The users of a file."""
    return [row.partition(":")[0] for row in text.splitlines() if ":" in row]
