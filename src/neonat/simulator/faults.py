"""Faults of a serial line and of a device, by name, each with a rate, from a seed."""

import random
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from medibus.frame import CR, ESC, SOH, command, encode, is_whole

STARTS = (SOH, ESC)
XON, CAN, XOFF = 0x11, 0x18, 0x13
NOP = 0x30
TRIES = 20

COMMANDS = re.compile(rb"\x1b[^\x01\x1b\r]{3,}\r")
TAIL = 400

CELL_WIDTHS = {0x24: 6, 0x2B: 6, 0x25: 6, 0x26: 6, 0x2C: 6, 0x2D: 6, 0x29: 7}
ALARM_CODES = (0x23, 0x27, 0x2E)

FAULTS = {
    "flip": (0.01, "one bit of a frame is turned over"),
    "lose": (0.01, "one or a few bytes of a frame are lost"),
    "cut": (0.01, "a frame breaks off and another one follows at once"),
    "noise": (0.01, "stray bytes between two frames"),
    "silence": (0.002, "the device neither sends nor hears for some seconds"),
    "restart": (0.002, "the device is switched off and on and opens anew"),
    "checksum": (0.01, "a frame with a wrong checksum"),
    "duplicate": (0.01, "a frame is sent twice"),
    "insert": (0.01, "a command in the middle of a frame"),
    "unknown": (0.05, "a code that no table knows"),
    "blank": (0.05, "a field without a number"),
    "flow": (0.05, "XON, XOFF and CAN bytes within a frame"),
    "realtime": (0.05, "bytes of real-time data within a frame"),
    "identity": (0.5, "the device says that it is another one"),
}

HARMS = ("flip", "lose", "cut", "checksum")


def parse(words: Iterable[str]) -> dict[str, float]:
    """`name` or `name=rate` to rates; ValueError with one line for what cannot be understood."""
    rates = {}
    for word in words:
        name, equals, text = word.partition("=")
        if name not in FAULTS:
            raise ValueError(f"no fault is called {name!r}; there are {', '.join(FAULTS)}")
        try:
            rate = float(text) if equals else FAULTS[name][0]
        except ValueError:
            rate = -1.0
        if not 0 <= rate <= 1:
            raise ValueError(f"the rate of fault {name!r} is {text!r}, not a number from 0 to 1")
        rates[name] = rate
    return rates


class Piece(NamedTuple):
    """Bytes for the line in one go.

    `whole`: the frames (no CR) that are complete and unharmed once these bytes are out.
    `harmed`: the frames of which some bytes were sent, but not as they were meant.
    `faults`: the names of what was done.
    """

    data: bytes
    whole: tuple[bytes, ...] = ()
    harmed: tuple[bytes, ...] = ()
    faults: tuple[str, ...] = ()


def misleads(line: bytes, frame: bytes, before: bytes = b"") -> bool:
    """Whether damaged bytes prove by chance something else than `frame`, with what went `before`.

    A checksum of eight bits lets one heavy damage in 256 pass; no receiver can tell.
    """
    old, new = _plain(before), _plain(line)
    if _proves_another(old, new, frame):
        return True
    return _proves_another(COMMANDS.sub(b"", old), COMMANDS.sub(b"", new), frame)


def _plain(line: bytes) -> bytes:
    return bytes(byte for byte in line if byte < 0x80 and byte not in (XON, CAN, XOFF))


def _proves_another(old: bytes, new: bytes, frame: bytes) -> bool:
    seen = old + new
    ends = [at for at in range(len(old), len(seen)) if seen[at] == CR]
    starts = [at for at, byte in enumerate(seen) if byte in STARTS]
    found = [seen[start:end] for start in starts for end in ends if start < end]
    return any(raw != frame and is_whole(raw) for raw in found)


