"""A spool on a littlefs in RAM: fills, wear, and power cut at every block write.

Under MicroPython, compiled with the gateway's own modules; `main` takes words from sys.argv:
`cuts RECORDS FIRST STEP LIMIT`, or `outage` or `calm` and FILE LIMIT BLOCKS, or `starve RECORDS
FOLDER SEED` on real files in a heap that is full most of the time. Prints JSON.
"""

import gc
import json
import os
import random
import sys

import vfs

from neonat.gateway.files import Files
from neonat.gateway.pack import moment
from neonat.gateway.spool import Spool
from neonat.gateway.writing import stamp

BLOCK = 4096
UTC = 1795413600000


def check(true: bool, *facts) -> None:
    """As assert, which compiled modules do without."""
    if not true:
        raise ValueError(repr(facts))


class Flash:
    """Blocks in RAM, `count` of them; `left` writes until the power fails in the middle of one.

    After that it takes nothing any more and says nothing: an exception that leaves the C code of
    the file system, in a file that the collector closes, ends MicroPython.
    """

    def __init__(self, count: int) -> None:
        self.blocks = [None] * count
        self.left = -1
        self.writes = self.erases = 0

    def readblocks(self, number: int, buffer, offset: int = 0) -> None:
        block = self.blocks[number]
        for at in range(len(buffer)) if block is None else ():
            buffer[at] = 255
        if block is not None:
            buffer[:] = memoryview(block)[offset : offset + len(buffer)]

    def writeblocks(self, number: int, buffer, offset: int = 0) -> None:
        if self.left == 0:
            return
        self.left -= 1
        self.writes += 1
        if self.blocks[number] is None:
            self.blocks[number] = bytearray(b"\xff" * BLOCK)
        size = len(buffer) // 2 if self.left == 0 else len(buffer)
        memoryview(self.blocks[number])[offset : offset + size] = memoryview(buffer)[:size]

    def ioctl(self, operation: int, argument: int):
        if operation == 6 and self.left != 0:
            self.erases += 1
            self.blocks[argument] = None
        return {4: len(self.blocks), 5: BLOCK}.get(operation, 0)


def taken(flash: Flash) -> int:
    """Blocks of the file system in use, its own included."""
    return len(flash.blocks) - os.statvfs("/ram")[3]


def spool_on(flash: Flash, limit: int) -> Spool:
    vfs.mount(vfs.VfsLfs2(flash), "/ram")
    files = Files("/ram/spool", open, lambda file: file.flush(), block=BLOCK)
    files.make()
    return Spool(files, lambda: stamp(UTC), limit, segments_max=40, delay_ms=2000)


def held(spool: Spool) -> dict:
    return {
        (segment.boot, seq): (time, data)
        for segment in list(spool.segments)
        for _, time, seq, data in spool.read(segment, 0)
    }


