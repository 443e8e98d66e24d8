"""A TCP connection that tests can cut, freeze and let break off in the middle of a message."""

import contextlib
import socket
import struct
import threading

HOST = "127.0.0.1"
BLOCK = 16384


class Proxy:
    """Listens on `port` and hands everything on to `target`, both ways, until told otherwise."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server((HOST, 0))
        self.port: int = self._server.getsockname()[1]
        self.connections = 0
        self._flows = threading.Event()
        self._flows.set()
        self._guard = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._budget: int | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Reset all connections."""
        with self._guard:
            pairs, self._pairs = self._pairs, []
            self._budget = None
        for pair in pairs:
            for end in pair:
                _reset(end)

    def cut_after(self, count: int) -> None:
        """Reset all connections once `count` more bytes have gone to the target."""
        with self._guard:
            self._budget = count

    def freeze(self) -> None:
        """Let nothing through, as a cable that was pulled: nobody is told."""
        self._flows.clear()

    def thaw(self) -> None:
        """Let everything through again, what was held back first."""
        self._flows.set()

    def close(self) -> None:
        self._server.close()
        self._flows.set()
        self.cut()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        self._flows.wait()
        try:
            target = socket.create_connection((HOST, self._target), timeout=5)
        except OSError:
            _reset(client)
            return
        for end in (client, target):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._guard:
            self._pairs.append((client, target))
            self.connections += 1
        for pair in ((client, target, True), (target, client, False)):
            threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, upward: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(BLOCK):
                self._flows.wait()
                if upward and self._breaks_off(sink, data):
                    break
                sink.sendall(data)
        _reset(source)
        _reset(sink)

    def _breaks_off(self, sink: socket.socket, data: bytes) -> bool:
        with self._guard:
            if self._budget is None:
                return False
            allowed = data[: self._budget]
            self._budget -= len(allowed)
            if self._budget:
                return False
        sink.sendall(allowed)
        self.cut()
        return True


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    end.close()
