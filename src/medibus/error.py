"""What the decoder says of bytes that are no frame."""


class LineError:
    """Bytes that gave no frame.

    `reason` is `truncated`, `checksum`, `oversize` or `noise`; `length` counts the bytes; `raw`
    holds them, of `oversize` and `noise` the first 64.
    """

    __slots__ = ("length", "raw", "reason")

    def __init__(self, reason: str, raw: bytes, length: int) -> None:
        self.reason = reason
        self.raw = raw
        self.length = length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LineError) and (self.reason, self.raw, self.length) == (
            other.reason,
            other.raw,
            other.length,
        )

    def __hash__(self) -> int:
        return hash((self.reason, self.raw, self.length))

    def __repr__(self) -> str:
        return "LineError(%r, %r, %d)" % (self.reason, self.raw, self.length)