class Faults:
    """Puts frames on the line, some of them harmed.

    `another` gives a whole frame (with CR) of the same device, for the one that cuts.
    The same seed and the same frames give the same bytes.
    """

    def __init__(
        self, rates: Mapping[str, float], seed: object, another: Callable[[], bytes] | None = None
    ):
        self.rates = {name: rate for name, rate in rates.items() if rate > 0}
        self.counts = dict.fromkeys(self.rates, 0)
        self._random = random.Random(f"faults {seed}")  # noqa: S311 - not for secrets
        self._another = another or (lambda: command(NOP))
        self._tail = b""

    def strikes(self, name: str) -> bool:
        """Whether this fault happens now."""
        rate = self.rates.get(name)
        if rate is None or self._random.random() >= rate:
            return False
        self.counts[name] += 1
        return True

    def between(self, low: int, high: int) -> int:
        """A random whole number, both ends included."""
        return self._random.randint(low, high)

    def send(self, frame: bytes) -> list[Piece]:
        """The pieces that go on the line for one frame (with CR)."""
        if not self.rates:
            return [Piece(frame, (frame[:-1],))]
        pieces = self._pieces(frame)
        self._tail = (self._tail + b"".join(piece.data for piece in pieces))[-TAIL:]
        return pieces

    def _pieces(self, frame: bytes) -> list[Piece]:
        pieces = [Piece(self._noise(), faults=("noise",))] if self.strikes("noise") else []
        frame, done = self._reword(frame)
        harm = next((name for name in HARMS if self.strikes(name)), None)
        if harm:
            before = self._tail + b"".join(piece.data for piece in pieces)
            return [*pieces, *self._harm(harm, frame, done, before)]
        pieces.append(self._whole(frame, done))
        if self.strikes("duplicate"):
            pieces.append(self._whole(frame, (*done, "duplicate")))
        return pieces

    def _whole(self, frame: bytes, done: tuple[str, ...]) -> Piece:
        line = frame
        inside: tuple[bytes, ...] = ()
        if self.strikes("insert"):
            place = self.between(2, len(line) - 1)
            inside = (command(NOP)[:-1],)
            line = line[:place] + command(NOP) + line[place:]
            done = (*done, "insert")
        if self.strikes("flow"):
            line = self._sprinkle(line, lambda: self._random.choice((XON, XOFF, CAN)))
            done = (*done, "flow")
        if self.strikes("realtime"):
            line = self._sprinkle(line, lambda: self.between(0x80, 0xFF))
            done = (*done, "realtime")
        return Piece(line, (*inside, frame[:-1]), (), done)

    def _sprinkle(self, line: bytes, byte: Callable[[], int]) -> bytes:
        for _ in range(self.between(1, 4)):
            place = self.between(0, len(line) - 1)
            line = line[:place] + bytes([byte()]) + line[place:]
        return line

    def _noise(self) -> bytes:
        for _ in range(TRIES):
            noise = bytes(self._random.choices(range(256), k=self.between(1, 24)))
            if not misleads(noise, b"", self._tail):
                return noise
        return b"~"

    def _harm(self, name: str, frame: bytes, done: tuple[str, ...], before: bytes) -> list[Piece]:
        raw = frame[:-1]
        if name == "cut":
            head = frame[: self.between(1, len(frame) - 2)]
            follower = self._another()
            return [Piece(head, (), (raw,), (*done, name)), Piece(follower, (follower[:-1],))]
        if name == "checksum":
            return [Piece(self._wrong_checksum(raw) + frame[-1:], (), (raw,), (*done, name))]
        change = self._flipped if name == "flip" else self._shortened
        line = change(frame)
        for _ in range(TRIES):
            if not misleads(line, raw, before):
                break
            line = change(frame)
        return [Piece(line, (), (raw,), (*done, name))]

    def _flipped(self, frame: bytes) -> bytes:
        place = self.between(0, len(frame) - 1)
        turned = frame[place] ^ (1 << self.between(0, 7))
        return frame[:place] + bytes([turned]) + frame[place + 1 :]

    def _shortened(self, frame: bytes) -> bytes:
        count = self.between(1, min(4, len(frame) - 1))
        place = self.between(0, len(frame) - count)
        return frame[:place] + frame[place + count :]

    def _wrong_checksum(self, raw: bytes) -> bytes:
        wrong = (int(raw[-2:], 16) + self.between(1, 255)) % 256
        return raw[:-2] + f"{wrong:02X}".encode("ascii")

    def _reword(self, frame: bytes) -> tuple[bytes, tuple[str, ...]]:
        start, code, data = frame[0], frame[1], frame[2:-3]
        if start != SOH or not data:
            return frame, ()
        done: tuple[str, ...] = ()
        if code == 0x52 and self.strikes("identity"):
            data, done = self._another_identity(), ("identity",)
        for name, change in (("unknown", self._with_unknown), ("blank", self._with_blank)):
            if self._can_be_reworded(code, data) and self.strikes(name):
                data, done = change(code, data), (*done, name)
        return encode(start, code, data), done

    def _can_be_reworded(self, code: int, data: bytes) -> bool:
        width = CELL_WIDTHS.get(code)
        return code in ALARM_CODES or (width is not None and len(data) % width == 0)

    def _another_identity(self) -> bytes:
        return self._random.choice(
            (
                b"9876'Unheard-of device'01.00:06.00",
                b"5700'Babyleo TN500'01.04:06.00",
                b"    'No number'01.00:01.00",
                b"57",
            )
        )

    def _with_unknown(self, code: int, data: bytes) -> bytes:
        if code in ALARM_CODES:
            return data + b"A" + self._unheard_code() + b"NEVER SEEN  "
        width = CELL_WIDTHS[code]
        place = self.between(0, len(data) // width) * width
        value = b"%*d" % (width - 2, self.between(0, 9999))
        return data[:place] + self._unheard_code() + value + data[place:]

    def _unheard_code(self) -> bytes:
        return self._random.choice((b"00", b"01", b"7E", b"F9", b"FF"))

    def _with_blank(self, code: int, data: bytes) -> bytes:
        if code in ALARM_CODES:
            return data[:-12] + b" " * 12
        width = CELL_WIDTHS[code]
        place = self.between(0, len(data) // width - 1) * width + 2
        field = self._random.choice((b" ", b"-", b"*")) * (width - 2)
        return data[:place] + field + data[place + width - 2 :]
