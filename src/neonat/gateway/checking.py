"""What is proven about a bundle before its files are written, and again before they are used."""

import os
import sys

from neonat.gateway import bundle, flash, proof
from neonat.gateway.bundle import BundleError

RESERVE = 65536
PART = "/update.part"
HEAD = "/update.head"


def clear(path: str) -> None:
    """Remove a directory with all that is in it, if it is there; OSError."""
    if not flash.there(path):
        return
    for name in os.listdir(path):
        inner = path + "/" + name
        if os.stat(inner)[0] & 0x4000:
            clear(inner)
        else:
            os.remove(inner)
    os.rmdir(path)


def discard(home: str, slot: str) -> None:
    """Forget all of a bundle; BundleError when the flash fails."""
    for name in (PART, HEAD):
        flash.remove(home + name)
    try:
        clear(home + "/" + slot)
    except OSError as error:
        raise BundleError("the flash fails: " + str(error)) from None


def manifest(incoming, path: str) -> dict:
    """The facts of the manifest in a file, once it is proven; BundleError, OSError."""
    with open(path, "rb") as file:
        facts = proof.prove(file, incoming.key)
    if facts["mac"] != incoming.mac or incoming.head + facts["body"] != incoming.size:
        raise BundleError("the bundle is another one than announced")
    counter = flash.read(incoming.home + "/slots.json").get("counter", 0)
    if facts["counter"] <= counter:
        raise BundleError(
            "the bundle is old: its counter is %d, %d runs here" % (facts["counter"], counter)
        )
    mpy = getattr(sys.implementation, "_mpy", 0) & 255
    if facts["mpy"] not in (0, mpy):
        raise BundleError("the files are for .mpy version %d, not %d" % (facts["mpy"], mpy))
    return facts


def make_room(incoming) -> None:
    """Empty the directory that the files go to; BundleError when they have no room, OSError."""
    clear(incoming.home + "/" + incoming.slot)
    found = os.statvfs(incoming.home)
    if incoming.size + RESERVE > found[0] * found[3]:
        raise BundleError("there is no room for it on the flash")
    os.mkdir(incoming.home + "/" + incoming.slot)


def resume(incoming) -> None:
    """Go on with what is there, when it is the same bundle; else begin anew. BundleError."""
    try:
        if os.stat(incoming.home + HEAD)[6] == incoming.head:
            incoming.facts = manifest(incoming, incoming.home + HEAD)
            scan(incoming)
            return
    except (BundleError, OSError):
        incoming.facts = {}
    incoming.at = 0
    discard(incoming.home, incoming.slot)


def scan(incoming) -> bool:
    """Find the first byte that is missing: up to it every file is what it shall be. True when
    none is. OSError.
    """
    incoming.at = incoming.head
    with open(incoming.home + HEAD, "rb") as file:
        for digest, size, path in bundle.entries(file):
            name = incoming.home + "/" + incoming.slot + "/" + path
            found = os.stat(name)[6] if flash.there(name) else -1
            if found == size and proof.digest_of(name) == digest:
                incoming.at += size
                continue
            if found >= size:
                os.remove(name)
                found = 0
            incoming.at += max(0, found)
            return False
    return True
