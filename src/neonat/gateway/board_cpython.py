"""The board when it is a computer with CPython: pyserial lines, sockets, TLS."""

import contextlib
import functools
import os
import random
import select
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from neonat.gateway.files import Files
from neonat.gateway.net import Connection, watch
from neonat.gateway.serial_line import SerialLine

MESSAGE_MAX = 12288
INPUT_MAX = 65536
NTP_MARK = "/run/systemd/timesync/synchronized"
CLOCK_SET_AFTER_MS = 1_700_000_000_000


def _sync_directory(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _in_background(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start `work` in a thread; the returned function gives None, its result, or raises OSError."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:
            results.append(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=run, daemon=True).start()

    def answer() -> Any:
        if results and isinstance(results[0], Exception):
            raise results[0]
        return results[0] if results else None

    return answer


class Board:
    """What the gateway asks of its computer; see `board_unix` for the same under MicroPython."""

    name = "cpython"
    message_max = MESSAGE_MAX
    input_max = INPUT_MAX
    segments_max = 1024
    ring_max = 200
    spool_bytes = 64 << 20
    spool_delay_ms = 0

    def __init__(self) -> None:
        self._stop_read, self._stop_write = socket.socketpair()
        self._stop_read.setblocking(False)
        self.stopped = False

    def stop(self) -> None:
        """Ask the program to end; may be called from a signal handler or another thread."""
        self.stopped = True
        with contextlib.suppress(OSError):
            self._stop_write.send(b"x")

    def ticks(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def wall(self) -> tuple[int, str] | None:
        now = time.time_ns() // 1_000_000
        if now < CLOCK_SET_AFTER_MS:
            return None
        return now, "ntp" if os.path.exists(NTP_MARK) else "rtc"

    def heap_free(self) -> int | None:
        return None

    def unique_id(self) -> str:
        return f"{uuid.getnode():012x}"

    def random(self) -> float:
        return random.random()  # noqa: S311

    def collect(self) -> None:
        pass

    def files(self, directory: str) -> Files:
        opener = functools.partial(open, buffering=0)
        return Files(directory, opener, lambda file: os.fsync(file.fileno()), _sync_directory)

    def line_fixed(self, device: str) -> bool:
        return device.startswith("socket://")

    def open_line(self, device: str, baud: int, parity: str) -> Any:
        if device.startswith("socket://"):
            host, _, port = device[9:].rstrip("/").rpartition(":")
            return Connection(self, host.strip("[]"), int(port))
        return SerialLine(functools.partial(_in_background), device, baud, parity)

    def connect(self, host: str, port: int, tls: dict | None) -> Connection:
        return Connection(self, host, port, tls)

    def resolve(self, host: str, port: int) -> Callable[[], Any]:
        return _in_background(
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM) or None
        )

    def secure(self, plain: socket.socket, host: str, tls: dict | None) -> socket.socket:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            return plain
        context = ssl.create_default_context(cafile=tls.get("ca") or None)
        if tls.get("cert"):
            context.load_cert_chain(tls["cert"], tls["key"])
        return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)

    def handshake(self, stream: socket.socket) -> bool:
        if isinstance(stream, ssl.SSLSocket):
            try:
                stream.do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
            except ssl.SSLError as error:
                said = getattr(error, "verify_message", "") or error.reason or str(error)
                raise OSError(f"TLS: {said.lower().replace('_', ' ')}") from None
        return True

    def receive(self, stream: socket.socket, size: int) -> bytes | None:
        try:
            return stream.recv(size)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def transmit(self, stream: socket.socket, data: bytes) -> int:
        try:
            return stream.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def wait(self, streams: list[Any], timeout_ms: int) -> None:
        """Wait until one of the streams has something, or may write where it wants to."""
        poller = select.poll()
        poller.register(self._stop_read, select.POLLIN)
        poller.poll(watch(poller, streams, timeout_ms))
        with contextlib.suppress(OSError):
            self._stop_read.recv(64)
