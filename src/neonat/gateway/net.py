"""A TCP connection, with TLS or without, that never waits: resolve, connect, handshake, stream."""

import select
import socket

# EAGAIN, EALREADY, EINPROGRESS on Linux; on macOS; on the ESP32.
IN_PROGRESS = (11, 114, 115, 36, 37, 119, 120)
CONNECTED = (106, 56, 127)  # EISCONN; elsewhere

LOOK_MS = 20  # for what no poller can watch


def watch(poller, streams: list, timeout_ms: int) -> int:
    """Put streams into a poller; how long it may wait at most."""
    for stream in streams:
        if stream.pollable is None:
            timeout_ms = min(timeout_ms, LOOK_MS)
        else:
            mask = select.POLLIN | (select.POLLOUT if stream.want_write else 0)
            poller.register(stream.pollable, mask)
    return timeout_ms


def why(error: OSError) -> str:
    """What is wrong, without the number."""
    text = str(error)
    return text.split("] ", 1)[1] if text.startswith("[Errno") and "] " in text else text


class Connection:
    """Towards `host`:`port`. `board` resolves names and wraps TLS; `tls` is None or {"ca": path}.

    Every method may raise OSError: the connection is over then.
    """

    def __init__(self, board, host: str, port: int, tls=None):
        self._board = board
        self._host = host
        self._port = port
        self._tls = tls
        self._answer = board.resolve(host, port)
        self._addresses: list = []
        self._socket: "socket.socket | None" = None
        self._secured = None
        self.want_write = False

    @property
    def pollable(self):
        """What `board.wait` can watch, None while the name is looked up."""
        return self._socket if self._secured is None else self._secured

    def ready(self) -> bool:
        """Go on with connecting; True once bytes can flow."""
        if self._answer is not None:
            found = self._answer()
            if found is None:
                return False
            self._answer = None
            self._addresses = list(found)
        if self._secured is None and not self._connect():
            return False
        done = self._board.handshake(self._secured)
        self.want_write = False
        return done

    def _connect(self) -> bool:
        while True:
            if self._socket is None:
                family, kind, protocol, _, address = self._addresses[0]
                self._socket = socket.socket(family, kind, protocol)
                self._socket.setblocking(False)
            address = self._addresses[0][4]
            try:
                self._socket.connect(address)
            except OSError as error:
                if error.errno in IN_PROGRESS:
                    self.want_write = True
                    return False
                if error.errno not in CONNECTED:
                    self._next(error)
                    continue
            self._secured = self._board.secure(self._socket, self._host, self._tls)
            return True

    def _next(self, error: OSError) -> None:
        self._socket.close()  # type: ignore[union-attr]
        self._socket = None
        del self._addresses[0]
        if not self._addresses:
            raise error

    def read(self, size: int) -> "bytes | None":
        """What has come, None for nothing now; OSError when the peer has closed."""
        data = self._board.receive(self._secured, size)
        if data is not None and not data:
            raise OSError("the other side has closed the connection")
        return data

    def write(self, data) -> int:
        """How many bytes were taken, 0 when none can be now."""
        count = self._board.transmit(self._secured, data)
        self.want_write = count < len(data)
        return count

    def close(self) -> None:
        for each in (self._secured, self._socket):
            if each is not None:
                try:
                    each.close()
                except OSError:
                    pass
        self._secured = self._socket = None
