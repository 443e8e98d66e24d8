"""One look at the time servers: all are asked some times, over seconds; nothing waits.

Imported when it is time to look, and gone from the heap after that.
"""

import os
import socket

from neonat.gateway import sntp
from neonat.gateway.board_micropython import EAGAIN

SAMPLES = 3
EVERY_MS = 2000
PATIENCE_MS = 8000


class Server:
    """One of them. `best` is its (round trip, offset) with the shortest trip; `why`, when none."""

    want_write = False

    def __init__(self, board, name: str):
        self.name = name
        self.best: "tuple[int, int] | None" = None
        self.why = "no answer"
        self.left = SAMPLES
        self.pollable: "socket.socket | None" = None
        self._board = board
        self._token = b""
        self._sent = self._next = 0
        host, _, port = name.partition(":")
        self._answer = board.resolve(host, int(port or sntp.PORT))

    def step(self, now: int) -> None:
        """Ask when it is time, take what has come; OSError."""
        if self.pollable is None:
            found = self._answer()
            if not found:
                return
            family, _, _, _, address = found[0]
            self.pollable = socket.socket(family, socket.SOCK_DGRAM)
            self.pollable.setblocking(False)
            self.pollable.connect(address)
            self._next = now
        self._take()
        if self.left and now >= self._next:
            self.left -= 1
            self._token = os.urandom(8)
            self._next = now + EVERY_MS
            self._sent = self._board.ticks()
            self.pollable.send(sntp.request(self._token))

    def _take(self) -> None:
        while True:
            try:
                data = self.pollable.recv(sntp.SIZE)  # type: ignore[union-attr]
            except OSError as error:
                if error.errno in EAGAIN:
                    return
                raise
            try:
                sample = sntp.answer(data, self._token, self._sent, self._board.ticks())
            except sntp.RefusedError as error:
                self.why = str(error)
                if data[1:2] == b"\0":
                    self.left = 0
                continue
            self._token = b""
            self.best = min(self.best or sample, sample)

    def busy(self, now: int) -> bool:
        """Whether it may still have an answer for us."""
        return self.pollable is None or self.left > 0 or (self._token != b"" and now < self._next)

    def close(self) -> None:
        if self.pollable is not None:
            self.pollable.close()
            self.pollable = None


class Look:
    """`streams` for `board.wait`; `step` gives (offset or None, what to log) when it is over."""

    def __init__(self, board, names: "list[str]", now: int):
        self._until = now + PATIENCE_MS
        self._done: "list[Server]" = []
        self.streams: list = []
        for name in names:
            try:
                self.streams.append(Server(board, name))
            except OSError:
                pass
        self._asked = len(names)

    def step(self, now: int) -> "tuple[int | None, str] | None":
        for server in self.streams[:]:
            try:
                server.step(now)
            except OSError as error:
                server.why = str(error)
                server.left = 0
                server.close()
            else:
                if server.busy(now) and now < self._until:
                    continue
            self.streams.remove(server)
            self._done.append(server)
            server.close()
        return None if self.streams else self._end()

    def _end(self) -> "tuple[int | None, str]":
        samples = [server.best for server in self._done if server.best]
        best = sntp.chosen(samples)
        if best:
            return best[1], "clock: %d of %d time servers agree, round trip %d ms" % (
                len(
                    [1 for trip, offset in samples if abs(offset - best[1]) <= sntp.AGREE_MS + trip]
                ),
                self._asked,
                best[0],
            )
        if samples:
            return None, "clock: the time servers disagree"
        why = ["%s: %s" % (server.name, server.why) for server in self._done]
        return None, "clock: no time server; " + ("; ".join(why) or "no network")


def begin(remote, now: int) -> Look:
    """Begin a look; `remote` is a `Remote`."""
    return Look(remote.gateway.board, remote.gateway.config.get("ntp") or [], now)


def keep(remote, utc_ms: int) -> None:
    """The clock chip, and on the flash a time that certainly has passed: once a day."""
    from neonat.gateway import flash

    remote.gateway.board.set_wall(utc_ms)
    seconds = utc_ms // 1000
    known = flash.read(remote.home + "/time.json").get("utc_s")
    if not isinstance(known, int) or not 0 <= seconds - known < 86400:
        try:
            flash.replace(remote.home + "/time.json", {"utc_s": seconds})
        except OSError as error:
            remote.log("flash: " + str(error))
