"""Lines of MQTT payloads, of today's gateways and of the original firmware, as line events."""

import time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from medibus.decoder import LineError
from medibus.frame import Frame, FrameError, frame_of
from neonat.ingest.envelope import parse
from neonat.ingest.legacy import legacy_envelope

LINE_KEPT = 64
# The time of an envelope is not shown, so any zone will do to read one.
_ZONE = ZoneInfo("UTC")


class Note(NamedTuple):
    """A record of the gateway itself, such as `!boot reason=start`."""

    text: str


def of_envelopes(line: bytes) -> list[Frame | LineError | Note]:
    """What one line holds: a frame, a record, an error; nothing when it is blank."""
    line = line.strip(b"\r\n")
    if not line:
        return []
    data = _data(line)
    if data is None:
        return [LineError("noise", line[:LINE_KEPT], len(line))]
    if data.startswith(b"!"):
        return [Note(str(data, "ascii", "backslashreplace"))]
    try:
        return [frame_of(data)]
    except FrameError as error:
        return [LineError(error.reason, data, len(data))]


def _data(line: bytes) -> bytes | None:
    try:
        return parse(line)[1].data
    except ValueError:
        pass
    try:
        return legacy_envelope(line, _ZONE, int(time.time() * 1000)).data
    except ValueError:
        return None
