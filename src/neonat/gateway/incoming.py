"""A bundle on its way into the flash, beside what runs: resumable, and proven before it is used."""

import os

from neonat.gateway import bundle, flash
from neonat.gateway.bundle import BundleError

PART = "/update.part"
HEAD = "/update.head"


class Incoming:
    """`at` of `size` bytes are there; the first `head` are the manifest; `slot` is written.

    A BundleError is the reason of a refusal: whoever gets it discards what is there.
    """

    def __init__(self, home: str, slot: str, key: bytes, command: dict):
        self.home = home
        self.slot = slot
        self.key = key
        self.id = command.get("id")
        self.mac = command.get("mac")
        self.head = command.get("head", 0)
        self.size = command.get("size", 0)
        self.at = 0
        self.facts: dict = {}
        for value in (self.head, self.size):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise BundleError("head and size are numbers of bytes")
        if not isinstance(self.mac, str) or len(self.mac) != 64:
            raise BundleError("mac is the 64 hex digits at the end of the manifest")
        if self.head > bundle.HEAD_MAX or self.size > self.head + bundle.BODY_MAX:
            raise BundleError("the bundle is too large")

    def take(self, offset: int, data) -> bool:
        """A piece; True when all is there. One that is not wanted now is ignored."""
        if offset != self.at or not data:
            return False
        if self.at + len(data) > self.size:
            raise BundleError("the bundle is longer than announced")
        try:
            if self.at < self.head:
                data = self._manifest(data)
            if self.at >= self.head:
                self._files(data)
        except OSError as error:
            raise BundleError("the flash fails: " + str(error)) from None
        return self.at == self.size

    def _manifest(self, data):
        mine = data[: self.head - self.at]
        with open(self.home + PART, "ab") as file:
            file.write(mine)
        self.at += len(mine)
        if self.at == self.head:
            from neonat.gateway import checking

            self.facts = checking.manifest(self, self.home + PART)
            checking.make_room(self)
            os.rename(self.home + PART, self.home + HEAD)
        return data[len(mine) :]

    def _files(self, data) -> None:
        """Write what belongs to each file from `at` on."""
        start = self.head
        with open(self.home + HEAD, "rb") as manifest:
            for _, size, path in bundle.entries(manifest):
                done = self.at - start
                start += size
                if done > size or (size and done == size):
                    continue
                if size and not data:
                    return
                mine = data[: size - done]
                self._append(path, mine)
                self.at += len(mine)
                data = data[len(mine) :]
                if self.at < start:
                    return

    def _append(self, path: str, data) -> None:
        name = self.home + "/" + self.slot
        for part in path.split("/"):
            if not flash.there(name):
                os.mkdir(name)
            name += "/" + part
        with open(name, "ab") as file:
            if data and file.write(data) != len(data):
                raise OSError(28)
