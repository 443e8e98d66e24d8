"""A directory in RAM that a test can kill at any byte, fill up, or cut the power of."""


class Killed(BaseException):
    """The process died in the middle of an operation."""


class RamFile:
    def __init__(self, disk: "RamDisk", name: str, writing: bool):
        self.disk = disk
        self.name = name
        self.content = disk.contents[name]
        self.writing = writing
        self.at = 0

    def write(self, data: bytes) -> int:
        assert self.writing
        room = len(data) if self.disk.room is None else max(0, min(self.disk.room, len(data)))
        if self.disk.room is not None:
            self.disk.room -= room
        for at in range(room):
            self.disk.spend()
            self.content.append(data[at])
        if not room and data:
            raise OSError(28)
        return room

    def read(self, size: int) -> bytes:
        data = bytes(self.content[self.at : self.at + size])
        self.at += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, at: int, whence: int = 0) -> int:
        self.at = at if whence == 0 else len(self.content) + at
        return self.at

    def close(self) -> None:
        pass


class RamDisk:
    """What `Files` offers. `life` counts bytes and operations until it is killed; None: never."""

    block = 1

    def __init__(self) -> None:
        self.contents: dict[str, bytearray] = {}
        self.synced: dict[str, int] = {}
        self.life: int | None = None
        self.room: int | None = None

    def spend(self) -> None:
        if self.life is not None:
            if not self.life:
                raise Killed
            self.life -= 1

    def make(self) -> None:
        pass

    def names(self) -> list[str]:
        return list(self.contents)

    def open(self, name: str, mode: str) -> RamFile:
        self.spend()
        if mode == "wb":
            self.contents[name] = bytearray()
            self.synced.pop(name, None)
        elif mode == "ab":
            self.contents.setdefault(name, bytearray())
        elif name not in self.contents:
            raise OSError(2)
        return RamFile(self, name, mode != "rb")

    def read(self, name: str, limit: int) -> bytes:
        return bytes(self.contents.get(name, b"")[:limit])

    def remove(self, name: str) -> None:
        self.spend()
        if name not in self.contents:
            raise OSError(2)
        del self.contents[name]
        self.synced.pop(name, None)

    def sync(self, file: RamFile) -> None:
        self.spend()
        self.synced[file.name] = len(file.content)

    def replace(self, name: str, data: bytes) -> None:
        self.spend()
        self.contents[name] = bytearray(data)
        self.synced[name] = len(data)
        self.spend()

    def lose_power(self, kept: int) -> None:
        """Of what was not synced only the first `kept` bytes of each file are there."""
        for name, content in self.contents.items():
            del content[self.synced.get(name, 0) + kept :]
