"""Stands in for the hardware: its UART is the pseudo-terminal that NEONAT_LINE names.

While the file NEONAT_FAST is there, time in which nothing happens is skipped, and it holds how many
milliseconds were. NEONAT_BEHIND is how many milliseconds the clock is behind this machine's, to
have room for skipping.
"""

import os
import select
import sys

from board_unix import Board as Unix
from board_unix import PtyLine

LOOK_EVERY = 64
ANSWER_MS = 200


class Line(PtyLine):
    """Knows whether an answer is due."""

    due = False

    def write(self, data) -> int:
        count = super().write(data)
        self.due = count > 0
        return count

    def read(self, size: int):
        data = super().read(size)
        if data and data[-1] == 13:
            self.due = False
        return data


class Board(Unix):
    _line = None
    _skipped = 0
    _looked = 0
    _fast = False

    def unique_id(self) -> str:
        return "a0b1c2d3e4f5"

    def open_line(self, device: str, baud: int, parity: str):
        self._line = Line("/host" + os.getenv("NEONAT_LINE"), baud, parity)
        return self._line

    def ticks(self) -> int:
        return super().ticks() + self._skipped

    def wall(self):
        wall = super().wall()
        return wall and (wall[0] + self._skipped - int(os.getenv("NEONAT_BEHIND")), wall[1])

    def restart(self) -> None:
        sys.exit(3)

    def _is_fast(self) -> bool:
        self._looked -= 1
        if self._looked < 0:
            self._looked = LOOK_EVERY
            try:
                with open("/host" + os.getenv("NEONAT_FAST"), "r+b") as file:
                    file.write(str(self._skipped))
                self._fast = True
            except OSError:
                self._fast = False
        return self._fast

    def wait(self, streams: list, timeout_ms: int) -> None:
        if not self._is_fast():
            super().wait(streams, timeout_ms)
            return
        poller = select.poll()
        poller.register(sys.stdin, select.POLLIN)
        for stream in streams:
            if stream.pollable is not None:
                mask = select.POLLIN | (select.POLLOUT if stream.want_write else 0)
                poller.register(stream.pollable, mask)
        due = self._line is not None and self._line.due
        if not poller.poll(ANSWER_MS if due else 0):
            self._skipped += timeout_ms
        if self._control.poll(0):
            self.stopped = True
