"""What a cell of bytes makes, remembered in bounded memory on CPython; a board has no room."""

import sys

KEPT = 2048

if sys.implementation.name == "micropython":

    class Made:
        """Makes it anew each time."""

        def __init__(self, make) -> None:
            self.make = make

        def __getitem__(self, cell: bytes):
            return self.make(cell)

    remembered: type = Made

else:

    class Remembered(dict):
        """Makes it once, and again after `KEPT` others at the latest."""

        def __init__(self, make) -> None:
            super().__init__()
            self.make = make

        def __missing__(self, cell: bytes):
            if len(self) >= KEPT:
                self.clear()
            made = self[cell] = self.make(cell)
            return made

    remembered = Remembered
