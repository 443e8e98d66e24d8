"""Stands in for an SD card: blocks in the file `card` of a folder; `card.ill` says what ails it.

`out`: it was taken out; `read-only`: it takes no writes.
"""

BLOCK = 512
EIO = 5
ENODEV = 19


class Card:
    def __init__(self, folder):
        self._ill = folder + "card.ill"
        try:
            self._file = open(folder + "card", "r+b")  # noqa: SIM115
        except OSError:
            raise OSError(ENODEV) from None
        self._count = self._file.seek(0, 2) // BLOCK
        self._not("out")

    def _not(self, *ills):
        """OSError when it has one of these."""
        try:
            with open(self._ill) as file:
                found = file.read()
        except OSError:
            return
        if found in ills:
            raise OSError(EIO)

    def readblocks(self, number, buffer):
        self._not("out")
        self._file.seek(number * BLOCK)
        self._file.readinto(buffer)

    def writeblocks(self, number, buffer):
        self._not("out", "read-only")
        self._file.seek(number * BLOCK)
        self._file.write(buffer)

    def ioctl(self, operation, _argument):
        return {4: self._count, 5: BLOCK}.get(operation, 0)
