"""The whole gateway on a board of RAM, as fast as it goes: words FRAMES SPOOL EVERY [week].

Under MicroPython, compiled with the gateway's own modules. With `week` at the default poll plan,
time leaps where nothing happens, an outage of an hour every six hours and of a whole day on the
fifth; without, two requests as fast as can be, an outage of 1,500 frames every 4,000.

An incubator and a broker answer from RAM, time is virtual, the spool is real files. Again and again
the broker is away or nobody acknowledges. Prints JSON lines: frames, heap in use after collection.
"""

import gc
import json
import os
import sys

gc.threshold(16384)

from medibus.frame import response  # noqa: E402
from neonat.gateway import program  # noqa: E402
from neonat.gateway.files import Files  # noqa: E402

EVERY = 4000
OUTAGE = 1500
# Frames of a day at the default plan.
DAY = 285408


class Incubator:
    want_write = False
    pollable = None

    def __init__(self) -> None:
        self.out = b""
        self.frames = self.noise = 0

    def ready(self) -> bool:
        return True

    def write(self, data) -> int:
        for command in bytes(data).split(b"\r"):
            if command[:1] != b"\x1b":
                continue
            self.frames += 1
            body = b""
            if command[1] == 0x52:
                body = b"5700'Babyleo TN500'01.06:06.00"
            elif command[1] == 0x24:
                body = self._measured()
            elif command[1] == 0x27 and self.frames // 600 % 4 == 0:
                body = b"C43O2 SENS ERR "
            self.out += response(command[1], body)
        return len(data)

    def _measured(self) -> bytes:
        self.noise = noise = (self.noise * 1103515245 + 12345) & 0x7FFFFFFF
        digits = (noise >> 8) % 10, 18 + (noise >> 12) % 3, (noise >> 16) % 4, (noise >> 20) % 50
        return b"6530.86631.%d6C %d 6D33.%dE   0C2 0.8E4 1%02dEC  53" % digits

    def read(self, size):
        out = self.out
        self.out = b""
        return out or None

    def close(self) -> None:
        pass


class Broker:
    """What the gateway connects to; `away` breaks it, `silent` keeps acknowledgements back."""

    want_write = False
    pollable = None
    away = False
    silent = False

    def __init__(self) -> None:
        self.out = b""
        self.topic = b""
        self.frames = self.other = False

    def ready(self) -> bool:
        if Broker.away:
            raise OSError(111)
        return True

    def read(self, size):
        if Broker.away:
            raise OSError(104)
        out = self.out[:size]
        self.out = self.out[size:]
        return out or None

    def write(self, data) -> int:
        if self.frames:
            self._acknowledge(data)
        elif self.other:
            pass
        else:
            self._packet(bytes(data))
            return len(data)
        self.frames = self.other = False
        return len(data)

    def _packet(self, packet: bytes) -> None:
        """A packet that comes whole, or the part of a message before its payload."""
        kind = packet[0] >> 4
        at = 1
        while packet[at] & 128:
            at += 1
        body = packet[at + 1 :]
        if kind == 1:
            self.out += b"\x20\x02\x00\x00"
        elif kind == 8:
            self.out += b"\x90\x04" + body[:2] + b"\x01\x01"
        elif kind == 12:
            self.out += b"\xd0\x00"
        elif kind == 3:
            self.out += b"\x40\x02" + body[-2:]
            self.topic = body[2:-2]
            self.frames = self.topic.endswith(b"frames")
            self.other = not self.frames

    def _acknowledge(self, payload) -> None:
        if Broker.silent:
            return
        topic = self.topic[:-6] + b"ack"
        ranges: list = []
        start = 0
        for at in range(len(payload) + 1):
            if at < len(payload) and payload[at] != 10:
                continue
            number = bytes(payload[start : start + 64]).split(b"|")[2]
            boot, seq = [int(part) for part in number.split(b".")]
            if ranges and ranges[-1][0] == boot and ranges[-1][2] == seq - 1:
                ranges[-1][2] = seq
            else:
                ranges.append([boot, seq, seq])
            start = at + 1
        body = bytes((0, len(topic))) + topic + b"\n".join([b"%d %d %d" % tuple(r) for r in ranges])
        size = len(body)
        head = bytes((0x30, size)) if size < 128 else bytes((0x30, size & 127 | 128, size >> 7))
        self.out += head + body

    def close(self) -> None:
        pass


