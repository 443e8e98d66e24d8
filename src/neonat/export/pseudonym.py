"""Names of gateways that only the holder of a key can lead back: HMAC-SHA-256."""

import hashlib
import hmac
import os
from collections.abc import Iterator
from typing import Any

KEY_VARIABLE = "NEONAT_PSEUDONYM_KEY"
KEY_MIN = 16
DIGITS = 16

# Columns that hold a gateway's name and nothing else.
_NAMES = ("gateway", "unique_id")
# Words of a topic that name nobody.
_WORDS = frozenset(("neonat", "1", "frames", "state", "trame_complete", "test_topic"))


class KeyProblemError(ValueError):
    """There is no key that can be used: one line that says why and what to do."""


def key_of(path: str | None) -> bytes:
    """The key of a file, else of NEONAT_PSEUDONYM_KEY; blanks around it do not count.

    Raises KeyProblemError for a key shorter than 16 bytes, which could be guessed.
    """
    if path is None:
        key = os.environ.get(KEY_VARIABLE, "").encode("utf-8", "surrogateescape").strip()
        where = KEY_VARIABLE
    else:
        where = path
        try:
            with open(path, "rb") as file:
                key = file.read(4096).strip()
        except OSError as error:
            raise KeyProblemError(f"cannot read the key from {path}: {error.strerror}") from None
    if len(key) < KEY_MIN:
        what = f"{where} holds no key" if not key else f"the key of {where} is too short"
        raise KeyProblemError(f"{what}: make one with `openssl rand -hex 32` and keep it safe")
    return key


class Pseudonyms:
    """The pseudonym of every name under one key; the same name always gets the same."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, str] = {}

    def of(self, name: str) -> str:
        """`p` and the first 16 hex digits of the HMAC."""
        found = self._known.get(name)
        if found is None:
            digest = hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()
            found = self._known[name] = "p" + digest[:DIGITS]
        return found

    def rows(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Rows without a gateway's name; what was refused may hold one anywhere: it is emptied."""
        for row in rows:
            if "note" in row:
                # A row's note may name it, and its file may be called anything.
                row["note"] = (row["note"] or "").replace(row["unique_id"], "…")
                row["source"] = self.of(row["source"])
            for column in _NAMES:
                if row.get(column) is not None:
                    row[column] = self.of(row[column])
            if "payload" in row:
                row["payload"] = None
                row["topic"] = self._topic(row["topic"])
            yield row

    def _topic(self, topic: str) -> str:
        return "/".join(word if word in _WORDS else self.of(word) for word in topic.split("/"))
