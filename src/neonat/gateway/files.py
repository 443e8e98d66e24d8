"""The files of one directory, as the spool wants them; what differs by board comes as functions."""

import os


class Files:
    """One directory; `opener(path, mode)` gives unbuffered files, `sync(file)` makes one last.

    A file takes whole blocks of `block` bytes.
    """

    def __init__(self, directory: str, opener, sync, sync_directory=None, block: int = 1):
        self.block = block
        self.directory = directory
        self._open = opener
        self.sync = sync
        self._sync_directory = sync_directory

    def make(self) -> None:
        """Create the directory where it is missing; OSError when it cannot be."""
        try:
            os.stat(self.directory)
        except OSError:
            os.mkdir(self.directory)

    def _path(self, name: str) -> str:
        return self.directory + "/" + name

    def names(self) -> "list[str]":
        return os.listdir(self.directory)

    def open(self, name: str, mode: str):
        """A binary file; `mode` is `rb`, `ab` or `wb`."""
        file = self._open(self._path(name), mode)
        if mode != "rb" and self._sync_directory:
            self._sync_directory(self.directory)
        return file

    def read(self, name: str, limit: int) -> bytes:
        """The first `limit` bytes, none where there is no such file."""
        try:
            file = self._open(self._path(name), "rb")
        except OSError:
            return b""
        try:
            return file.read(limit)
        finally:
            file.close()

    def remove(self, name: str) -> None:
        os.remove(self._path(name))

    def replace(self, name: str, data: bytes) -> None:
        """The whole file anew: after a crash it holds the old or the new bytes, never a part."""
        path = self._path(name)
        file = self._open(path + ".new", "wb")
        try:
            if file.write(data) != len(data):
                raise OSError(28)
            self.sync(file)
        finally:
            file.close()
        os.rename(path + ".new", path)
        if self._sync_directory:
            self._sync_directory(self.directory)
