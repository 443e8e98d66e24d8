"""One file of the spool: lines `crc32 time|boot.seq|data` of one boot, and what is left."""

import binascii

from neonat.gateway.writing import LINE_MAX

BLOCK = 512
COUNT_MAX = 65536


def encode(body: str) -> bytes:
    """A record's line for the file."""
    raw = body.encode()
    return b"%08x %s\n" % (binascii.crc32(raw) & 0xFFFFFFFF, raw)


def decode(line: bytes) -> "tuple[str, int, int, str] | None":
    """(time, boot, seq, data) of a line without its LF; None when it is torn or corrupt."""
    raw = line[9:]
    if line[8:9] != b" " or b"%08x" % (binascii.crc32(raw) & 0xFFFFFFFF) != line[:8]:
        return None
    try:
        time, number, data = raw.decode().split("|", 2)
        boot, seq = number.split(".")
        return time, int(boot), int(seq), data
    except ValueError:
        return None


def lines(file, offset: int = 0):
    """Yield (offset after it, line without LF) of each line; what is no line stays bounded."""
    file.seek(offset)
    rest = b""
    while True:
        block = file.read(BLOCK)
        if not block:
            if rest:
                yield offset + len(rest), rest
            return
        block = rest + block
        start = 0
        end = block.find(b"\n")
        while end >= 0:
            yield offset + end + 1, block[start:end]
            start = end + 1
            end = block.find(b"\n", start)
        offset += start
        rest = block[start:]
        if len(rest) > 2 * LINE_MAX:
            offset += len(rest)
            rest = b""


class Segment:
    """The index of a file: its records `first` to `last`, of which `left` are still wanted."""

    def __init__(self, number: int, boot: int):
        self.number = number
        self.boot = boot
        self.first = 0
        self.last = 0
        self.left = 0
        self.size = 0
        self.since = ""
        self._gone: "bytearray | None" = None

    @property
    def name(self) -> str:
        return "%010d.log" % self.number

    def add(self, seq: int) -> bool:
        """One more record in the file; False when it cannot belong here."""
        if not self.last:
            if seq < 1:
                return False
            self.first = seq
        elif not self.last < seq < self.first + COUNT_MAX:
            return False
        else:
            for missing in range(self.last + 1, seq):
                self._mark(missing)
        self.last = seq
        self.left += 1
        return True

    def _mark(self, seq: int) -> bool:
        index, bit = divmod(seq - self.first, 8)
        gone = self._gone
        if gone is None:
            gone = self._gone = bytearray()
        if len(gone) <= index:
            gone.extend(bytes(index + 1 - len(gone)))
        if gone[index] >> bit & 1:
            return False
        gone[index] |= 1 << bit
        return True

    def holds(self, seq: int) -> bool:
        """Whether the record is here and still wanted."""
        if not self.first <= seq <= self.last:
            return False
        index, bit = divmod(seq - self.first, 8)
        gone = self._gone
        return gone is None or index >= len(gone) or not gone[index] >> bit & 1

    def drop(self, first: int, last: int) -> int:
        """Records `first` to `last` are no longer wanted: how many of them were."""
        count = 0
        for seq in range(max(first, self.first), min(last, self.last) + 1):
            if self._mark(seq):
                count += 1
        self.left -= count
        if count:
            self.since = ""
        return count

    def ranges(self) -> "list[list[int]]":
        """What is left, as [first, last] in order."""
        found: "list[list[int]]" = []
        for seq in range(self.first, self.last + 1) if self.left else ():
            if not self.holds(seq):
                continue
            if found and found[-1][1] == seq - 1:
                found[-1][1] = seq
            else:
                found.append([seq, seq])
        return found