class Board:
    message_max = 2048
    input_max = 2048
    segments_max = 40
    ring_max = 8
    spool_bytes = 1 << 20
    spool_delay_ms = 2000
    leaps = False
    stopped = False

    def __init__(self) -> None:
        self.now = 0
        self.line = Incubator()

    def ticks(self) -> int:
        self.now += 1
        return self.now

    def wall(self):
        return (1795413600000 + self.now, "ntp") if self.now > 5000 else None

    def heap_free(self):
        return None

    def random(self) -> float:
        return 0.5

    def collect(self) -> None:
        gc.collect()

    def files(self, directory: str) -> Files:
        return Files(directory, open, lambda file: file.flush())

    def line_fixed(self, device: str) -> bool:
        return True

    def open_line(self, device: str, baud: int, parity: str) -> Incubator:
        return self.line

    def connect(self, host: str, port: int, tls) -> Broker:
        return Broker()

    def wait(self, streams: list, timeout_ms: int) -> None:
        longest = 20 if self.line.out or not self.leaps else timeout_ms
        self.now += min(timeout_ms, longest)


def heap() -> int:
    gc.collect()
    return gc.mem_alloc()


def clean(directory: str) -> None:
    for name in os.listdir(directory):
        os.remove(directory + "/" + name)


def stepped(gateway) -> None:
    """One step as the gateway's own loop makes it: a full heap costs a moment."""
    try:
        wait = gateway.step()
    except MemoryError:
        gateway.starved += 1
        gc.collect()
        wait = 100
    gateway.board.wait([], wait)


def main() -> None:
    frames, spool, every = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    print(json.dumps({"frames": 0, "heap": heap(), "free": free()}))
    board = Board()
    config = {
        "id": "bed-1",
        "serial": "ram",
        "spool": spool,
        "broker": {"host": "ram", "port": 1883},
    }
    config.update({"topic_prefix": "neonat/1", "spool_bytes": 1 << 20})
    gateway = program.Gateway(config, board, lambda text: None)
    week = sys.argv[4:] == ["week"]
    board.leaps = week
    if not week:
        gateway.plan.set({0x24: 0, 0x27: 0})
    cycle, outage = (DAY // 4, DAY // 24) if week else (EVERY, OUTAGE)
    acquisition = gateway.acquisition
    reported = 0
    while acquisition.frames < frames or gateway.spool.records > 16:
        count = acquisition.frames
        out = count % cycle > cycle - outage or (week and 4 * DAY < count < 5 * DAY)
        out = out and count < frames
        Broker.away = out and count // cycle % 2 == 0
        Broker.silent = out and not Broker.away
        stepped(gateway)
        if count - reported >= every:
            reported = count
            print(
                json.dumps(
                    {
                        "frames": count,
                        "heap": heap(),
                        "free": free(),
                        "records": gateway.spool.records,
                        "bytes": gateway.spool.bytes,
                        "starved": gateway.starved + gateway.spool.starved,
                    }
                )
            )
    for _ in range(300):
        stepped(gateway)
    spool_ = gateway.spool
    end = {"frames": acquisition.frames, "acked": gateway.sender.acked, "seq": spool_.seq}
    end.update({"left": spool_.records, "dropped": spool_.dropped, "bytes": spool_.bytes})
    end["starved"] = gateway.starved + spool_.starved
    end.update({"connects": gateway.uplink.connects, "heap": heap(), "free": free()})
    print(json.dumps(end))


def free() -> int:
    return gc.mem_free()
