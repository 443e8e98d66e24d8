"""The one command that may be outstanding, and its response (medibus.md, "Session")."""

from . import requests
from .frame import ESC, command

RESPONSE_LIMIT = 10000
OPEN_PERIOD = 3000
RETRY_DELAY = 300
RETRIES = 3


class Exchange:
    """What was asked and when, how often again, and what came too late; milliseconds."""

    def __init__(self) -> None:
        self.asked: "int | None" = None
        self.sent_at = 0
        self.retry_at: "int | None" = None
        self.spoilt = False
        self._asked_at = 0
        self._tries = 0
        self._naks = 0
        self._last = b""  # for a NAK
        self._answered: "int | None" = None
        self._given_up: "set[int]" = set()

    def ask(self, now: int, code: int) -> bytes:
        """A new command; nothing may be outstanding."""
        self._tries = 0
        return self.send(now, command(code))

    def send(self, now: int, data: bytes) -> bytes:
        """Note a frame that is sent; a command gets its full time for the response."""
        self.sent_at = now
        if data[0] == ESC:
            self.asked = data[1]
            self._asked_at = now
            self.retry_at = None
            self.spoilt = False
        # While a command waits it is what a NAK is about.
        if data[0] == ESC or self.asked is None:
            self._last = data
        return data

    def ends_at(self) -> int:
        """When the response is no longer waited for."""
        return self._asked_at + (OPEN_PERIOD if self.asked == requests.ICC else RESPONSE_LIMIT)

    def drop(self) -> None:
        """Wait no longer: what was asked will not be answered."""
        self.asked = self.retry_at = None
        self.spoilt = False

    def give_up(self) -> "int | None":
        """Wait no longer, but know the response if it comes late; the code that was asked."""
        asked = self.asked
        self.drop()
        if asked is not None:
            self._given_up.add(asked)
        return asked

    def wants_retry(self, now: int) -> bool:
        """Whether it is time to ask again, after `corrupt`."""
        return self.retry_at is not None and now >= self.retry_at

    def retry(self, now: int) -> bytes:
        """The command again; empty when it was asked often enough."""
        self.retry_at = None
        if self._tries >= RETRIES or self.asked is None:
            return b""
        self._tries += 1
        return self.send(now, command(self.asked))

    def corrupt(self, now: int, reason: str, raw: bytes) -> None:
        """A frame was spoilt; ask again soon if it may have been the response.

        `spoilt`: what came may have been the response, in whatever form.
        """
        if self.asked is None or raw[:1] == b"\x1b":
            return
        self.spoilt = True
        if self.retry_at is not None or len(raw) < 2:
            return
        # A truncated frame is known late and may be an old one; after a bad checksum nothing
        # more will come.
        if reason == "checksum" or (reason == "truncated" and raw[1] == self.asked):
            self.retry_at = now + RETRY_DELAY

    def understood(self) -> None:
        """The device sent something else than a NAK."""
        self._naks = 0

    def again(self, now: int) -> bytes:
        """The last frame once more, as a NAK wants it, not for ever."""
        self._naks += 1
        if self._naks > RETRIES or not self._last:
            return b""
        if self._last[0] == ESC and self._last[1] != self.asked:
            return b""
        return self.send(now, self._last)

    def take(self, code: int) -> str:
        """Take a response: empty when it was waited for, else what is wrong with it."""
        if code == self.asked:
            self.drop()
            self._answered = code
            self._given_up.discard(code)
            return ""
        if code in self._given_up:
            self._given_up.discard(code)
            return "late"
        return "duplicate" if code == self._answered else "unexpected"
