"""A recording played again: its responses as answers, or its very bytes."""

from collections.abc import Iterator
from itertools import cycle

from medibus.decoder import Decoder
from medibus.frame import Frame

IDENTIFY = 0x52


class Recording:
    """The frames of a recorded line; ValueError when it holds no response."""

    def __init__(self, content: bytes):
        self.content = content
        decoder = Decoder()
        events = decoder.feed(content) + decoder.close()
        frames = [event for event in events if isinstance(event, Frame)]
        self.responses = [frame for frame in frames if not frame.is_command]
        if not self.responses:
            raise ValueError("it holds no response with a correct checksum")

    def pieces(self) -> Iterator[bytes]:
        """The recorded bytes, endlessly, in pieces that end with a CR."""
        lines = self.content.split(b"\r")
        tail = lines.pop()
        pieces = [line + b"\r" for line in lines] + ([tail] if tail else [])
        return cycle(pieces)


class RecordedAnswers:
    """Answers taken from a recording: each command gets the next response recorded for it."""

    def __init__(self, recording: Recording, identity: bytes):
        by_code: dict[int, list[bytes]] = {}
        for frame in recording.responses:
            by_code.setdefault(frame.code, []).append(frame.data)
        self.identity = next((d for d in by_code.pop(IDENTIFY, []) if d), identity)
        self._by_code = {code: cycle(data) for code, data in by_code.items()}

    def data(self, code: int, now: int) -> bytes:
        recorded = self._by_code.get(code)
        return next(recorded) if recorded else b""
