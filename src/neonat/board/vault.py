"""The operator's secrets of all boards: one file that only its owner can read."""

import json
import os
import secrets
import string
import tempfile
from pathlib import Path
from typing import Any

from neonat.board.problem import BoardError

DEFAULT = "board-secrets.json"
# MicroPython's WebREPL takes 4 to 9 characters (extmod/modwebrepl.c).
WEBREPL_LENGTH = 9
UPDATE_KEY_BYTES = 32

Secrets = dict[str, Any]


def fresh() -> Secrets:
    """New secrets for one board."""
    letters = string.ascii_letters + string.digits
    return {
        "broker_password": secrets.token_urlsafe(24),
        "update_key": secrets.token_hex(UPDATE_KEY_BYTES),
        "webrepl_password": "".join(secrets.choice(letters) for _ in range(WEBREPL_LENGTH)),
    }


def load(path: str) -> dict[str, Secrets]:
    """The secrets by gateway id, none where there is no file; BoardError."""
    file = Path(path)
    try:
        if not file.exists():
            return {}
        if file.stat().st_mode & 0o077:
            raise BoardError(f"others can read {path}: chmod 600 {path}, and change what is in it")
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BoardError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise BoardError(f"{path} is no file of secrets: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise BoardError(f"{path} is no file of secrets: an object by gateway id is expected")
    return found


def secret(path: str, gateway: str, name: str) -> str:
    """One secret of a gateway; BoardError when the file does not have it."""
    value = load(path).get(gateway, {}).get(name)
    if not isinstance(value, str):
        raise BoardError(
            f"{path} has no {name} of {gateway}: say --secrets FILE of its provisioning"
        )
    return value


def save_bytes(path: str, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all; BoardError."""
    folder = Path(path).resolve().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise
    except OSError as error:
        raise BoardError(f"cannot write {path}: {error.strerror}") from error


def keep(path: str, known: dict[str, Secrets]) -> None:
    """Write the secrets of all boards."""
    save_bytes(path, (json.dumps(known, indent=2, sort_keys=True) + "\n").encode())
