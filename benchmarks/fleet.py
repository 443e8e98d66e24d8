"""Many gateways at once, each on its own connection: what they send, and when it is acknowledged.

A process of its own: `fleet.py PORT GATEWAYS RATE SECONDS` prints one JSON object. Each gateway
sends one frame a message, at its own moments; nothing is sent again, so that a server that cannot
follow shows as acknowledgements that come late.
"""

import json
import selectors
import socket
import sys
import time

from medibus.escape import escape
from medibus.frame import response
from neonat.gateway import login, mqtt
from neonat.gateway.envelope import line, parse_ack, stamp

HOST = "127.0.0.1"
# After the last frame, so long for the acknowledgements that are still to come.
PATIENCE_S = 20.0
_FIELDS = "65%4.1f66%4.1f6C%3d 6D%4.1f6E%4dC2 0.8E4 183EC  53F1   4F3 101"


class Member:
    """One gateway: its socket and the numbers that wait for their acknowledgement."""

    def __init__(self, port: int, number: int, boot: int) -> None:
        self.boot = boot
        self.name = f"load{number:05d}"
        self.sock = socket.create_connection((HOST, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(login.connect(self.name, 600, (f"neonat/1/{self.name}/x", "")))
        self.sock.sendall(login.subscribe(1, [f"neonat/1/{self.name}/ack"]))
        self.parser = mqtt.Parser()
        self.seq = 0
        self.waiting: dict[int, float] = {}

    def send(self, due: float, data: str) -> None:
        """One frame; its delay counts from when it was due."""
        self.seq += 1
        now = stamp(time.time_ns() // 1_000_000)
        payload = line(self.name, now, self.boot, self.seq, data).encode()
        topic = f"neonat/1/{self.name}/frames"
        self.sock.sendall(mqtt.publish(topic, len(payload), 1 + self.seq % 60_000) + payload)
        self.waiting[self.seq] = due

    def receive(self, now: float) -> tuple[list[float], bool]:
        """The delays of what is acknowledged now; whether the subscription stands."""
        delays = []
        ready = False
        chunk = self.sock.recv(65536)
        if hasattr(socket, "TCP_QUICKACK"):
            # rumqttd's small packets wait for the kernel's acknowledgement, which else is late.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        for event in self.parser.feed(chunk):
            if event[0] == "suback":
                ready = True
            elif event[0] == "message":
                self.sock.sendall(mqtt.puback(event[3]) if event[3] else b"")
                for _, first, last in parse_ack(event[2])[0]:
                    for seq in range(first, last + 1):
                        due = self.waiting.pop(seq, None)
                        if due is not None:
                            delays.append(now - due)
        return delays, ready


class Fleet:
    """All of them, served by one thread."""

    def __init__(self, port: int, count: int, boot: int = 1) -> None:
        self._selector = selectors.DefaultSelector()
        self.members = []
        for number in range(count):
            member = Member(port, number, boot)
            self._selector.register(member.sock, selectors.EVENT_READ, member)
            self.members.append(member)
        self.delays: list[float] = []
        left = count
        while left:
            left -= self._serve(10.0)

    def _serve(self, wait: float) -> int:
        ready = 0
        for key, _ in self._selector.select(wait):
            delays, stands = key.data.receive(time.perf_counter())
            self.delays += delays
            ready += stands
        return ready

    def run(self, rate: float, seconds: float) -> dict[str, float | int]:
        """Send `rate` frames a second in all, evenly; what came of it."""
        data = [_frame(number) for number in range(997)]
        self._first(data[0])
        total = int(rate * seconds)
        begun = time.perf_counter()
        sent = 0
        while sent < total:
            now = time.perf_counter()
            until = min(total, int((now - begun) * rate) + 1)
            for number in range(sent, until):
                member = self.members[number % len(self.members)]
                member.send(begun + number / rate, data[number % 997])
            sent = until
            self._serve(max(0.0, begun + sent / rate - time.perf_counter()))
        at_end = self._left()
        took = time.perf_counter() - begun
        deadline = time.perf_counter() + PATIENCE_S
        while self._left() and time.perf_counter() < deadline:
            self._serve(0.2)
        found = sorted(self.delays)
        return {
            "sent": sent,
            "rate": sent / took,
            "waiting": at_end,
            "lost": self._left(),
            "p50": found[len(found) // 2] if found else -1,
            "p99": found[len(found) * 99 // 100] if found else -1,
        }

    def _first(self, data: str) -> None:
        """One frame of each, so that the server knows them all; not part of what is measured."""
        for member in self.members:
            member.send(0.0, data)
            self._serve(0.0)
        deadline = time.perf_counter() + PATIENCE_S
        while self._left() and time.perf_counter() < deadline:
            self._serve(0.2)
        self.delays.clear()

    def _left(self) -> int:
        return sum(len(member.waiting) for member in self.members)


def _frame(number: int) -> str:
    values = (36 + number % 37 / 10, 36 + number % 23 / 10, 40 + number % 19)
    text = _FIELDS % (*values, 32 + number % 29 / 10, number % 101)
    return escape(response(0x24, text.encode())[:-1])


def main() -> None:
    """Connect, wait for a line on standard input, send, print what came of it."""
    port, count, rate, seconds, boot = (float(word) for word in sys.argv[1:])
    fleet = Fleet(int(port), int(count), int(boot))
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(fleet.run(rate, seconds)), flush=True)


if __name__ == "__main__":
    main()
