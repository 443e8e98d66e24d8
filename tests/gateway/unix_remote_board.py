"""A board for tests of remote management: short trials, a WebREPL that only says so, a fault."""

import os
import sys

from board_unix import Board as Unix

from neonat.gateway.files import Files

STAND_INS = sys.path[-1]


class Kept:
    """A file that is read while it is written, which littlefs allows for what is flushed."""

    def __init__(self, path: str, mode: str):
        self._file = open(path, mode)  # noqa: SIM115
        self.close = self._file.close
        self.flush = self._file.flush

    def write(self, data) -> int:
        count = self._file.write(data)
        self._file.flush()
        return count


class Board(Unix):
    trial_ms = 4000

    def files(self, directory: str) -> Files:
        def opener(path: str, mode: str):
            return Kept(path, mode) if mode == "ab" else open(path, mode)

        return Files(directory, opener, lambda file: file.flush())

    def open_line(self, device: str, *facts):
        try:
            os.stat(STAND_INS + "/crash")
        except OSError:
            return super().open_line("/host" + os.getenv("NEONAT_LINE"), *facts)
        raise RuntimeError("two wires crossed")

    def webrepl(self, password: str) -> None:
        print("webrepl", "open" if password else "closed", file=sys.stderr)

    def restart(self) -> None:
        sys.exit(3)
