"""What every board with MicroPython has in common: ticks, heap, files, sockets, TLS."""

import gc
import random
import select
import socket
import time

from neonat.gateway.files import Files
from neonat.gateway.net import Connection, watch
from neonat.gateway.rarely import call

EAGAIN = (11, 35, -26880, -26752)  # also mbedTLS's "want read" and "want write"


class MicroPythonBoard:
    """The common part of a `Board`; what is missing here differs by kind."""

    message_max = 1536
    input_max = 2048
    segments_max = 40
    ring_max = 8
    spool_bytes = 1 << 20
    spool_delay_ms = 2000  # flash wears
    stopped = False

    def __init__(self) -> None:
        self._last = time.ticks_ms()  # type: ignore[attr-defined]
        self._ticks = 0

    def ticks(self) -> int:
        now = time.ticks_ms()  # type: ignore[attr-defined]
        self._ticks += time.ticks_diff(now, self._last)  # type: ignore[attr-defined]
        self._last = now
        return self._ticks

    def heap_free(self) -> "int | None":
        gc.collect()
        return gc.mem_free()  # type: ignore[attr-defined]

    def random(self) -> float:
        return random.random()  # noqa: S311

    def collect(self) -> None:
        gc.collect()

    def files(self, directory: str) -> Files:
        return Files(directory, open, lambda file: file.flush(), block=4096)

    def connect(self, host: str, port: int, tls) -> Connection:
        return Connection(self, host, port, tls)

    def resolve(self, host: str, port: int):
        return lambda: socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)

    def secure(self, plain, host: str, tls):
        # IPPROTO_TCP, TCP_NODELAY: a frame would wait 40 ms for the delayed ACK of the one before.
        plain.setsockopt(6, 1, 1)
        if tls is None:
            return plain
        return call("tls", "wrap", plain, host, tls)

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
        poller.poll(watch(poller, streams, timeout_ms))
