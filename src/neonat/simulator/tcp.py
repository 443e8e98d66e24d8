"""A TCP port as a serial line, like that of a serial-to-network adapter."""

import contextlib
import select
import socket


class TcpPort:
    """One client at a time; the next one is served when it has gone. OSError when it is busy."""

    def __init__(self, host: str, port: int):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._server = socket.create_server((host, port), family=family, backlog=8)
        self._server.setblocking(False)
        self.port: int = self._server.getsockname()[1]
        self.host = host
        self._client: socket.socket | None = None

    @property
    def present(self) -> bool:
        return self._client is not None

    def describe(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def read(self, timeout: float) -> bytes:
        """What has come within `timeout` seconds; takes the next client when there is none."""
        waiting = self._client or self._server
        if not select.select([waiting], [], [], timeout)[0]:
            return b""
        if self._client is None:
            self._accept()
            return b""
        try:
            chunk = self._client.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            chunk = b""
        if not chunk:
            self._leave()
        return chunk

    def write(self, data: bytes) -> bool:
        """Whether all bytes were taken; what does not fit is lost, as on a line."""
        if self._client is None:
            return False
        try:
            return self._client.send(data) == len(data)
        except BlockingIOError:
            return False
        except OSError:
            self._leave()
            return False

    def close(self) -> None:
        self._leave()
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._server.accept()
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client = client

    def _leave(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
