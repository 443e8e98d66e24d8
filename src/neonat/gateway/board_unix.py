"""The board when it is the Unix port of MicroPython: pseudo-terminals and sockets."""

import select
import sys
import time

from neonat.gateway.board_micropython import MicroPythonBoard
from neonat.gateway.net import Connection, watch

CLOCK_SET_AFTER_MS = 1700000000000


# Of Linux's termios: the codes of speeds, and the flag of odd parity.
SPEEDS = {9600: 13, 19200: 14, 38400: 15, 57600: 4097, 115200: 4098}
ODD = 0x200


class PtyLine:
    """A pseudo-terminal: it has a speed and a parity that the program at its other end can see."""

    want_write = False

    def __init__(self, device: str, baud: int, parity: str):
        import termios

        self._file = open(device, "r+b")
        termios.setraw(self._file.fileno())  # type: ignore[attr-defined]
        mode = termios.tcgetattr(self._file.fileno())
        mode[2] = mode[2] & ~ODD | (ODD if parity == "odd" else 0)
        mode[4] = mode[5] = SPEEDS.get(baud, mode[5])
        mode[6][5] = 0
        mode[6][6] = 0
        termios.tcsetattr(self._file.fileno(), termios.TCSANOW, mode)
        self._poller = select.poll()
        self._poller.register(self._file, select.POLLIN | select.POLLOUT)
        self._buffer = bytearray(256)

    @property
    def pollable(self):
        return self._file

    def _events(self) -> int:
        found = self._poller.poll(0)
        return found[0][1] if found else 0

    def ready(self) -> bool:
        return True

    def read(self, size: int) -> "bytes | None":
        events = self._events()
        if not events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            return None
        count = self._file.readinto(self._buffer) if events & select.POLLIN else 0
        if not count:
            raise OSError(5)
        return bytes(memoryview(self._buffer)[:count])

    def write(self, data) -> int:
        # A write would wait for a reader at the other end once the terminal's buffer is full.
        return (self._file.write(data) or 0) if self._events() & select.POLLOUT else 0

    def close(self) -> None:
        self._file.close()


class Board(MicroPythonBoard):
    """What the gateway asks of its board; a module like this one for each kind."""

    name = "unix"

    def __init__(self) -> None:
        super().__init__()
        self._control = select.poll()
        self._control.register(sys.stdin, select.POLLIN)
        self._pulse = None

    def beat_on(self, descriptor: "int | None") -> None:
        """Feed a watchdog that reads there, as the parent process is one."""
        if descriptor is not None:
            self._pulse = open(descriptor, "wb")  # type: ignore[assignment]

    def feed(self) -> None:
        if self._pulse is not None:
            try:
                self._pulse.write(b".")
            except OSError:
                pass

    def wall(self) -> "tuple[int, str] | None":
        now = int(time.time() * 1000)
        return (now, "rtc") if now > CLOCK_SET_AFTER_MS else None

    def unique_id(self) -> str:
        return "unixport0000"

    def line_fixed(self, device: str) -> bool:
        return device.startswith("socket://")

    def open_line(self, device: str, baud: int, parity: str):
        if device.startswith("socket://"):
            host, _, port = device[9:].rpartition(":")
            return Connection(self, host, int(port))
        return PtyLine(device, baud, parity)

    def wait(self, streams: list, timeout_ms: int) -> None:
        poller = select.poll()
        poller.register(sys.stdin, select.POLLIN)
        poller.poll(watch(poller, streams, timeout_ms))
        if self._control.poll(0):
            self.stopped = True
