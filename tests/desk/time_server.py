"""A time server of the loopback, as good or as bad as a test wants it."""

import contextlib
import socket
import struct
import threading
import time

FROM_1900 = 2208988800


class TimeServer:
    """`ahead_s`: how far its clock is off; `stratum` 0 sends away; `origin` False repeats no token;
    `leap` 3 says that its clock is not set. `asked` counts the questions.
    """

    def __init__(self, ahead_s=0.0, stratum=2, leap=0, origin=True, mute=False):
        self.facts = (ahead_s, stratum, leap, origin, mute)
        self.asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.name = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                data, who = self._socket.recvfrom(512)
                self.asked += 1
                if not self.facts[4]:
                    self._socket.sendto(self._answer(data, time.time()), who)

    def _answer(self, data, arrived):
        ahead, stratum, leap, origin, _ = self.facts

        def stamp(now):
            return struct.pack(">II", int(now) + FROM_1900, int(now % 1 * (1 << 32)))

        head = struct.pack(">BBbbII4s", leap << 6 | 0x24, stratum, 6, -20, 66, 66, b"RATE")
        token = data[40:48] if origin else bytes(8)
        return (
            head
            + stamp(arrived + ahead)
            + token
            + stamp(arrived + ahead)
            + stamp(time.time() + ahead)
        )

    def close(self):
        self._socket.close()