def record(number: int) -> str:
    """A frame, or now and then something else."""
    if number % 9 == 0:
        return "!error reason=noise raw=" + str(number)
    changes = (number % 7, 40 + number // 5 % 9, number % 300, number * 37 & 255)
    return "\\x01$6530.86631.{}6C {} 6D33.3E4 {:3d}{:02X}".format(*changes)


def live(flash: Flash, spool: Spool, records: int, promised: dict) -> None:
    """Records come, some are acknowledged; what has been in for two seconds is promised."""
    sent: list = []
    for number in range(records):
        now = 300 * number
        item = (stamp(UTC + now), record(number))
        seq = spool.append(item[0], item[1], now)
        sent.append((now, seq, item))
        spool.tend(now)
        if flash.left == 0:
            return
        if number % 11 == 10:
            first = max(1, seq - 15)
            spool.ack(spool.boot, first, first + 3)
            for gone in range(first, first + 4):
                promised.pop((spool.boot, gone), None)
            sent = [old for old in sent if not first <= old[1] <= first + 3]
        while sent and now - sent[0][0] >= 2300:
            promised[spool.boot, sent[0][1]] = sent[0][2]
            sent.pop(0)


def proven(spool: Spool, promised: dict) -> None:
    found = held(spool)
    dropped = set()
    for _, data in found.values():
        if data[:6] == "!drop ":
            boot, first, last = [int(word.split("=")[1]) for word in data.split(" ")[1:4]]
            dropped.update([(boot, seq) for seq in range(first, last + 1)])
    for key, item in promised.items():
        check(found.get(key, item) == item, key, item, found.get(key))
        check(key in found or key in dropped, key, item)


def copy(flash: Flash) -> Flash:
    """What is on it, on another: files that a dead program had open cannot write into that."""
    other = Flash(len(flash.blocks))
    other.blocks = [block and bytearray(block) for block in flash.blocks]
    return other


def ended(spool: Spool | None) -> None:
    """Close the files of a dead program, which the collector would do in the middle of the next."""
    try:
        if spool is not None:
            spool.close()
    except OSError:
        pass


def cuts(records: int, first: int, step: int, limit: int) -> None:
    """Cut at each `step`th block write from `first` on, until a life goes through without one."""
    empty = Flash(2 * limit // BLOCK + 8)
    vfs.VfsLfs2.mkfs(empty)
    cut = first
    counted = lives = 0
    kept = 0
    while True:
        flash = copy(empty)
        flash.left = cut
        promised: dict = {}
        boots: list = []
        spool = None
        begun = 0
        try:
            spool = spool_on(flash, limit)
            begun = 1
            boots.append(spool.start([("reason", "start")]))
            live(flash, spool, records, promised)
        except OSError:
            pass
        came = flash.left == 0
        for _ in range(2):
            left = copy(flash)
            ended(spool)
            vfs.umount("/ram")
            flash = left
            spool = spool_on(flash, limit)
            lives += 1
            proven(spool, promised)
            boots.append(spool.start([("reason", "start")]))
            spool.flush()
            proven(spool, promised)
        ended(spool)
        vfs.umount("/ram")
        check(len(set(boots)) == len(boots), boots)
        kept += len(promised)
        if not came:
            break
        counted += 1
        cut += step
    print(json.dumps({"cuts": counted, "lives": lives, "kept": kept, "begun": begun}))


def calm(path: str, limit: int, blocks: int) -> None:
    """All records of a file, each acknowledged before the one after the next."""
    flash = Flash(blocks)
    vfs.VfsLfs2.mkfs(flash)
    spool = spool_on(flash, limit)
    spool.start([("reason", "start")])
    spool.ack(1, 1, 1)
    before = flash.erases, flash.writes
    count = 0
    with open(path) as file:
        for line in file:
            time, _, data = line.rstrip("\n").partition("|")
            now = moment(time) - UTC
            seq = spool.append(time, data, now)
            spool.tend(now)
            spool.ack(1, seq - 1, seq - 1)
            count += 1
    facts = {"erases": flash.erases - before[0], "writes": flash.writes - before[1]}
    print(json.dumps({"records": count, "erases": facts["erases"], "writes": facts["writes"]}))


def outage(path: str, limit: int, blocks: int) -> None:
    """All records of a file (`time|data` lines), none of them acknowledged; then all come back."""
    flash = Flash(blocks)
    vfs.VfsLfs2.mkfs(flash)
    spool = spool_on(flash, limit)
    spool.start([("reason", "start")])
    spool.flush()
    erased = flash.erases
    count = size = 0
    with open(path) as file:
        for line in file:
            time, _, data = line.rstrip("\n").partition("|")
            now = moment(time) - UTC
            spool.append(time, data, now)
            spool.tend(now)
            count += 1
            size += len(data)
    spool.close()
    facts = {"records": count, "bytes": spool.bytes, "blocks": taken(flash), "text": size}
    facts.update({"dropped": spool.dropped, "failures": spool.failures})
    facts.update({"erases": flash.erases - erased, "writes": flash.writes})
    vfs.umount("/ram")
    spool = spool_on(flash, limit)
    wrong = 0
    with open(path) as file:
        seq = 1
        for segment in list(spool.segments):
            for _, time, number, data in spool.read(segment, 0):
                if data.startswith("!boot "):
                    continue
                seq += 1
                if number != seq or file.readline() != time + "|" + data + "\n":
                    wrong += 1
    facts.update({"back": seq - 1, "wrong": wrong})
    print(json.dumps(facts))


def crowded(room: int) -> list:
    """What leaves about `room` bytes of the heap."""
    gc.collect()
    reserve = [bytearray(256) for _ in range(room // 256)]
    found: list = []
    for size in (8192, 1024, 128, 32):
        try:
            while True:
                found.append(bytearray(size))
        except MemoryError:
            pass
    reserve.clear()
    return found


def fed(spool: Spool, records: int) -> int:
    """Records come while the heap has room, everything else happens while it has little."""
    starved = 0
    for number in range(records):
        now = 300 * number
        check(spool.append(stamp(UTC + now), record(number), now) == number + 2)
        spool.flush()
        if number % 8 == 0:
            ballast = crowded(random.randrange(16000))
            for _ in range(8):
                try:
                    spool.tend(now)
                except MemoryError:
                    starved += 1
            del ballast
    return starved


def read_again(spool: Spool, back: bytearray) -> int:
    """Read all of it while the heap has little room, again and again where it has none."""
    starved = 0
    for segment in list(spool.segments):
        offset = 0
        room = 2000
        while segment in spool.segments:
            said: list = []
            ballast = crowded(room)
            try:
                for after, time, seq, data in spool.read(segment, offset):
                    check((time, data) == (stamp(UTC + 300 * seq - 600), record(seq - 2)), seq)
                    said.append(seq)
                    offset = after
                    if len(said) == 40:
                        break
            except MemoryError:
                starved += 1
                room += 1000
            ballast.clear()
            for seq in said:
                check(not back[seq], seq)
                back[seq] = 1
                spool.ack(segment.boot, seq, seq)
    return starved


def starve(records: int, folder: str, seed: int) -> None:
    random.seed(seed)
    files = Files(folder, open, lambda file: file.flush(), block=BLOCK)
    spool = Spool(files, lambda: stamp(UTC), 1 << 20, segments_max=1000, delay_ms=2000)
    spool.written_size = 2048
    spool.start([])
    spool.flush()
    spool.ack(1, 1, 1)
    starved = fed(spool, records)
    spool.close()
    packed = sum([segment.left for segment in spool.segments if segment.suffix == ".pak"])
    facts = {"tending": starved, "packing": spool.starved, "packed": packed}
    back = bytearray(records + 2)
    facts["reading"] = read_again(spool, back)
    facts.update({"back": sum(back), "left": spool.records, "dropped": spool.dropped})
    print(json.dumps(facts))


def main() -> None:
    words = sys.argv[1:]
    if words[0] == "cuts":
        cuts(*[int(word) for word in words[1:]])
    elif words[0] == "starve":
        starve(int(words[1]), words[2], int(words[3]))
    else:
        work = calm if words[0] == "calm" else outage
        work(words[1], int(words[2]), int(words[3]))
