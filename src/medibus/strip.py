"""Bytes that may fall anywhere on the line and belong to no frame (medibus.md)."""

from .frame import FLOW


def _is_ascii(data: bytes) -> bool:
    return max(data) < 128


is_ascii = getattr(bytes, "isascii", _is_ascii)

if hasattr(bytes, "translate"):
    _HIGH = bytes(range(128, 256))
    _LOW = bytes(range(128))

    def strip(data: bytes) -> "tuple[bytes, bytes, int]":
        """What remains, the bytes with the top bit set, the count of flow control bytes."""
        high = data.translate(None, _LOW)
        plain = data.translate(None, _HIGH + FLOW)
        return plain, high, len(data) - len(high) - len(plain)

else:

    def strip(data: bytes) -> "tuple[bytes, bytes, int]":
        """What remains, the bytes with the top bit set, the count of flow control bytes."""
        plain = bytearray()
        high = bytearray()
        for byte in data:
            if byte > 127:
                high.append(byte)
            elif byte not in FLOW:
                plain.append(byte)
        return bytes(plain), bytes(high), len(data) - len(high) - len(plain)
