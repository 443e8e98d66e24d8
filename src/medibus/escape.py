"""Bytes of the line as printable text, and back: the rule of wire.md."""


def escape(data: bytes) -> str:
    """Printable ASCII stands for itself, the backslash is doubled, the rest is `\\xNN`."""
    if data and min(data) >= 0x20 and max(data) <= 0x7E and b"\\" not in data:
        return bytes(data).decode()
    out = bytearray()
    for byte in data:
        if byte == 0x5C:
            out.extend(b"\\\\")
        elif 0x20 <= byte <= 0x7E:
            out.append(byte)
        else:
            out.extend(b"\\x%02x" % byte)
    return bytes(out).decode()


def _hex(digits: str) -> int:
    if len(digits) != 2 or digits[0] not in "0123456789abcdef":
        raise ValueError("not \\xNN with two lower-case hex digits")
    if digits[1] not in "0123456789abcdef":
        raise ValueError("not \\xNN with two lower-case hex digits")
    return int(digits, 16)


def unescape(text: str) -> bytes:
    """The bytes that `escape` wrote; ValueError for text that it never writes."""
    first = _printable(text.split("\\", 1)[0])
    if len(first) == len(text):
        return first
    out = bytearray(first)
    at = len(first)
    while at < len(text):
        if text[at] != "\\":
            stop = text.find("\\", at)
            stop = len(text) if stop < 0 else stop
            out.extend(_printable(text[at:stop]))
            at = stop
        elif text[at + 1 : at + 2] == "\\":
            out.append(0x5C)
            at += 2
        elif text[at + 1 : at + 2] == "x":
            byte = _hex(text[at + 2 : at + 4])
            if byte == 0x5C or 0x20 <= byte <= 0x7E:
                raise ValueError("a printable byte stands for itself")
            out.append(byte)
            at += 4
        else:
            raise ValueError("a backslash is followed by a backslash or xNN")
    return bytes(out)


def _printable(text: str) -> bytes:
    data = text.encode()
    if data and (min(data) < 0x20 or max(data) > 0x7E):
        raise ValueError("a byte that is not printable is written \\xNN")
    return data


def plain(data: bytes) -> str:
    """A field as text: ASCII as it is, anything else escaped as on the wire."""
    if data and max(data) > 127:
        return escape(data)
    return bytes(data).decode()
