"""From bytes in any chunking to frames, errors and real-time bytes, in bounded memory.

Frames may be interrupted (medibus.md, "Line and frame"): a start inside a frame begins another
one, and what follows that one continues the first. A response that was itself followed by a new
start proves that the first was broken off; a command does not, since several may be put in.
"""

from .error import LineError
from .frame import FLOW, SOH, Frame, is_whole, longest
from .strip import is_ascii, strip

__all__ = ["Decoder", "LineError"]

HELD_DEPTH = 3
HELD_BYTES = 4096
RAW_KEPT = 64
REALTIME_KEPT = 256
_CR = b"\r"
_SOH = b"\x01"
_ESC = b"\x1b"


class Decoder:
    """Bytes of one line in, events out; see the module for what becomes of interrupted frames."""

    def __init__(self) -> None:
        self.frames = 0
        self.errors = {"truncated": 0, "checksum": 0, "oversize": 0, "noise": 0}
        self.realtime = 0
        self.flow = 0
        self._kept = bytearray()
        self._events: "list[Frame | LineError]" = []
        self._clear()

    def _clear(self) -> None:
        self._open = bytearray()  # the frame being received, empty outside of one
        self._mark = 0  # where it was first interrupted
        self._inner = 0  # start byte of the frame that ended just now inside it
        self._held: "list[tuple[bytearray, int]]" = []  # interrupted ones, the oldest first
        self._long = 0  # bytes of an oversize frame so far; its beginning is in _open
        self._noise = bytearray()
        self._noise_length = 0

    def feed(self, chunk: bytes) -> "list[Frame | LineError]":
        """The events that `chunk` completes, in order."""
        plain = chunk if type(chunk) is bytes else bytes(chunk)
        for byte in FLOW:
            if byte in plain:
                break
        else:
            byte = 0
        if byte or (plain and not is_ascii(plain)):
            plain, high, flow = strip(plain)
            self.flow += flow
            self._set_apart(high)
        if _CR not in plain:
            self._take(plain)
        else:
            self._lines(plain)
        events = self._events
        self._events = []
        return events

    def close(self) -> "list[Frame | LineError]":
        """The events of what was left unfinished; the decoder can be fed anew."""
        for raw, mark in self._held:
            self._give_up(raw, mark)
        if self._long:
            self._end_long()
        elif self._open:
            self._give_up(self._open, self._mark)
        self._end_noise()
        events = self._events
        self._events = []
        self._clear()
        return events

    def take_realtime(self) -> bytes:
        """The latest bytes of real-time data, at most 256, each given once."""
        kept = bytes(self._kept)
        self._kept = bytearray()
        return kept

    def _set_apart(self, high: bytes) -> None:
        self.realtime += len(high)
        self._kept.extend(high)
        self._kept = self._kept[-REALTIME_KEPT:]

    def _lines(self, plain: bytes) -> None:
        if self._open and not (self._held or self._mark or self._long):
            plain = bytes(self._open) + plain
            self._open = bytearray()
        lines = plain.split(_CR)
        rest = lines.pop()
        events = self._events
        no_escape = _ESC not in plain
        whole = 0
        for raw in lines:
            # The usual line, one response by itself, goes past the states.
            if (
                raw.rfind(_SOH) == 0
                and (no_escape or _ESC not in raw)
                and is_whole(raw)
                and not (self._open or self._noise_length or self._long)
                and len(raw) <= 3849
            ):
                whole += 1
                events.append(Frame(raw))
            else:
                self._take(raw)
                self._end()
        self.frames += whole
        if rest:
            self._take(rest)

    def _take(self, data: bytes) -> None:
        """Take bytes without CR."""
        at = 0
        soh = data.find(_SOH)
        esc = data.find(_ESC)
        while soh >= 0 or esc >= 0:
            if esc < 0 or 0 <= soh < esc:
                start = soh
                soh = data.find(_SOH, start + 1)
            else:
                start = esc
                esc = data.find(_ESC, start + 1)
            if start > at:
                self._text(data[at:start])
            self._start(data[start])
            at = start + 1
        if at < len(data):
            self._text(data[at:] if at else data)

    def _text(self, data: bytes) -> None:
        self._inner = 0
        if self._long:
            self._long += len(data)
        elif not self._open:
            self._add_noise(data, len(data))
        elif len(self._open) + len(data) > longest(self._open[0]):
            self._long = len(self._open) + len(data)
            self._open.extend(data[:RAW_KEPT])
            self._open = self._open[:RAW_KEPT]
        else:
            self._open.extend(data)

    def _start(self, byte: int) -> None:
        self._end_noise()
        if self._long:
            self._end_long()
        elif self._inner == SOH:
            self._give_up_all()
        elif self._open:
            self._hold()
        self._open = bytearray((byte,))
        self._mark = self._inner = 0

    def _hold(self) -> None:
        self._held.append((self._open, self._mark))
        size = sum([len(raw) for raw, _ in self._held])
        while len(self._held) > HELD_DEPTH or size > HELD_BYTES:
            raw, mark = self._held.pop(0)
            size -= len(raw)
            self._give_up(raw, mark)

    def _give_up_all(self) -> None:
        held = self._held
        self._held = []
        for raw, mark in held:
            self._give_up(raw, mark)
        self._give_up(self._open, self._mark)
        self._end_noise()

    def _give_up(self, raw: bytearray, mark: int) -> None:
        """Give up an interrupted frame; what came after the interruption belongs to nothing."""
        mark = mark or len(raw)
        # A view, since a slice would be one more copy on a small heap.
        self._fail("truncated", bytes(memoryview(raw)[:mark]), mark)
        if mark < len(raw):
            self._add_noise(bytes(raw[mark : mark + RAW_KEPT]), len(raw) - mark)

    def _end(self) -> None:
        """Take a CR."""
        if not self._open:
            self._add_noise(_CR, 1)
            return
        start = self._open[0]
        if self._long:
            self._end_long()
        else:
            self._check(bytes(self._open))
        if self._held:
            self._open, mark = self._held.pop()
            self._mark = mark or len(self._open)
            self._inner = start
        else:
            self._open = bytearray()
            self._mark = self._inner = 0

    def _check(self, raw: bytes) -> None:
        if is_whole(raw):
            self._end_noise()
            self.frames += 1
            self._events.append(Frame(raw))
        elif self._mark:
            self._give_up(self._open, self._mark)
            self._add_noise(_CR, 1)
        else:
            self._fail("checksum", raw, len(raw))

    def _end_long(self) -> None:
        self._fail("oversize", bytes(self._open), self._long)
        self._long = 0
        self._open = bytearray()
        self._mark = self._inner = 0

    def _add_noise(self, data: bytes, length: int) -> None:
        self._noise_length += length
        room = RAW_KEPT - len(self._noise)
        if room > 0:
            self._noise.extend(data[:room])

    def _end_noise(self) -> None:
        if self._noise_length:
            raw = bytes(self._noise)
            length = self._noise_length
            self._noise = bytearray()
            self._noise_length = 0
            self._fail("noise", raw, length)

    def _fail(self, reason: str, raw: bytes, length: int) -> None:
        self._end_noise()
        self.errors[reason] += 1
        self._events.append(LineError(reason, raw, length))
