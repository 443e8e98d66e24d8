"""The bounded log of records that wait for their acknowledgement: a moment in RAM, then in flash.

What is acknowledged within `delay_ms` never touches the flash. A segment file holds records of one
boot, as lines, and once there are some of these, packed; RAM holds an index of segments, and of the
records only the fresh ones.
"""

from neonat.gateway.journal import Journal
from neonat.gateway.ranges import coarse, named
from neonat.gateway.rarely import call
from neonat.gateway.segment import PACKED, Segment, decode, encode, lines
from neonat.gateway.writing import held_text, record

HELD_MAX = 700
# In two seconds the default plan brings 7 records, and 19 once a minute.
FRESH_MAX = 20
FRESH_BYTES = 3072
REST_MS = 1000
WRITTEN_BYTES = 16384
WRITTEN_MAX = 3
LINE_USUAL = 128
LATER_MS = 10000
BOOT_FILES = ("boot", "boot.copy")


class Spool:
    """Records of this boot and, after a restart, of earlier ones.

    `files` is a `Files`; `stamp()` gives the time text of the spool's own records; `limit` and
    `segment_size` are bytes. `fresh` are the records that are in RAM only, as (seq, time, data,
    now); `taken(item)` is called with each new one, `rested()` when the modules for packed segments
    may leave the heap. A failing disk never raises from `append`: the numbers that it could not
    write are named by a `!drop` record once it can again.
    """

    def __init__(
        self, files, stamp, limit: int, segment_size: int = 0, segments_max: int = 64,
        delay_ms: int = 0,
    ):  # fmt: skip
        self.files = files
        self.limit = limit
        self.segment_size = segment_size or max(4096, min(262144, limit // 16))
        self.written_size = min(WRITTEN_BYTES, self.segment_size)
        if files.block > 1:
            # A file that is full seldom takes a few bytes of one more block.
            self.written_size -= LINE_USUAL
        self.segments_max = segments_max
        self.delay_ms = delay_ms
        self.segments: "list[Segment]" = []
        self.fresh: "list[tuple[int, str, str, int]]" = []
        self.boot = 0
        self.seq = 0
        self.dropped = 0
        self.failures = 0
        self.starved = 0
        self.taken = lambda item: None
        self.rested = lambda: None
        self._stamp = stamp
        self._now = self._rests_until = 0
        self._heading: "list[tuple[str, str]]" = []
        self.announced = True
        self._owed: "list[list[int]]" = []
        self.journal = Journal(files)
        self._packing = self.reader = None
        self.rests = True
        self.number = call("ledger", "opened", self)

    def remove(self, name: str) -> None:
        """Remove a file; a failing disk is counted, not raised."""
        try:
            self.files.remove(name)
        except OSError:
            self.failures += 1

    def start(self, heading: "list[tuple[str, str]]", above: int = 0) -> int:
        """Begin a boot with a number never used before, and its `!boot` record; the number.

        It is more than `above`. OSError when it cannot be kept: then nothing may be sent.
        """
        self.close()
        highest = max([segment.boot for segment in self.segments] + [above])
        for name in BOOT_FILES:
            found = decode(self.files.read(name, 64).rstrip(b"\n"))
            highest = max(highest, found[1] if found else 0)
        for name in BOOT_FILES:
            self.files.replace(name, encode("boot|%d.0|" % (highest + 1)))
        self.boot = highest + 1
        self.seq = 0
        self._heading = heading
        self._announce()
        if not self.delay_ms:
            self.flush()
        return self.boot

    def _announce(self) -> None:
        pairs = list(self._heading)
        texts = [""]
        for segment in self.segments:
            for first, last in segment.held if segment.boot < self.boot else ():
                if len(texts[-1]) > HELD_MAX:
                    texts.append("")
                item = held_text([(segment.boot, first, last)])
                texts[-1] += "," + item if texts[-1] else item
        self.announced = True
        for text in texts:
            self._take(self._stamp(), record("boot", pairs + [("held", text)]))
            pairs = []

    @property
    def records(self) -> int:
        """How many records wait for their acknowledgement."""
        return len(self.fresh) + sum(segment.left for segment in self.segments)

    @property
    def bytes(self) -> int:
        """The size of all segments."""
        return sum(segment.size for segment in self.segments)

    def oldest(self) -> "str | None":
        """The real time of the oldest record that waits, None when it has none."""
        time = self.fresh[0][1] if self.fresh else "+"
        for segment in self.segments:
            if segment.left:
                if not segment.since:
                    segment.since = call("ledger", "since", self.files, segment)
                time = segment.since
                break
        return time if time[:1] != "+" else None

    def append(self, time: str, data: str, now: int = 0) -> int:
        """Take one record (escaped data); its seq. Without a delay the OS has it on return."""
        self._now = now
        if not self.announced:
            self._announce()
        if self._owed:
            self._explain()
        seq = self._take(time, data)
        if not self.delay_ms or len(self.fresh) > FRESH_MAX or self._fresh_size() > FRESH_BYTES:
            self.flush()
        return seq

    def _fresh_size(self) -> int:
        return sum(len(item[2]) + 64 for item in self.fresh)

    def _take(self, time: str, data: str) -> int:
        item = (self.seq + 1, time, data, self._now)
        self.fresh.append(item)
        self.seq += 1
        self.taken(item)
        return item[0]

    def _explain(self) -> None:
        # What is owed stays so until it is said, also when the heap is full in between.
        while self._owed:
            item = self._owed[0]
            data = record("drop", list(zip(("boot", "first", "last"), item)))
            self._take(self._stamp(), data)
            self._owed.remove(item)

    def deadline(self, now: int) -> int:
        """Milliseconds until `tend` may have something to do."""
        return max(0, self.fresh[0][3] + self.delay_ms - now) if self.fresh else REST_MS

    def tend(self, now: int) -> None:
        """Write what has waited for long enough."""
        self._now = now
        if self.fresh and now - self.fresh[0][3] >= self.delay_ms:
            self.flush()
        if now >= self._rests_until and self.reader is None:
            self._pack(now)

    def _pack(self, now: int) -> None:
        """Pack a little; not while packed ones are read, since there is heap for one of both."""
        try:
            if self._packing is None:
                self.rest()
                written = [1 for each in self.segments if each.suffix == Segment.suffix]
                if len(written) <= WRITTEN_MAX:
                    return
                from neonat.gateway.pack import Packing

                self.rests = False
                self._packing = Packing(self)  # type: ignore[assignment]
            if self._packing.step():  # type: ignore[attr-defined]
                return
            if self._packing.segment is None:  # type: ignore[attr-defined]
                self.rest()
        except (OSError, MemoryError):
            self.starved += 1
            self.rest()
        # They stay as they are written, and are packed later.
        self._rests_until = now + LATER_MS

    def rest(self) -> None:
        """Neither pack nor read what is packed, for now."""
        if self.rests:
            return
        packing, self._packing = self._packing, None
        self.reader = None
        self.rests = True
        if packing is not None:
            packing.stop()
        self.rested()

    def flush(self) -> None:
        """Write the fresh records; where the spool is full, the oldest segments go for them."""
        if not self.fresh:
            return
        doomed = self._crowding(self._fresh_size())
        while self.fresh:
            item = self.fresh[0]
            try:
                self._keep(item)
            except OSError:
                self._failed(item)
            self.fresh.pop(0)
        if doomed or self.delay_ms:
            self.sync()
        for segment in doomed:
            self.tidy(segment)

    def _keep(self, item: "tuple[int, str, str, int]") -> None:
        if self.journal.is_full(self.written_size):
            self._end()
        if not self.journal.segment:
            segment = Segment(self.number + 1, self.boot)
            self.journal.begin(segment)
            self.number += 1
            self.segments.append(segment)
        seq, time, data, _ = item
        self.journal.write(seq, encode("%s|%d.%d|%s" % (time, self.boot, seq, data)))

    def _failed(self, item: "tuple[int, str, str, int]") -> None:
        """The disk does not take a record: it is owed, and what it said is to be said again."""
        self.failures += 1
        self._owed = coarse(self._owed + [[self.boot, item[0], item[0]]] + named(item[2]))
        if item[2].startswith("!boot "):
            self.announced = False

    def _crowding(self, more: int) -> "list[Segment]":
        """Give up the oldest segments until `more` bytes have room; they wait to be removed."""
        doomed: "list[Segment]" = []
        room = self.limit - more - self.written_size // 4
        block = self.files.block
        for segment in self.segments:
            room -= segment.size + block - 1 - (segment.size - 1) % block
        while len(self.segments) - len(doomed) > 1 and (
            len(self.segments) - len(doomed) > self.segments_max or room < 0
        ):
            oldest = self.segments[len(doomed)]
            room += oldest.size
            ranges, boots = call("ledger", "facts", self.files, oldest, self.boot)
            self._owed = coarse(self._owed + ranges)
            self.dropped += oldest.left
            oldest.drop(oldest.first, oldest.last)
            doomed.append(oldest)
            self.announced = self.announced and not boots
        if self._owed and doomed:
            self._explain()
        if doomed and not self.announced:
            self._announce()
        return doomed

    def sync(self) -> None:
        """Make what was written durable; a failing disk is counted, not raised."""
        try:
            self.journal.sync()
        except OSError:
            self.failures += 1

    def close(self) -> None:
        """Write everything, make it durable, close the file; the next record begins another."""
        self.flush()
        self._end()
        self.rest()

    def _end(self) -> None:
        self.sync()
        segment = self.journal.segment
        if segment:
            try:
                self.journal.close()
            except OSError:
                self.failures += 1
            self.tidy(segment)

    def ack(self, boot: int, first: int, last: int) -> int:
        """Forget these records for good; how many of them were here."""
        count = 0
        if boot == self.boot and self.fresh:
            kept = [item for item in self.fresh if not first <= item[0] <= last]
            count = len(self.fresh) - len(kept)
            self.fresh = kept
        for segment in self.segments[:]:
            if segment.boot == boot and first <= segment.last and last >= segment.first:
                count += segment.drop(first, last)
                self.tidy(segment)
        return count

    def tidy(self, segment: Segment) -> None:
        """Remove a segment that holds nothing wanted; one that is still written only when large."""
        if segment.left:
            return
        if segment is self.journal.segment:
            if segment.size >= self.written_size // 2:
                self._end()
            return
        packing = self._packing
        if packing is not None and segment in (packing.old, packing.segment):
            self._packing = None
            packing.stop()
        if self.reader is not None and segment is self.reader.segment:
            self.reader = None
        if segment in self.segments:
            self._rests_until = 0
            self.segments.remove(segment)
            self.remove(segment.name)

    def read(self, segment: Segment, offset: int):
        """Yield (offset after it, time, seq, data) of the wanted records from `offset` on.

        Records that the file no longer has are given up and named by a `!drop` record.
        """
        if segment.suffix == PACKED:
            if self.reader is None:
                self.rest()
            self.rests = False
            from neonat.gateway.unpack import read

            yield from read(self, segment, offset)
            return
        if segment is self.journal.segment:
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
                    self.missing(segment, expected, found[2] - 1)
                    expected = found[2] + 1
                if segment.holds(found[2]):
                    yield after, found[0], found[2], found[3]
            if expected:
                self.missing(segment, expected, segment.last)
        finally:
            file.close()

    def missing(self, segment: Segment, first: int, last: int) -> None:
        """Give up those of the records that are wanted and were not to be found."""
        for low, high in segment.held[:] if first <= last else ():
            if low <= last and high >= first:
                self.lose(segment, max(low, first), min(high, last))

    def lose(self, segment: Segment, first: int, last: int) -> None:
        """Give up records that cannot be read again; the next record says so."""
        self.failures += 1
        self.dropped += segment.drop(first, last)
        self._owed = coarse(self._owed + [[segment.boot, first, last]])
