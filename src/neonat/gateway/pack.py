"""Writing packed segments, a little at a time; what is in one, `unpack` says."""

import binascii
import struct

from neonat.gateway.model import Model, words
from neonat.gateway.segment import AFRESH, ALONE, COUNT, MARK, PACKED, Segment, decode, lines

WRITTEN_MAX = 3
PIECE_BYTES = 640
AFRESH_BYTES = 4096
SLICE = 16
LEAST = 7  # characters of a frame
MOST = 280  # so that a piece is never longer than `unpack` takes


def moment(time: str) -> int:
    """Milliseconds since 1970 of a real time, since boot of another; ValueError."""
    if time[:1] == "+":
        return int(time[1:])
    year, month, day = int(time[:4]), int(time[5:7]), int(time[8:10])
    if month < 3:
        year -= 1
        month += 12
    days = 365 * year + year // 4 - year // 100 + year // 400
    days += (153 * (month - 3) + 2) // 5 + day - 719469
    seconds = (days * 24 + int(time[11:13])) * 3600 + int(time[14:16]) * 60 + int(time[17:19])
    return seconds * 1000 + int(time[20:23])


class Packing:
    """Moves what the written segments of a spool hold into packed ones, the oldest first.

    `old` is the one that is moved, `segment` the one that it comes into. `old` keeps everything
    until all of it is durable; what fails before that costs nothing but some bytes of the disk.
    """

    def __init__(self, spool):
        self.old: "Segment | None" = None
        self.segment: "Segment | None" = None
        self._spool = spool
        self._in = self._out = self._lines = None
        self._model = Model()
        self._first = self._count = self._since = self._flags = 0
        self._pieces: "list[tuple[int, int]]" = []

    def step(self) -> bool:
        """Go on by some records; False when there is nothing to pack. OSError, MemoryError."""
        if self.old is None and not self._begin():
            return False
        for _ in range(SLICE):
            item = next(self._lines, None)  # type: ignore[arg-type]
            if item is None:
                self._finish()
                break
            found = decode(item[1])
            if found and self.old.holds(found[2]):  # type: ignore[union-attr]
                self._add(found[2], found[0], found[3])
        return True

    def stop(self) -> None:
        """Pack no more, neither of the one nor into the other."""
        self._close(self._in)
        self._end_segment()

    def _close(self, file) -> None:
        try:
            if file is not None:
                file.close()
        except OSError:
            self._spool.failures += 1

    def _end_segment(self) -> None:
        self._close(self._out)
        segment, self.segment = self.segment, None
        if segment is not None and segment not in self._spool.segments:
            self._spool.remove(segment.name)

    def _begin(self) -> bool:
        spool = self._spool
        written = [each for each in spool.segments if each.suffix == Segment.suffix]
        # Small ones are not worth it: each packed one takes a block at least.
        large = [each for each in written if each.size >= spool.written_size // 2]
        if len(written) <= WRITTEN_MAX or not large or large[0] is spool.segments[-1]:
            return False
        old = large[0]
        packed = self.segment
        if packed is not None and (
            packed.boot != old.boot or packed.size >= spool.segment_size or packed.is_scattered
        ):
            self._end_segment()
        self._in = spool.files.open(old.name, "rb")
        self._lines = lines(self._in)
        self.old = old
        return True

    def _add(self, seq: int, time: str, data: str) -> None:
        if self.segment is None:
            self._begin_segment(time)
        if self._count and seq != self._first + self._count:
            self._end()
        raw = data.encode()
        at = moment(time)
        if (
            data[:2] != "\\x"
            or not LEAST <= len(raw) <= MOST
            or words(at) != time
            or max(raw) > 126
        ):
            self._end()
            self._piece(ALONE, seq, 1, (time + "|" + data).encode())
            return
        model = self._model
        if not self._count:
            self._first = seq
            if self._since >= AFRESH_BYTES:
                self._since = 0
            self._flags = 0 if self._since else AFRESH
            if not self._since:
                model.begin()
            model.coder.write()
        self._count += 1
        model.record(at, raw)
        if model.coder.used >= PIECE_BYTES or self._count == COUNT:
            self._end()

    def _begin_segment(self, time: str) -> None:
        packed = Segment(self.old.number, self.old.boot)  # type: ignore[union-attr]
        packed.suffix = PACKED
        packed.begin = time
        self._out = self._spool.files.open(packed.name, "wb")
        self.segment = packed
        self._since = 0
        self._put(struct.pack("<4sI24s", MARK, packed.boot, time.encode()))

    def _end(self) -> None:
        if self._count:
            packed = self._model.coder.end()
            self._piece(self._flags, self._first, self._count, packed)
            self._count = 0
            self._since += len(packed)

    def _piece(self, flags: int, first: int, count: int, data: "bytes | memoryview") -> None:
        head = struct.pack("<HHI", len(data), count | flags, first)
        crc = binascii.crc32(data, binascii.crc32(head)) & 0xFFFFFFFF
        self._put(head + struct.pack("<I", crc))
        self._put(data)
        self._pieces.append((first, count))

    def _put(self, data: "bytes | memoryview") -> None:
        if self._out.write(data) != len(data):  # type: ignore[union-attr]
            raise OSError(28)
        self.segment.size += len(data)  # type: ignore[union-attr]

    def _finish(self) -> None:
        """Make it durable, let the packed segment count what `old` still holds, and forget that."""
        spool = self._spool
        old = self.old
        packed = self.segment
        self._in.close()  # type: ignore[union-attr]
        if packed is not None:
            self._end()
            spool.files.sync(self._out)
            held = [
                (max(low, first), min(high, first + count - 1))
                for first, count in self._pieces
                for low, high in old.held  # type: ignore[union-attr]
            ]
            where = spool.segments.index(old)
            # From here on nothing may fail half way.
            for low, high in held:
                if low <= high:
                    packed.add(low, high - low + 1)
            if packed not in spool.segments:
                spool.segments.insert(where, packed)
        self._pieces = []
        self.old = self._in = self._lines = None
        old.drop(old.first, old.last)  # type: ignore[union-attr]
        spool.tidy(old)
        if packed is not None:
            spool.tidy(packed)
