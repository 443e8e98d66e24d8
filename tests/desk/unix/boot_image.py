"""Boots an image of a board's files as the board would, under the Unix port of MicroPython.

Words: the image, a folder of stand-ins for the board's hardware. The image is the root; the files
of this machine are under /host. NEONAT_CUT=N: power fails in the middle of the Nth block write.
"""

import gc
import os
import sys

import vfs

BLOCK = 4096


class Flash:
    """The image as a block device; after a cut it takes nothing any more."""

    def __init__(self, path: str, cut: int):
        self._file = open(path, "r+b")  # noqa: SIM115
        self._file.seek(0, 2)
        self._count = self._file.tell() // BLOCK
        self._cut = cut
        self.writes = 0

    def readblocks(self, number: int, buffer, offset: int = 0) -> None:
        self._file.seek(number * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, number: int, buffer, offset: int = 0) -> None:
        self.writes += 1
        if self.writes == self._cut:
            buffer = memoryview(buffer)[: len(buffer) // 2]
        elif self._cut and self.writes > self._cut:
            return
        self._file.seek(number * BLOCK + offset)
        self._file.write(buffer)
        if self.writes == self._cut:
            print("power cut")

    def ioctl(self, operation: int, _argument: int):
        return {4: self._count, 5: BLOCK}.get(operation, 0)


def stand_ins(bare: int) -> None:
    """Say what stands in the heap here that a board has in its ROM; `bare` is MicroPython alone."""
    for name in ("machine", "network"):
        if name + ".mpy" in os.listdir(sys.argv[2]):
            __import__(name)
    gc.collect()
    print("stand-ins:", gc.mem_alloc() - bare, "bytes")


def main(bare: int) -> None:
    image, folder = sys.argv[1:]
    stand_ins(bare)
    flash = Flash(image, int(os.getenv("NEONAT_CUT") or "0"))
    root = vfs.VfsLfs2(flash)
    vfs.umount("/")
    vfs.mount(root, "/")
    vfs.mount(vfs.VfsPosix("/"), "/host")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib", "/host" + folder]
    for name in ("boot.py", "main.py"):
        with open(name) as file:
            code = compile(file.read(), name, "exec")
        exec(code, {"__name__": "__main__"})
