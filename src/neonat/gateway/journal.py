"""The segment that is written now."""

from neonat.gateway.segment import Segment


class Journal:
    """One open file of `files`, or none; whole lines go into it, and its segment counts them."""

    def __init__(self, files):
        self.files = files
        self._file = None
        self._torn = False
        self._unsynced = False
        self.segment: "Segment | None" = None

    def begin(self, segment: Segment) -> None:
        """Write a segment's file from here on; OSError."""
        self._file = self.files.open(segment.name, "ab")
        self._torn = self._unsynced = False
        self.segment = segment

    def is_full(self, size: int) -> bool:
        """Whether the segment has `size` bytes, or too many holes."""
        segment = self.segment
        return segment is not None and (segment.size >= size or segment.is_scattered)

    def write(self, seq: int, line: bytes) -> None:
        """The line of one record; OSError: it is not there, or torn."""
        if self._torn:
            line = b"\n" + line
        self._torn = True
        if self._file.write(line) != len(line):  # type: ignore[union-attr]
            raise OSError(28)
        self._torn = False
        self._unsynced = True
        self.segment.add(seq)  # type: ignore[union-attr]
        self.segment.size += len(line)  # type: ignore[union-attr]

    def sync(self) -> None:
        """Make what was written durable; OSError."""
        if self._unsynced:
            self.files.sync(self._file)
            self._unsynced = False

    def close(self) -> None:
        """Nothing more comes into this segment, also when it raises OSError."""
        file, self._file, self.segment = self._file, None, None
        self._unsynced = False
        file.close()  # type: ignore[union-attr]
