"""The bundle of an update: text that names each file and is authenticated, then their bytes.

    neonat-bundle 1 version=0.2.0 counter=7 mpy=0 files=2
    <SHA-256, 64 hex digits> <bytes> medibus/__init__.py
    <SHA-256, 64 hex digits> <bytes> neonat/gateway/program.py
    mac <HMAC-SHA-256 of everything before this line, 64 hex digits>
    the bytes of the files, one after another in that order

Lines end with LF. `version` is 1 to 32 of `A-Z a-z 0-9 . _ + -`. `counter` grows with every bundle
that is made for a gateway: one that is not above the running version's is refused. `mpy` is the
version of the `.mpy` format in it, 0 for sources. Paths are relative, ascending as bytes, and stay
inside: parts of `A-Z a-z 0-9 _ . -` that do not begin with a dot. The key is 32 bytes, the same on
the board (`update_key`, hex) and on the desk. `neonat.update` packs and delivers bundles.
"""

import binascii

HEAD_MAX = 8192
BODY_MAX = 524288
FILES_MAX = 120
PATH_MAX = 64
COUNTER_MAX = 0xFFFFFFFF
KEY_SIZE = 32
MAGIC = "neonat-bundle 1"


class BundleError(ValueError):
    """The bundle is refused; one line that says why."""


def unhex(text) -> bytes:
    """The bytes of hex digits, none for what is none."""
    try:
        return binascii.unhexlify(text)
    except (ValueError, TypeError):
        return b""


def key_of(text) -> bytes:
    """The key of 64 hex digits; BundleError."""
    key = unhex(text)
    if len(key) != KEY_SIZE:
        raise BundleError("the update key is 64 hex digits")
    return key


def _within(text: str, more: str) -> bool:
    return all(
        "a" <= char <= "z" or "A" <= char <= "Z" or "0" <= char <= "9" or char in more
        for char in text
    )


def check_path(path: str) -> None:
    """BundleError for a path that is not one of ours."""
    if not 0 < len(path) <= PATH_MAX or not _within(path, "_.-/"):
        raise BundleError("a path is 1 to 64 of A-Z a-z 0-9 _ . - /")
    for part in path.split("/"):
        if not part or part[0] == ".":
            raise BundleError("the path %s leaves its place" % path)


def _number(text: str, highest: int) -> int:
    if not text.isdigit() or len(text) > 10 or int(text) > highest:
        raise BundleError("the manifest has a number that is none or too large")
    return int(text)


def title(line: bytes) -> dict:
    """`version`, `counter`, `mpy` and `files` of the first line; BundleError."""
    try:
        words = line.decode().rstrip("\n").split(" ")
        pairs = dict([word.split("=") for word in words[2:]])
    except (ValueError, TypeError):
        raise BundleError("this is no bundle") from None
    if " ".join(words[:2]) != MAGIC or sorted(pairs) != ["counter", "files", "mpy", "version"]:
        raise BundleError("this is no bundle")
    if not 0 < len(pairs["version"]) <= 32 or not _within(pairs["version"], "._+-"):
        raise BundleError("the version is 1 to 32 of A-Z a-z 0-9 . _ + -")
    found: dict = {"version": pairs["version"]}
    for name, highest in (("counter", COUNTER_MAX), ("mpy", 255), ("files", FILES_MAX)):
        found[name] = _number(pairs[name], highest)
    return found


def entry(line: bytes) -> "tuple[bytes, int, str]":
    """SHA-256, size and path of a line of the manifest; BundleError."""
    try:
        digest, size, path = line.decode().rstrip("\n").split(" ")
    except ValueError:
        raise BundleError("a line of the manifest is broken") from None
    raw = unhex(digest)
    if len(raw) != 32:
        raise BundleError("a line of the manifest is broken")
    check_path(path)
    return raw, _number(size, BODY_MAX), path


def entries(file):
    """Yield (SHA-256, size, path) of each file of a proven manifest."""
    for _ in range(title(file.readline())["files"]):
        yield entry(file.readline())
