"""What went over the line and what was done to it, one JSON object a line."""

import json
import time
from typing import IO

from medibus.escape import escape
from neonat.simulator.faults import Piece


class Journal:
    """Writes each event at once and in order; `at` is Unix time in ms.

    Lines: `{"at", "raw"}` a frame that was handed to the line whole and unharmed while somebody
    had it open; `{"at", "fault", "line"}` with the bytes on the line and, as `harmed`, the frames
    that were meant; `{"at", "lost", "frames"}` what nobody could have read, with the reason;
    `{"at", "client"}` somebody opened or closed the line.
    """

    def __init__(self, out: IO[str] | None = None):
        self._out = out
        self.frames = 0

    def sent(self, piece: Piece) -> None:
        """A piece was handed to the line with all its bytes."""
        if piece.faults:
            line: dict[str, object] = {
                "fault": ",".join(piece.faults),
                "line": escape(piece.data),
            }
            if piece.harmed:
                line["harmed"] = [escape(raw) for raw in piece.harmed]
            self._write(line)
        for raw in piece.whole:
            self.frames += 1
            self._write({"raw": escape(raw)})

    def lost(self, piece: Piece, reason: str) -> None:
        """Some bytes of a piece or all of them could not be handed over."""
        frames = [escape(raw) for raw in piece.whole + piece.harmed]
        self._write({"lost": reason, "frames": frames})

    def note(self, **what: object) -> None:
        """Any other event."""
        self._write(what)

    def _write(self, line: dict[str, object]) -> None:
        if self._out is None:
            return
        self._out.write(json.dumps({"at": time.time_ns() // 1_000_000, **line}) + "\n")
        self._out.flush()
