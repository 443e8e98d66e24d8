"""An update on a RAM flash whose power is cut at every single block write: `update_cuts.py BUNDLE`.

Prints how many cuts there were. After each the flash is mounted anew, the start decided, and the
update goes on to its end.
"""

import sys

import vfs

sys.path.insert(0, __file__[: __file__.rfind("/tests/")] + "/src")

from neonat.gateway import bundle, checking, slots, trials
from neonat.gateway.incoming import Incoming

KEY = bytes(range(32))
BLOCK = 512
COUNT = 400


class Flash:
    """Blocks in RAM; `left` writes until the power fails in the middle of one. After that it takes
    nothing any more, and says nothing.
    """

    def __init__(self) -> None:
        self.blocks = bytearray(BLOCK * COUNT)
        self.left = -1

    def readblocks(self, number: int, buffer, offset: int = 0) -> None:
        at = number * BLOCK + offset
        buffer[:] = memoryview(self.blocks)[at : at + len(buffer)]

    def writeblocks(self, number: int, buffer, offset: int = 0) -> None:
        if self.left == 0:
            return
        self.left -= 1
        size = len(buffer) // 2 if self.left == 0 else len(buffer)
        at = number * BLOCK + offset
        self.blocks[at : at + size] = memoryview(buffer)[:size]

    def ioctl(self, operation: int, _argument: int):
        return {4: COUNT, 5: BLOCK}.get(operation, 0)


def download(whole: bytes, head: int) -> None:
    """What the commands do: take every piece, prove it, put it on trial."""
    mac = whole[head - 65 : head - 1].decode()
    command = {"id": "1", "mac": mac, "head": head, "size": len(whole)}
    incoming = Incoming("/ram", "a", KEY, command)
    checking.resume(incoming)
    while incoming.at < incoming.size:
        incoming.take(incoming.at, memoryview(whole)[incoming.at : incoming.at + 200])
    assert checking.scan(incoming)
    trials.attempt("/ram", "update", {"id": "1"}, incoming.facts["counter"])


class Remote:
    """As much of a `Remote` as a trial asks for."""

    home = "/ram"

    def __init__(self, begun: dict):
        self.begun = begun
        self.trial = begun["trial"]
        self.until: dict = {}
        self.gateway = self

    def log(self, text: str) -> None:
        if text[:8] == "trial: [":
            raise OSError(5)

    def tell(self, data: str) -> None:
        pass


def proven(files: dict) -> bool:
    """Whether the directory holds exactly the new version."""
    for path, data in files.items():
        with open("/ram/a/" + path, "rb") as file:
            if file.read() != data:
                return False
    return True


def life(whole: bytes, head: int, files: dict) -> bool:
    """One start and what follows; True once the new version is confirmed."""
    begun = slots.start("/ram", "power")
    assert begun["slot"] in ("", "a")
    if begun["slot"] == "a":
        assert proven(files), "half a version was started"
    if begun["trial"]:
        trials.confirm(Remote(begun))
    elif begun["slot"] == "a":
        return True
    else:
        download(whole, head)
    return False


def main() -> None:
    with open(sys.argv[1], "rb") as file:
        whole = file.read()
    head = whole.find(b"\n", whole.find(b"\nmac ") + 1) + 1
    files = {}
    with open(sys.argv[1], "rb") as file:
        at = head
        for _, size, path in bundle.entries(file):
            files[path] = whole[at : at + size]
            at += size
    checking.RESERVE = 0
    ram = Flash()
    vfs.VfsLfs2.mkfs(ram)
    empty = bytes(ram.blocks)
    cut = 0
    while True:
        cut += 1
        ram.blocks[:] = empty
        ram.left = cut
        lives = 0
        while lives < 12:
            lives += 1
            vfs.mount(vfs.VfsLfs2(ram), "/ram")
            try:
                done = life(whole, head, files)
            except (OSError, bundle.BundleError):
                done = False
            except AssertionError:
                # What a program sees after the cut is no flash any more.
                if ram.left:
                    raise
                done = False
            vfs.umount("/ram")
            if ram.left == 0:
                done = False
                ram.left = -1
            if done:
                break
        assert done, "never confirmed"
        if ram.left > 0:
            print(cut)
            return


main()
