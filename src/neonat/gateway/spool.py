"""The bounded log of records in flash: written before they are sent, gone when acknowledged.

A segment file holds records of one boot; RAM holds an index of segments, never the records.
"""

from neonat.gateway.ledger import coarse, facts, scan, since
from neonat.gateway.segment import Segment, decode, encode, lines
from neonat.gateway.writing import held_text, record

HELD_MAX = 700
BOOT_FILES = ("boot", "boot.copy")


class Spool:
    """Records of this boot and, after a restart, of earlier ones.

    `files` is a `Files`; `stamp()` gives the time text of the spool's own records; `limit` and
    `segment_size` are bytes. A failing disk never raises from `append`: the numbers that it could
    not write are named by a `!drop` record once it can again.
    """

    def __init__(self, files, stamp, limit: int, segment_size: int = 0, segments_max: int = 64):
        self.files = files
        self.limit = limit
        self.segment_size = segment_size or max(4096, min(262144, limit // 24))
        self.segments_max = segments_max
        self.segments: "list[Segment]" = []
        self.boot = 0
        self.seq = 0
        self.dropped = 0
        self.failures = 0
        self._stamp = stamp
        self._heading: "list[tuple[str, str]]" = []
        self._announced = True
        self._owed: "list[list[int]]" = []
        self._number = 0
        self._active = None
        self._torn = False
        self._unsynced = False
        self._open()

    def _open(self) -> None:
        for name in sorted(self.files.names()):
            if not name.endswith(".log") or not name[:-4].isdigit():
                continue
            self._number = max(self._number, int(name[:-4]))
            try:
                segment = scan(self.files, name)
            except OSError:
                self.failures += 1
                continue
            if segment.left:
                self.segments.append(segment)
            else:
                self._remove(name)

    def _remove(self, name: str) -> None:
        try:
            self.files.remove(name)
        except OSError:
            self.failures += 1

    def start(self, heading: "list[tuple[str, str]]", above: int = 0) -> int:
        """Begin a boot with a number never used before, and its `!boot` record; the number.

        It is more than `above`. OSError when it cannot be kept: then nothing may be sent.
        """
        highest = max([segment.boot for segment in self.segments] + [above])
        for name in BOOT_FILES:
            found = decode(self.files.read(name, 64).rstrip(b"\n"))
            highest = max(highest, found[1] if found else 0)
        for name in BOOT_FILES:
            self.files.replace(name, encode("boot|%d.0|" % (highest + 1)))
        self.close()
        self.boot = highest + 1
        self.seq = 0
        self._heading = heading
        self._announce()
        return self.boot

    def _announce(self) -> None:
        pairs = list(self._heading)
        texts = [""]
        for segment in self.segments:
            for first, last in segment.ranges() if segment.boot < self.boot else ():
                if len(texts[-1]) > HELD_MAX:
                    texts.append("")
                item = held_text([(segment.boot, first, last)])
                texts[-1] += "," + item if texts[-1] else item
        self._announced = True
        for text in texts:
            if not self._write(self._stamp(), record("boot", pairs + [("held", text)])):
                self._announced = False
            pairs = []

    @property
    def records(self) -> int:
        """How many records wait for their acknowledgement."""
        return sum(segment.left for segment in self.segments)

    @property
    def bytes(self) -> int:
        """The size of all segments."""
        return sum(segment.size for segment in self.segments)

    def oldest(self) -> "str | None":
        """The real time of the oldest record that waits, None when it has none."""
        for segment in self.segments:
            if segment.left:
                if not segment.since:
                    segment.since = since(self.files, segment)
                return segment.since if segment.since[:1] != "+" else None
        return None

    def append(self, time: str, data: str) -> int:
        """Write one record (escaped data); its seq. The OS has it when this returns."""
        if not self._announced:
            self._announce()
        if self._owed:
            self._explain()
        for _ in range(4):
            if not self._crowded(len(data) + 64):
                break
            self._give_up()
        self._write(time, data)
        return self.seq

    def _crowded(self, more: int) -> bool:
        return len(self.segments) > 1 and (
            len(self.segments) > self.segments_max
            or self.bytes + more + self.segment_size // 4 > self.limit
        )

    def _explain(self) -> None:
        # What is owed stays so until it is written, also when the heap is full in between.
        while self._owed:
            item = self._owed[0]
            pairs = list(zip(("boot", "first", "last"), item))
            if not self._write(self._stamp(), record("drop", pairs)):
                return
            self._owed.remove(item)

    def _write(self, time: str, data: str) -> bool:
        self.seq += 1
        try:
            line = encode("%s|%d.%d|%s" % (time, self.boot, self.seq, data))
            self._room()
            if self._torn:
                line = b"\n" + line
            self._torn = True
            if self._active.write(line) != len(line):  # type: ignore[attr-defined]
                raise OSError(28)
            self._torn = False
        except (OSError, MemoryError):
            self.failures += 1
            self._owed = coarse(self._owed + [[self.boot, self.seq, self.seq]])
            return False
        segment = self.segments[-1]
        segment.add(self.seq)
        segment.size += len(line)
        self._unsynced = True
        return True

    def _room(self) -> None:
        if self._active and self.segments[-1].size >= self.segment_size:
            self.close()
        if not self._active:
            segment = Segment(self._number + 1, self.boot)
            self._active = self.files.open(segment.name, "ab")
            self._number += 1
            self._torn = False
            self.segments.append(segment)

    def sync(self) -> None:
        """Make what was written durable; a failing disk is counted, not raised."""
        if self._unsynced and self._active:
            try:
                self.files.sync(self._active)
                self._unsynced = False
            except OSError:
                self.failures += 1

    def close(self) -> None:
        """Make everything durable and close the file; the next record begins another."""
        self.sync()
        if self._active:
            self._active.close()
            self._active = None
            self.tidy(self.segments[-1])

    def ack(self, boot: int, first: int, last: int) -> int:
        """Forget these records for good; how many of them were here."""
        count = 0
        for segment in self.segments[:]:
            if segment.boot == boot and first <= segment.last and last >= segment.first:
                count += segment.drop(first, last)
                self.tidy(segment)
        return count

    def tidy(self, segment: Segment) -> None:
        """Remove a segment that holds nothing wanted; one that is still written only when large."""
        if segment.left:
            return
        if self._active and segment is self.segments[-1]:
            if segment.size >= self.segment_size // 2:
                self.close()
            return
        if segment in self.segments:
            self.segments.remove(segment)
            self._remove(segment.name)

    def _give_up(self) -> None:
        oldest = self.segments[0]
        ranges, boots = facts(self.files, oldest, self.boot)
        self._owed = coarse(self._owed + ranges)
        self.dropped += oldest.left
        oldest.drop(oldest.first, oldest.last)
        self._explain()
        if boots:
            self._announce()
        self.sync()
        self.tidy(oldest)

    def read(self, segment: Segment, offset: int):
        """Yield (offset after it, time, seq, data) of the wanted records from `offset` on.

        Records that the file no longer has are given up and named by a `!drop` record.
        """
        if self._active and segment is self.segments[-1]:
            # littlefs shows a second reader only what was made durable.
            self.sync()
        expected = segment.first if offset == 0 else 0
        file = self.files.open(segment.name, "rb")
        try:
            for after, line in lines(file, offset):
                found = decode(line)
                if not found or found[1] != segment.boot or found[2] < expected:
                    continue
                if expected:
                    self._missing(segment, expected, found[2] - 1)
                    expected = found[2] + 1
                if segment.holds(found[2]):
                    yield after, found[0], found[2], found[3]
            if expected:
                self._missing(segment, expected, segment.last)
        finally:
            file.close()

    def _missing(self, segment: Segment, first: int, last: int) -> None:
        for low, high in segment.ranges() if first <= last else ():
            if low <= last and high >= first:
                self.lose(segment, max(low, first), min(high, last))

    def lose(self, segment: Segment, first: int, last: int) -> None:
        """Give up records that cannot be read again; the next record says so."""
        self.failures += 1
        self.dropped += segment.drop(first, last)
        self._owed = coarse(self._owed + [[segment.boot, first, last]])
