"""Puts FAT on a file of blocks, or with the word `list` prints what is in its folder `spool`."""

import os
import sys

import vfs

BLOCK = 512


class Blocks:
    def __init__(self, path):
        self._file = open(path, "r+b")  # noqa: SIM115
        self._count = self._file.seek(0, 2) // BLOCK

    def readblocks(self, number, buffer):
        self._file.seek(number * BLOCK)
        self._file.readinto(buffer)

    def writeblocks(self, number, buffer):
        self._file.seek(number * BLOCK)
        self._file.write(buffer)

    def ioctl(self, operation, _argument):
        return {4: self._count, 5: BLOCK}.get(operation, 0)


blocks = Blocks(sys.argv[1])
if sys.argv[2:] == ["list"]:
    vfs.mount(blocks, "/card", readonly=True)
    print(" ".join(os.listdir("/card/spool")))
else:
    vfs.VfsFat.mkfs(blocks)
