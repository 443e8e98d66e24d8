"""Packed segments: frames by what differs from the one before, a few bytes each.

A file begins with the mark, the boot and the time of its first record; pieces follow, each a head
(bytes, count and flags, first number, CRC-32) and what it counts. Numbers go without a hole through
a piece. It holds frames that `model` coded, or the text of one record that is no frame. Decoding
can begin at each piece with the flag `AFRESH`: damage costs no more than until the next of these,
but where it hits a count of bytes, the rest of the file.
"""

import binascii
import struct

from neonat.gateway.model import Model, words
from neonat.gateway.segment import AFRESH, ALONE, COUNT, MARK, PACKED, Segment

FILE_HEAD = "<4sI24s"
PIECE_HEAD = "<HHII"
FILE_HEAD_SIZE = 32
PIECE_HEAD_SIZE = 12
PIECE_MAX = 2560


def heads(file, size: int, offset: int = FILE_HEAD_SIZE):
    """Yield (offset, bytes, flags, count, first, CRC-32) of each piece of a file."""
    while offset + PIECE_HEAD_SIZE <= size:
        file.seek(offset)
        length, count, first, crc = struct.unpack(PIECE_HEAD, file.read(PIECE_HEAD_SIZE))
        if not 0 < length <= PIECE_MAX or not count & COUNT or offset + 12 + length > size:
            return
        yield offset, length, count & ~COUNT, count & COUNT, first, crc
        offset += PIECE_HEAD_SIZE + length


def scan(files, name: str) -> Segment:
    """The index of a packed file, by the heads of its pieces. OSError."""
    segment = Segment(int(name[: -len(PACKED)]), 0)
    segment.suffix = PACKED
    file = files.open(name, "rb")
    try:
        head = file.read(FILE_HEAD_SIZE)
        if len(head) == FILE_HEAD_SIZE and head[:4] == MARK:
            _, segment.boot, since = struct.unpack(FILE_HEAD, head)
            segment.begin = since.rstrip(b"\0").decode()
            for offset, length, _, count, first, _ in heads(file, file.seek(0, 2)):
                segment.size = offset + PIECE_HEAD_SIZE + length
                if not segment.add(first, count):
                    break
    except ValueError:
        pass
    finally:
        file.close()
    return segment


def read(spool, segment: Segment, offset: int):
    """`Spool.read` of a packed segment; `offset` counts records."""
    reader = spool.reader
    if reader is None or reader.segment is not segment or reader.taken != offset:
        spool.reader = None
        reader = Reader(spool.files, segment)
    # What fails half way has lost the thread.
    spool.reader = None
    while reader.item:
        time, seq, data = reader.item
        spool.missing(segment, reader.expected, seq - 1)
        reader.expected = seq + 1
        if segment.holds(seq):
            spool.reader = reader
            yield reader.count, time, seq, data
            reader.taken = reader.count
            spool.reader = None
        reader.next()
    spool.missing(segment, reader.expected, segment.last)


def untwin(spool) -> None:
    """Of what was packed when the power failed, believe what was written before."""
    packed = [segment for segment in spool.segments if segment.suffix == PACKED]
    for old in [segment for segment in spool.segments if segment not in packed]:
        for segment in packed:
            if segment.boot == old.boot:
                for low, high in old.held:
                    segment.drop(low, high)
    for segment in packed:
        spool.tidy(segment)


def said(files, segment: Segment):
    """Yield the data of the wanted records in a packed segment that are no frames. OSError."""
    file = files.open(segment.name, "rb")
    try:
        for offset, length, flags, _, first, crc in heads(file, segment.size):
            if flags & ALONE and segment.holds(first):
                text = bytearray(length)
                if _proven(file, offset, text, length, crc):
                    yield text.decode().split("|", 1)[1]
    finally:
        file.close()


def _proven(file, offset: int, buffer: bytearray, length: int, crc: int) -> bool:
    """Read a piece into the beginning of a buffer; whether it is as it was written."""
    file.seek(offset)
    found = binascii.crc32(file.read(PIECE_HEAD_SIZE)[:8])
    view = memoryview(buffer)[:length]
    return file.readinto(view) == length and binascii.crc32(view, found) & 0xFFFFFFFF == crc


class Reader:
    """The records of a packed segment one after the other; `item` is (time, seq, data) or None.

    Parts in which nothing is wanted, and damaged ones, are passed over. `count` grows with each;
    `taken` is it at the last that was wanted, `expected` the number after the last. After an error
    (OSError, MemoryError) only another one can go on.
    """

    def __init__(self, files, segment: Segment):
        self.segment = segment
        self.expected = segment.first
        self.count = self.taken = 0
        self.item: "tuple[str, int, str] | None" = None
        self._files = files
        self._model = Model()
        self._is_known = False
        self._seq = self._left = self._alone = 0
        self._offset = FILE_HEAD_SIZE
        self.next()

    def next(self) -> None:
        """Go on to the next record; OSError, MemoryError."""
        self.count += 1
        if not self._left and not self._piece():
            self.item = None
            return
        self._left -= 1
        if self._alone:
            text = bytes(memoryview(self._model.coder.buffer)[: self._alone]).decode()
            time, _, data = text.partition("|")
        else:
            at, raw = self._model.record(0, b"")
            time = words(at)
            data = raw.decode()
        self.item = (time, self._seq, data)
        self._seq += 1

    def _piece(self) -> bool:
        """Take the next piece with something in it; False at the end."""
        segment = self.segment
        file = self._files.open(segment.name, "rb")
        try:
            for offset, length, flags, count, first, crc in heads(file, segment.size, self._offset):
                self._offset = offset + PIECE_HEAD_SIZE + length
                if flags & AFRESH:
                    self._is_known = self._is_wanted(file, offset)
                    self._model.begin()
                if not (segment.holds(first) if flags & ALONE else self._is_known):
                    continue
                if not self._take(file, offset, length, crc):
                    self._is_known = False
                    continue
                self._alone = length if flags & ALONE else 0
                self._seq = first
                self._left = count
                return True
        finally:
            file.close()
        return False

    def _take(self, file, offset: int, length: int, crc: int) -> bool:
        """Read a piece for the coder; False when it is damaged."""
        coder = self._model.coder
        if length > len(coder.buffer):
            coder.buffer.extend(bytes(length - len(coder.buffer)))
        if not _proven(file, offset, coder.buffer, length, crc):
            return False
        coder.read(length)
        return True

    def _is_wanted(self, file, begin: int) -> bool:
        """Whether a frame is wanted before the coder begins afresh again."""
        for offset, _, flags, count, first, _ in heads(file, self.segment.size, begin):
            if flags & AFRESH and offset > begin:
                return False
            if not flags & ALONE and any(
                first <= item[1] and item[0] < first + count for item in self.segment.held
            ):
                return True
        return False
