"""One file of the spool: lines `crc32 time|boot.seq|data` of one boot, and what is left."""

import binascii

from neonat.gateway.writing import LINE_MAX

BLOCK = 256
RANGES_MAX = 24

# Of a packed segment: how its name ends, how it begins, and beside the count of a piece, that the
# coder begins afresh there or that it is one record that stands alone.
PACKED = ".pak"
MARK = b"NP1\n"
AFRESH = 0x8000
ALONE = 0x4000
COUNT = 0x3FFF


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
    """The index of a file: which records it holds that are still wanted, as ranges of `held`.

    `last` is the highest number in it, `left` how many are wanted, `size` its bytes; `since` is the
    time of the first that is wanted, once it was looked up, `begin` that of the first in the file.
    """

    suffix = ".log"  # of lines; packed ones have another

    def __init__(self, number: int, boot: int):
        self.number = number
        self.boot = boot
        self.held: "list[list[int]]" = []
        self.last = 0
        self.left = 0
        self.size = 0
        self.since = ""
        self.begin = ""

    @property
    def name(self) -> str:
        return "%010d" % self.number + self.suffix

    @property
    def first(self) -> int:
        """The lowest number that is still wanted."""
        return self.held[0][0] if self.held else self.last + 1

    @property
    def is_scattered(self) -> bool:
        """Whether its index is as large as it may become."""
        return len(self.held) >= RANGES_MAX

    def add(self, seq: int, count: int = 1) -> bool:
        """More records in the file, from `seq` on; False when they cannot belong here."""
        if seq <= self.last:
            return False
        self.last = seq + count - 1
        self.left += count
        if self.held and self.held[-1][1] == seq - 1:
            self.held[-1][1] = self.last
        else:
            self.held.append([seq, self.last])
        return True

    def holds(self, seq: int) -> bool:
        """Whether the record is here and still wanted."""
        for item in self.held:
            if seq <= item[1]:
                return item[0] <= seq
        return False

    def drop(self, first: int, last: int) -> int:
        """Records `first` to `last` are no longer wanted: how many of them were.

        From the middle of a range only while the index is small: what is kept is sent again.
        """
        count = 0
        for item in self.held[:]:
            low = max(first, item[0])
            high = min(last, item[1])
            if low > high:
                continue
            if item[0] < low and high < item[1]:
                if self.is_scattered:
                    continue
                self.held.insert(self.held.index(item) + 1, [high + 1, item[1]])
                item[1] = low - 1
            elif item[0] < low:
                item[1] = low - 1
            elif high < item[1]:
                item[0] = high + 1
            else:
                self.held.remove(item)
            count += high - low + 1
        self.left -= count
        if count:
            self.since = ""
        return count
