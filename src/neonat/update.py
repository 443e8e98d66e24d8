"""Bundles for gateways, packed and delivered; what a bundle is, `neonat.gateway.bundle` says.

Delivery (`docs/remote.md`): publish `Delivery.begin()` as JSON on `…/command`; hand every JSON
object that arrives on `…/reply` to `Delivery.take`, publish what it gives on `…/update` (QoS 1);
where nothing came for some seconds, publish `begin()` again: the gateway goes on where it was.
"""

import hashlib
import hmac
import io
import secrets
from collections.abc import Mapping

from neonat.gateway import bundle
from neonat.gateway.bundle import BundleError
from neonat.gateway.proof import prove

WINDOW = 4


class UpdateError(Exception):
    """The gateway does not take the bundle; one line that says why."""


def new_key() -> str:
    """A key for `update_key`, 64 hex digits; whoever holds it can make bundles."""
    return secrets.token_hex(bundle.KEY_SIZE)


def pack(files: Mapping[str, bytes], key: bytes, version: str, counter: int, mpy: int = 0) -> bytes:
    """A bundle of `files` (path to contents); BundleError for what no gateway would take."""
    paths = sorted(files)
    text = f"{bundle.MAGIC} version={version} counter={counter} mpy={mpy} files={len(paths)}\n"
    for path in paths:
        text += f"{hashlib.sha256(files[path]).hexdigest()} {len(files[path])} {path}\n"
    head = text.encode()
    head += f"mac {hmac.digest(key, head, 'sha256').hex()}\n".encode()
    if len(head) > bundle.HEAD_MAX:
        raise BundleError(f"the manifest is more than {bundle.HEAD_MAX} bytes: too many files")
    prove(io.BytesIO(head), key)
    return head + b"".join(files[path] for path in paths)


def head_size(whole: bytes) -> int:
    """Bytes of the manifest with its MAC; BundleError."""
    start = whole.find(b"\nmac ", 0, bundle.HEAD_MAX)
    end = whole.find(b"\n", start + 1)
    if start < 0 or end < 0:
        raise BundleError("this is no bundle")
    return end + 1


def facts(whole: bytes) -> dict:
    """`version`, `counter`, `mpy` and `files` of a bundle, unproven; BundleError."""
    return bundle.title(whole[: whole.find(b"\n") + 1])


class Delivery:
    """One bundle on its way to one gateway, sans-I/O.

    `number` is the id of its command, new for each delivery. `at` of `size` bytes are there;
    `state` is `asking`, `sending`, `trial` (the gateway starts with it) and `confirmed`.
    """

    def __init__(self, whole: bytes, number: str):
        self.whole = whole
        self.number = number
        self.size = len(whole)
        self.head = head_size(whole)
        self.version = str(facts(whole)["version"])
        self.at = 0
        self.state = "asking"
        self._piece = 512
        self._sent = 0

    def begin(self) -> dict:
        """The command that begins it, or asks how far it is."""
        mac = self.whole[self.head - 65 : self.head - 1].decode("ascii", "replace")
        size = {"head": self.head, "size": self.size}
        self._sent = 0
        return {"id": self.number, "command": "update", "mac": mac, **size}

    def take(self, reply: dict) -> list[bytes]:
        """The pieces to publish now; UpdateError when the gateway refuses or rolled back."""
        if reply.get("id") != self.number or reply.get("command") != "update":
            return []
        if not reply.get("ok"):
            raise UpdateError(str(reply.get("error", "refused without a reason")))
        if reply.get("state") in ("trial", "confirmed"):
            self.state, self.at = str(reply["state"]), self.size
            return []
        at = reply.get("at")
        if not isinstance(at, int) or not 0 <= at <= self.size or self.state == "confirmed":
            return []
        self.state = "sending"
        self._piece = max(64, min(8192, int(reply.get("piece") or self._piece)))
        self.at = at
        return self._pieces(bool(reply.get("again")))

    def _pieces(self, again: bool) -> list[bytes]:
        if again or self._sent < self.at:
            self._sent = self.at
        pieces = []
        while self._sent < min(self.size, self.at + WINDOW * self._piece):
            data = self.whole[self._sent : self._sent + self._piece]
            pieces.append(b"%d\n" % self._sent + data)
            self._sent += len(data)
        return pieces
