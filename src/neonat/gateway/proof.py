"""HMAC-SHA-256 and SHA-256: whether a bundle is authentic and its files are whole."""

import hashlib

from neonat.gateway.bundle import BODY_MAX, BundleError, entry, title, unhex

BLOCK = 512


class Mac:
    """HMAC-SHA-256 (RFC 2104) over what `update` gets; MicroPython has no `hmac`."""

    def __init__(self, key: bytes):
        block = key + bytes(64 - len(key))
        self._outer = bytes([byte ^ 0x5C for byte in block])
        self._inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in block]))

    def update(self, data) -> None:
        self._inner.update(data)

    def digest(self) -> bytes:
        """Once, at the end."""
        outer = hashlib.sha256(self._outer)
        outer.update(self._inner.digest())
        return outer.digest()


def same(one: bytes, other: bytes) -> bool:
    """Whether both are the same, in a time that does not tell where they differ."""
    wrong = len(one) ^ len(other)
    for left, right in zip(one, other):
        wrong |= left ^ right
    return not wrong


def prove(file, key: bytes) -> dict:
    """Read a manifest from its begin to its MAC and prove it: `title`'s facts, and `body` (bytes
    of all files) and `mac` (hex); BundleError.
    """
    mac = Mac(key)
    line = file.readline()
    mac.update(line)
    found = title(line)
    found["body"] = 0
    before = ""
    wrong: "BundleError | None" = None
    for _ in range(found["files"]):
        line = file.readline()
        mac.update(line)
        try:
            _, size, path = entry(line)
            if path <= before:
                raise BundleError("the paths do not ascend")
            before = path
            found["body"] += size
        except BundleError as error:
            wrong = wrong or error
    last = file.readline()
    if last[:4] != b"mac " or last[-1:] != b"\n" or file.readline():
        raise wrong or BundleError("the manifest is cut or longer than it says")
    # Before anything else is said about it: a forger learns nothing but this.
    if not same(mac.digest(), unhex(last[4:-1])):
        raise BundleError("the bundle is not authentic: it was made with another key, or altered")
    if wrong:
        raise wrong
    if found["body"] > BODY_MAX:
        raise BundleError("the files are more than %d bytes" % BODY_MAX)
    found["mac"] = last[4:-1].decode()
    return found


def digest_of(path: str) -> bytes:
    """SHA-256 of a file; OSError."""
    found = hashlib.sha256()
    buffer = bytearray(BLOCK)
    with open(path, "rb") as file:
        while True:
            count = file.readinto(buffer)
            if not count:
                return found.digest()
            found.update(memoryview(buffer)[:count])
