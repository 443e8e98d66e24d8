"""Frames of the line: one command or response with its checksum.

Facts: medibus.md, "Line and frame" (recorded: 66 of 67 frames).
"""

SOH = 0x01
ESC = 0x1B
CR = 0x0D
FLOW = b"\x11\x13\x18"
RESPONSE_MAX = 3845
COMMAND_MAX = 251
# Start, code and two digits of checksum surround the data.
OVERHEAD = 4


class FrameError(ValueError):
    """Bytes that are no frame; `reason` is `truncated`, `checksum`, `oversize` or `noise`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Frame:
    """One frame: `raw` holds the bytes from SOH or ESC up to and with the checksum, no CR."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def is_command(self) -> bool:
        """Whether it asks (ESC) rather than answers (SOH)."""
        return self.raw[0] == ESC

    @property
    def direction(self) -> str:
        """`command` or `response`."""
        return "command" if self.raw[0] == ESC else "response"

    @property
    def code(self) -> int:
        """The request that it makes or answers, 0 to 127."""
        return self.raw[1]

    @property
    def data(self) -> bytes:
        """The argument of a command, the data of a response."""
        return self.raw[2:-2]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return "Frame(%r)" % (self.raw,)


def checksum(body: bytes) -> bytes:
    """The two upper-case hex digits that follow `body` (from SOH or ESC on)."""
    return b"%02X" % (sum(body) & 255)


def _is_whole(raw: bytes) -> bool:
    """Whether `raw`, from SOH or ESC on, ends with its right checksum."""
    return len(raw) >= OVERHEAD and raw[-2:] == checksum(raw[:-2])


try:
    from zlib import adler32

    _DIGITS = tuple([b"%02X" % value for value in range(256)])

    def is_whole(raw: bytes) -> bool:
        """Whether `raw`, from SOH or ESC on, ends with its right checksum."""
        body = raw[:-2]
        # The low half of Adler-32 begun at 0 is the plain sum while that stays below 65521, as
        # it does for 256 bytes. It takes a quarter of the time of sum().
        if 2 <= len(body) <= 256:
            return raw[-2:] == _DIGITS[adler32(body, 0) & 255]
        return _is_whole(raw)

except ImportError:
    is_whole = _is_whole


def longest(start: int) -> int:
    """The most bytes of a frame that begins with `start`, CR left out."""
    return OVERHEAD + (COMMAND_MAX if start == ESC else RESPONSE_MAX)


def is_plain(data: bytes) -> bool:
    """Whether no byte of `data` controls the line: start, end, flow control, real-time data."""
    if not data:
        return True
    if max(data) > 127 or SOH in data or ESC in data or CR in data:
        return False
    return not (FLOW[0] in data or FLOW[1] in data or FLOW[2] in data)


def encode(start: int, code: int, data: bytes = b"") -> bytes:
    """The bytes of a frame on the line, CR included; ValueError for what a frame cannot hold."""
    if start not in (SOH, ESC):
        raise ValueError("a frame starts with SOH or ESC")
    if not 0 <= code <= 127 or not is_plain(bytes((code,)) + data):
        raise ValueError("a frame cannot hold bytes that control the line")
    body = bytes((start, code)) + data
    if len(body) + 2 > longest(start):
        raise ValueError("too long for a frame")
    return body + checksum(body) + b"\r"


def command(code: int, argument: bytes = b"") -> bytes:
    """A command as it goes on the line; ValueError as of `encode`."""
    return encode(ESC, code, argument)


def response(code: int, data: bytes = b"") -> bytes:
    """A response as it goes on the line; ValueError as of `encode`."""
    return encode(SOH, code, data)


def frame_of(raw: bytes) -> Frame:
    """The frame of bytes without CR; FrameError when start, length or checksum are wrong."""
    if not raw or raw[0] not in (SOH, ESC):
        raise FrameError("noise")
    if len(raw) < OVERHEAD:
        raise FrameError("truncated")
    if len(raw) > longest(raw[0]):
        raise FrameError("oversize")
    if not is_plain(raw[1:]):
        raise FrameError("noise")
    if not is_whole(raw):
        raise FrameError("checksum")
    return Frame(raw)
