"""A bundle of which only a part comes, and one with a restart in its middle, at every byte of it.

`home` is an empty directory, in which version 1 runs out of `b`; the bundle is version 2.
"""

import os

from neonat.gateway import bundle, checking, flash, incoming, slots, trials

KEY = bytes(range(32))
PIECE = 50
RUNNING = b"VERSION = 1\n"
PROGRAM = "/b/program.py"


def _prepare(home: str) -> None:
    os.mkdir(home + "/b")
    with open(home + PROGRAM, "wb") as file:
        file.write(RUNNING)
    flash.replace(home + slots.SLOTS, {"run": "b", "counter": 1, "version": "1"})


def _come(home: str, whole, head: int, size: int, end: int):
    """The first `end` bytes of a bundle come after what is there; it is announced with `size`."""
    mac = bytes(whole[-65:-1] if size < head else whole[head - 65 : head - 1]).decode()
    found = incoming.Incoming(home, "a", KEY, {"id": 1, "mac": mac, "head": head, "size": size})
    checking.resume(found)
    begun = found.at
    while found.at < end:
        found.take(found.at, memoryview(whole)[found.at : min(end, found.at + PIECE)])
    return found, begun


def _runs_on(home: str, at: int) -> None:
    """A start after that is one of version 1, as it was."""
    begun = slots.start(home, "power")
    assert (begun["slot"], begun["version"], begun["trial"]) == ("b", "1", ""), (at, begun)
    with open(home + PROGRAM, "rb") as file:
        assert file.read() == RUNNING, at
    assert slots.running(home) == ("b", 1, "1"), at


def cut(home: str, whole: bytes, head: int) -> int:
    """Cut bundles of every length, announced as they are: how many were refused."""
    _prepare(home)
    refused = 0
    for length in range(len(whole)):
        try:
            found, _ = _come(home, whole[:length], min(head, length), length, length)
            assert not checking.scan(found), length
        except bundle.BundleError:
            refused += 1
        checking.discard(home, "a")
        _runs_on(home, length)
    return refused


def interrupted(home: str, whole: bytes, head: int) -> int:
    """A restart after every byte, and the same bundle again: how many came to their end."""
    _prepare(home)
    done = 0
    for length in range(1, len(whole)):
        found, _ = _come(home, whole, head, len(whole), length)
        assert found.at == length
        _runs_on(home, length)
        found, begun = _come(home, whole, head, len(whole), len(whole))
        # Half a manifest is not kept.
        assert begun == (length if length >= head else 0), (begun, length)
        assert checking.scan(found), length
        _runs_on(home, length)
        done += _is_whole(home, whole, head)
        checking.discard(home, "a")
    found, _ = _come(home, whole, head, len(whole), len(whole))
    trials.attempt(home, "update", {"id": 1, "version": "2"}, found.facts["counter"])
    begun = slots.start(home, "power")
    assert (begun["slot"], begun["version"], begun["trial"]) == ("a", "2", "update"), begun
    return done


def _is_whole(home: str, whole: bytes, head: int) -> bool:
    """Whether the files in `a` are those of the bundle."""
    with open(home + incoming.HEAD, "rb") as manifest:
        for _, size, path in bundle.entries(manifest):
            with open(home + "/a/" + path, "rb") as file:
                if file.read() != whole[head : head + size]:
                    return False
            head += size
    return True
