"""When the watchdog of the board may be fed: sans-I/O.

Progress of the line: a frame came, a request went out, or the line was opened anew. Progress of
the uplink: the broker was heard, or a connection was tried. An incubator that is off and a broker
that is away for days are progress: the gateway asks again and again. What does not ask is stuck.
"""

LINE_MS = 180000
UPLINK_MS = 180000
ACK_MS = 600000


class Watchdog:
    """`now` is milliseconds that never run backwards."""

    def __init__(self, now: int):
        self.stuck = ""
        self._line = self._uplink = self._acked = -1
        self._line_at = self._uplink_at = self._acked_at = now

    def judge(self, now: int, line: int, uplink: int, acked: int, waiting: bool) -> str:
        """Empty to feed it; `line` or `uplink`, for good, when that is stuck; `reconnect` when
        records wait on a connection that nobody answers on, as a first remedy.

        `line`, `uplink` and `acked` change with each progress; `waiting`: records were sent and
        are not acknowledged.
        """
        if line != self._line:
            self._line, self._line_at = line, now
        if uplink != self._uplink:
            self._uplink, self._uplink_at = uplink, now
        if acked != self._acked or not waiting:
            self._acked, self._acked_at = acked, now
        if not self.stuck:
            if now - self._line_at > LINE_MS:
                self.stuck = "line"
            elif now - self._uplink_at > UPLINK_MS:
                self.stuck = "uplink"
        if self.stuck:
            return self.stuck
        if now - self._acked_at > ACK_MS:
            self._acked_at = now
            return "reconnect"
        return ""
