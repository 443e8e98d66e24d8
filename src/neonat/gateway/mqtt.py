"""MQTT 3.1.1 from the client's side, sans-I/O: packets out of arguments, events out of bytes.

What only a login needs is in `login`.
"""

CONNACK = 0x20
PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"


class ProtocolError(Exception):
    """The peer does not keep to MQTT; the connection is of no more use."""


def text(value: str) -> bytes:
    """A text with its length before it."""
    raw = value.encode()
    return bytes((len(raw) >> 8, len(raw) & 255)) + raw


def header(first: int, length: int) -> bytes:
    """What goes before a packet's `length` bytes."""
    out = bytearray((first,))
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    out.append(length)
    return bytes(out)


def publish(topic: str, size: int, number: int, retain: bool = False) -> bytes:
    """What goes before a payload of `size` bytes, QoS 1; `number` is the packet id, 1 to 65535."""
    name = text(topic)
    head = header(0x32 | (1 if retain else 0), len(name) + 2 + size)
    return b"".join((head, name, bytes((number >> 8, number & 255))))


def puback(number: int) -> bytes:
    return bytes((0x40, 2, number >> 8, number & 255))


def _broken(first: int, size: int) -> ProtocolError:
    return ProtocolError("no MQTT: packet type %d with %d bytes" % (first >> 4, size))


class Parser:
    """Bytes from the broker to events, with bounded memory.

    Events: ("connack", code), ("puback", id), ("suback", id, codes), ("pong",) and
    ("message", topic, payload, id or 0, whole): of a message larger than `limit` the begin. One
    that the broker had kept (retain) is a ("kept", …) with the same fields.
    """

    def __init__(self, limit: int = 4096):
        self.limit = limit
        self._head = bytearray()
        self._body = bytearray()
        self._left = -1

    def feed(self, data: bytes) -> list:
        """The events that these bytes complete; ProtocolError with the reason."""
        events = []
        view = memoryview(data)
        at = 0
        while at < len(view):
            if self._left < 0:
                at = self._length(view, at)
            if self._left > 0:
                piece = min(self._left, len(view) - at)
                keep = max(0, min(piece, self.limit - len(self._body)))
                self._body.extend(view[at : at + keep])
                self._left -= piece
                at += piece
            if self._left == 0:
                self._left = -1
                body = bytes(self._body)
                self._body = bytearray()
                events.append(self._event(body))
        return events

    def _length(self, view, at: int) -> int:
        while at < len(view):
            self._head.append(view[at])
            at += 1
            if len(self._head) > 1 and not self._head[-1] & 128:
                self._left = 0
                for index in range(len(self._head) - 1, 0, -1):
                    self._left = self._left << 7 | self._head[index] & 127
                self._first = self._head[0]
                self._size = self._left
                self._head = bytearray()
                break
            if len(self._head) > 4:
                raise _broken(self._head[0], -1)
        return at

    def _event(self, body: bytes) -> tuple:
        kind = self._first >> 4
        size = self._size
        if kind == 3:
            return self._message(body, size)
        number = body[0] << 8 | body[1] if len(body) >= 2 else 0
        if kind == 2 and size == 2:
            return "connack", body[1]
        if kind == 4 and size == 2:
            return "puback", number
        if kind == 9 and 3 <= size == len(body):
            return "suback", number, body[2:]
        if kind == 13 and size == 0:
            return ("pong",)
        raise _broken(self._first, size)

    def _message(self, body: bytes, size: int) -> tuple:
        qos = self._first >> 1 & 3
        if qos > 1 or len(body) < 2:
            raise _broken(self._first, size)
        end = 2 + (body[0] << 8 | body[1])
        start = end + 2 if qos else end
        if start > len(body):
            raise _broken(self._first, size)
        try:
            topic = body[2:end].decode()
        except UnicodeError:
            raise _broken(self._first, size) from None
        number = body[end] << 8 | body[end + 1] if qos else 0
        if qos and not number:
            raise _broken(self._first, size)
        kind = "kept" if self._first & 1 else "message"
        return kind, topic, body[start:], number, size == len(body)
