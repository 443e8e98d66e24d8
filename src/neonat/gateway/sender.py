"""Which records go into the next message, and which are sent again: sans-I/O.

Fresh records come out of a small ring in RAM. Backlog is read from the spool, newest segment first,
forward inside it. Nothing is forgotten here: only the spool's `ack` does that.
"""

from neonat.gateway.ranges import coarse
from neonat.gateway.writing import acks, line, unset_stamp

WINDOW = 8
WINDOW_BACKLOG = 5
PATIENCE_MS = 5000
PATIENCE_MAX_MS = 10000
REST_LEAST_MS = 100
MESSAGE_LEAST = 512
REFUSED_MAX = 24
NUMBER_MAX = 4294967295


class Flight:
    """A message that waits for its acknowledgement; `ranges` are [boot, first, last]."""

    def __init__(self, now: int, live: bool):
        self.at = now
        self.live = live
        self.ranges: "list[list[int]]" = []
        self.left = 0

    def add(self, boot: int, first: int, last: int) -> None:
        """More records in the message."""
        before = self.ranges[-1] if self.ranges else None
        if before and before[0] == boot and before[2] == first - 1:
            before[2] = last
        else:
            self.ranges.append([boot, first, last])
        self.left += last - first + 1

    def holds(self, boot: int, seq: int) -> bool:
        """Whether the record is in the message."""
        return any(item[0] == boot and item[1] <= seq <= item[2] for item in self.ranges)


