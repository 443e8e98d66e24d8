"""The board when it is the Unix port of MicroPython: pseudo-terminals and sockets."""

import binascii
import gc
import random
import select
import socket
import sys
import time

from neonat.gateway.files import Files
from neonat.gateway.net import Connection, watch

EAGAIN = (11, 35, -26880, -26752)  # also mbedTLS's "want read" and "want write"
CLOCK_SET_AFTER_MS = 1700000000000


class PtyLine:
    """A terminal device; baud and parity mean nothing to a pseudo-terminal."""

    want_write = False

    def __init__(self, device: str):
        import termios

        self._file = open(device, "r+b")
        termios.setraw(self._file.fileno())  # type: ignore[attr-defined]
        mode = termios.tcgetattr(self._file.fileno())
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


class Board:
    """What the gateway asks of its board; a module like this one for each kind."""

    name = "unix"
    message_max = 2048
    input_max = 2048
    segments_max = 40
    ring_max = 8
    spool_bytes = 1 << 20

    def __init__(self) -> None:
        self._last = time.ticks_ms()  # type: ignore[attr-defined]
        self._ticks = 0
        self._control = select.poll()
        self._control.register(sys.stdin, select.POLLIN)
        self._pulse = None
        self.stopped = False

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

    def ticks(self) -> int:
        now = time.ticks_ms()  # type: ignore[attr-defined]
        self._ticks += time.ticks_diff(now, self._last)  # type: ignore[attr-defined]
        self._last = now
        return self._ticks

    def wall(self) -> "tuple[int, str] | None":
        now = int(time.time() * 1000)
        return (now, "rtc") if now > CLOCK_SET_AFTER_MS else None

    def heap_free(self) -> "int | None":
        gc.collect()
        return gc.mem_free()  # type: ignore[attr-defined]

    def unique_id(self) -> str:
        return "unixport0000"

    def random(self) -> float:
        return random.random()  # noqa: S311

    def collect(self) -> None:
        gc.collect()

    def files(self, directory: str) -> Files:
        return Files(directory, open, lambda file: file.flush())

    def line_fixed(self, device: str) -> bool:
        return True

    def open_line(self, device: str, baud: int, parity: str):
        if device.startswith("socket://"):
            host, _, port = device[9:].rpartition(":")
            return Connection(self, host, int(port))
        return PtyLine(device)

    def connect(self, host: str, port: int, tls) -> Connection:
        return Connection(self, host, port, tls)

    def resolve(self, host: str, port: int):
        return lambda: socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)

    def secure(self, plain, host: str, tls):
        # IPPROTO_TCP, TCP_NODELAY: a frame would wait 40 ms for the delayed ACK of the one before.
        plain.setsockopt(6, 1, 1)
        if tls is None:
            return plain
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_mode = ssl.CERT_REQUIRED
        with open(tls["ca"]) as file:
            text = file.read().split("-----")
        context.load_verify_locations(cadata=binascii.a2b_base64(text[2]))
        return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)

    def handshake(self, stream) -> bool:
        return True

    def receive(self, stream, size: int) -> "bytes | None":
        try:
            return stream.read(size)
        except OSError as error:
            if error.errno in EAGAIN:
                return None
            raise

    def transmit(self, stream, data) -> int:
        try:
            return stream.write(data) or 0
        except OSError as error:
            if error.errno in EAGAIN:
                return 0
            raise

    def wait(self, streams: list, timeout_ms: int) -> None:
        poller = select.poll()
        poller.register(sys.stdin, select.POLLIN)
        poller.poll(watch(poller, streams, timeout_ms))
        if self._control.poll(0):
            self.stopped = True