class Sender:
    """`clock` turns unset stamps of this boot into real ones; `message_max`: 1 KiB or more.

    `ring_max` fresh records stay in RAM, older ones are read from the spool. `ahead` is the newest
    boot in which the server has records that are not of this spool, 0 without one; `clash` says
    that they have numbers of this boot; `choked` how many times in a row there was no heap for the
    backlog.
    """

    def __init__(self, spool, clock, gateway: str, message_max: int, ring_max: int):
        self.spool = spool
        self.clock = clock
        self.gateway = gateway
        self._buffer = bytearray(message_max)
        self._used = 0
        self.acked = 0
        self.bad_acks = 0
        self.ahead = 0
        self.clash = False
        self.choked = 0
        self._ring: "list[tuple]" = list(spool.fresh)
        self._ring_max = ring_max
        self._flights: "list[Flight]" = []
        # What the server has other records for: it stays in the spool, and rests.
        self._refused = Flight(0, True)
        # Of the boots from `_first` on, which are of this start: in them an acknowledgement of
        # anything else is for another gateway of the name.
        self._sent: "list[list[int]]" = []
        self._first = 0
        self._segment = None
        self._offset = 0
        self._rest_until = 0
        self._stalled = False
        self._acked_at = -PATIENCE_MS
        self._patience = PATIENCE_MS

    def fresh(self, item: tuple) -> None:
        """A record that was spooled just now: (seq, time, data, …)."""
        self._ring.append(item)
        fresh = self.spool.fresh
        # What is in RAM only stays here: nowhere else could it be found.
        while len(self._ring) > self._ring_max and not (fresh and fresh[0][0] <= self._ring[0][0]):
            self._ring.pop(0)
            self._rest_until = 0

    def lost(self) -> None:
        """The connection is gone: whatever is unacknowledged is to be sent again, newest first."""
        waiting = {item[0] for item in self._ring}
        again = [item for item in self.spool.fresh if item[0] not in waiting]
        self._ring = sorted(self._ring + again)[-max(self._ring_max, len(self.spool.fresh)) :]
        self._flights = []
        self._refused = Flight(0, True)
        self._stalled = False
        self._patience = PATIENCE_MS
        self._restart()

    def renumbered(self) -> None:
        """The spool began another boot: what waited in RAM is read from the spool."""
        self._ring = []
        self.ahead = 0
        self.clash = False
        self.lost()

    def _restart(self) -> None:
        self.spool.reader = None
        self._segment = None
        self._rest_until = 0

    def acknowledge(self, now: int, payload: bytes, whole: bool = True) -> int:
        """Take an acknowledgement from the server: how many records it let go."""
        if not whole:
            payload = payload[: payload.rfind(b"\n") + 1]
        count = 0
        self._first = self._first or self.spool.boot
        for item in acks(payload):
            if item is None:
                self.bad_acks += 1
                continue
            boot, first, last = item
            if first > last:
                self._refuse(boot, last, first - 1)
            else:
                count += self._let_go(boot, first, last)
            # Not the upper half: a forged number must not use up all that there are.
            if (boot, last) > (self.spool.boot, self.spool.seq) and last <= NUMBER_MAX:
                self.ahead = max(self.ahead, boot if boot <= NUMBER_MAX >> 1 else 0)
            self._acked_at = now
        if self._acked_at == now:
            self._stalled = False
            self._patience = PATIENCE_MS
            self._flights = [flight for flight in self._flights if flight.left]
        self.acked += count
        return count

    def _let_go(self, boot: int, first: int, last: int) -> int:
        """These records are stored: how many of them were here and have been sent."""
        for flight in self._flights + [self._refused]:
            _trim(flight, boot, first, last)
        if boot < self._first:
            return self.spool.ack(boot, first, last)
        return sum(
            [
                self.spool.ack(boot, max(first, low), min(last, high))
                for other, low, high in self._sent
                if other == boot and low <= last and high >= first
            ]
        )

    def _fly(self, flight: Flight) -> None:
        self._flights.append(flight)
        self._first = self._first or self.spool.boot
        for boot, first, last in flight.ranges:
            newest = self._sent[-1] if self._sent else [0, 0, 0]
            if newest[0] == boot and newest[2] == first - 1:
                newest[2] = last
            elif boot >= self._first:
                self._sent = coarse(self._sent + [[boot, first, last]])

    def _refuse(self, boot: int, first: int, last: int) -> None:
        """The server has other records of these numbers: mine go again on the next connection."""
        if boot == self.spool.boot and self._waits(last):
            self.ahead = max(self.ahead, boot)
            self.clash = True
        for flight in self._flights:
            for item in flight.ranges:
                low = max(first, item[1])
                high = min(last, item[2])
                if item[0] == boot and low <= high and len(self._refused.ranges) < REFUSED_MAX:
                    self._refused.add(boot, low, high)
            _trim(flight, boot, first, last)

    def _waits(self, seq: int) -> bool:
        """Whether a record of this boot is in the spool."""
        return any(item[0] == seq for item in self.spool.fresh) or any(
            segment.boot == self.spool.boot and segment.holds(seq)
            for segment in self.spool.segments
        )

    def _expire(self, now: int) -> None:
        old = [flight for flight in self._flights if now - flight.at >= self._patience]
        if not old:
            return
        self._flights = [flight for flight in self._flights if now - flight.at < self._patience]
        self._rest_until = 0
        if self._acked_at < old[0].at:
            # Nobody acknowledges anything: try now and then, with the newest.
            if self._stalled:
                self._patience = min(PATIENCE_MAX_MS, self._patience * 3 // 2)
            self._stalled = True
            self.spool.reader = None
            self._segment = None

    def deadline(self, now: int) -> int:
        """Milliseconds until `message` may have something without any new event."""
        waits = [flight.at + self._patience - now for flight in self._flights]
        if self._rest_until > now:
            waits.append(self._rest_until - now)
        return max(0, min(waits + [PATIENCE_MS]))

    def message(self, now: int) -> "memoryview | None":
        """The payload of the next message, None when there is nothing to send now.

        It stands in a buffer that the next call overwrites.
        """
        self._expire(now)
        if self._stalled and self._flights:
            return None
        if self._ring and len(self._flights) < WINDOW:
            return self._live(now)
        backlog = sum([1 for flight in self._flights if not flight.live])
        if backlog < WINDOW_BACKLOG and len(self._flights) < WINDOW and now >= self._rest_until:
            self._rest_until = 0
            if self._waiting():
                return self._old(now)
        return None

    def _waiting(self) -> bool:
        busy = len(self._ring) + sum([flight.left for flight in self._flights])
        return self.spool.records > busy + self._refused.left

    def _live(self, now: int):
        start = len(self._ring)
        size = 0
        while start:
            size += len(self.gateway) + len(self._ring[start - 1][2]) + 48
            if start < len(self._ring) and size > len(self._buffer):
                break
            start -= 1
        flight = Flight(now, True)
        used = 0
        for item in self._ring[start:]:
            used = self._add(used, self._line(item[1], self.spool.boot, item[0], item[2]))
            flight.add(self.spool.boot, item[0], item[0])
        self._ring = self._ring[:start]
        self._fly(flight)
        return memoryview(self._buffer)[:used]

    def _add(self, used: int, text: str) -> int:
        """Put a line into the message after `used` bytes; the new `used`, 0 when it is full."""
        raw = ("\n" + text if used else text).encode()
        end = used + len(raw)
        if end > len(self._buffer):
            return 0
        self._buffer[used:end] = raw
        return end

    def _line(self, time: str, boot: int, seq: int, data: str) -> str:
        if time[:1] == "+" and boot == self.spool.boot:
            time = self.clock(int(time[1:])) or unset_stamp(int(time[1:]))
        return line(self.gateway, time, boot, seq, data)

    def _old(self, now: int):
        flight = Flight(now, False)
        self._used = 0
        try:
            self._fill(flight)
            self.choked = 0
        except MemoryError:
            # The newest are sent all the same, and this is tried again a little later.
            self.choked += 1
            self.spool.starved += 1
            self._restart()
        if not self._used:
            # What has left the ring is in RAM only until the spool writes it.
            rest = min(PATIENCE_MS, self.spool.deadline(now)) if self.spool.fresh else PATIENCE_MS
            self._rest_until = now + max(rest, REST_LEAST_MS)
            return None
        self._fly(flight)
        return memoryview(self._buffer)[: self._used]

    def _fill(self, flight: Flight) -> None:
        """Put records of the backlog into the message."""
        segments = self.spool.segments
        for _ in range(len(segments) + 1):
            if self._segment not in segments:
                self._segment = segments[-1] if segments else None
                self._offset = 0
            segment = self._segment
            if segment is None or self._collect(segment, flight):
                break
            index = segments.index(segment)
            self.spool.tidy(segment)
            self._segment = segments[index - 1] if index else None
            self._offset = 0
            if self._used or not index:
                break

    def _collect(self, segment, flight: Flight) -> bool:
        """Take wanted records of a segment; True when the message is full."""
        before = self._ring[0][0] if self._ring else self.spool.seq + 1
        try:
            for after, time, seq, data in self.spool.read(segment, self._offset):
                if segment.boot == self.spool.boot and seq >= before:
                    break
                if not self._flies(segment.boot, seq):
                    used = self._add(self._used, self._line(time, segment.boot, seq, data))
                    if not used:
                        return True
                    self._used = used
                    flight.add(segment.boot, seq, seq)
                self._offset = after
        except OSError:
            self.spool.lose(segment, segment.first, segment.last)
        return False

    def _flies(self, boot: int, seq: int) -> bool:
        return self._refused.holds(boot, seq) or any(
            flight.holds(boot, seq) for flight in self._flights
        )


def _trim(flight: Flight, boot: int, first: int, last: int) -> None:
    for index in range(len(flight.ranges) - 1, -1, -1):
        item = flight.ranges[index]
        if item[0] != boot or item[2] < first or item[1] > last:
            continue
        flight.left -= min(last, item[2]) - max(first, item[1]) + 1
        if item[2] > last:
            flight.ranges.insert(index + 1, [boot, last + 1, item[2]])
        if item[1] < first:
            item[2] = first - 1
        else:
            del flight.ranges[index]
