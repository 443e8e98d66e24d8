"""A heap that is full in the middle of taking frames: each is spooled once or leaves a trace."""

from medibus.frame import response
from medibus.schedule import Plan
from neonat.gateway import acquisition
from neonat.gateway.acquisition import Acquisition
from neonat.gateway.linefinder import LineFinder
from neonat.gateway.spool import Spool


class Line:
    """Gives one chunk a step."""

    def __init__(self, chunks):
        self.chunks = list(chunks)

    def ready(self):
        return True

    def read(self, size):
        if not self.chunks:
            return None
        chunk = self.chunks.pop(0)
        return chunk or None

    def write(self, data):
        return len(data)

    def close(self):
        pass


class Board:
    def __init__(self, line):
        self.line = line

    def open_line(self, device, baud, parity):
        return self.line


class Full:
    """Wraps a function: MemoryError where `script` says so, before or after its work."""

    def __init__(self, function, script):
        self.function = function
        self.script = list(script)

    def __call__(self, *args):
        when = self.script.pop(0) if self.script else ""
        if when == "before":
            raise MemoryError
        result = self.function(*args)
        if when == "after":
            raise MemoryError
        return result


FRAMES = [response(0x24, b"65%4d" % number) for number in range(12)]


def taken(chunks, prepare):
    """The data of all records when `prepare(acquisition)` spoils its parts."""
    out = []
    line = Line(chunks)
    found = Acquisition(
        Board(line), "ram", LineFinder(38400, "odd"), Plan({}), lambda now, data: out.append(data),
        900, lambda text: None,
    )  # fmt: skip
    found.step(0)
    prepare(found, out)
    starved = 0
    for now in range(1, 60):
        try:
            found.step(now)
        except MemoryError:
            starved += 1
    assert starved
    found.close(60)
    return out


def frames_of(out):
    return [data for data in out if data[:1] == "\\"]


def wanted(numbers):
    return [acquisition.escape(FRAMES[number][:-1]) for number in numbers]


def test_a_record_that_could_not_be_made_is_made_later():
    def prepare(found, out):
        found.emit = Full(found.emit, ["before", "", "before"])

    out = taken([b"", b"".join(FRAMES[:5]), b"".join(FRAMES[5:])], prepare)
    assert frames_of(out) == wanted(range(12))


def test_what_was_spooled_is_not_spooled_twice():
    def prepare(found, out):
        found._session.receive = Full(found._session.receive, ["before", "after", "", "after"])

    out = taken([b"", b"".join(FRAMES)], prepare)
    assert frames_of(out) == wanted(range(12))


def test_a_frame_for_which_there_is_never_room_leaves_its_trace():
    def prepare(found, out):
        found.emit = Full(found.emit, ["", "before", "before", ""])

    out = taken([b"", b"".join(FRAMES)], prepare)
    assert frames_of(out) == wanted([number for number in range(12) if number != 1])
    assert out[1].startswith("!error reason=memory length=10 ")


def test_bytes_that_could_not_be_decoded_leave_a_trace():
    def prepare(found, out):
        found._decoder.feed = Full(found._decoder.feed, ["", "before"])

    out = taken([b"", FRAMES[0], FRAMES[1] + FRAMES[2][:4], FRAMES[2][4:], FRAMES[3]], prepare)
    assert frames_of(out) == wanted([0, 3])
    assert any(data.startswith("!error reason=memory") for data in out)


def test_what_was_decoded_before_the_heap_was_full_is_spooled():
    def prepare(found, out):
        decoder = found._decoder
        decoder._check = Full(decoder._check, ["", "", "after"])

    noise = b"x"
    pieces = [noise + frame for frame in FRAMES]
    out = taken([b"", b"".join(pieces[:5]), b"".join(pieces[5:])], prepare)
    assert frames_of(out) == wanted([number for number in range(12) if number not in (3, 4)])
    assert sum(data.startswith("!error reason=memory") for data in out) == 1


class Disk:
    """The least that a spool needs, in RAM."""

    block = 1

    def __init__(self):
        self.contents = {}

    def names(self):
        return list(self.contents)

    def read(self, name, limit):
        return bytes(self.contents.get(name, b""))

    def replace(self, name, data):
        self.contents[name] = bytearray(data)

    def remove(self, name):
        del self.contents[name]

    def open(self, name, mode):
        if mode == "ab":
            self.contents.setdefault(name, bytearray())
        return File(self.contents[name])

    def sync(self, file):
        pass


class File:
    def __init__(self, content):
        self.content = content
        self.at = 0

    def write(self, data):
        self.content.extend(data)
        return len(data)

    def read(self, size):
        data = bytes(memoryview(self.content)[self.at : self.at + size])
        self.at += len(data)
        return data

    def seek(self, at):
        self.at = at

    def close(self):
        pass


def appended(spool, data):
    try:
        spool.append("+2", data)
    except MemoryError:
        return False
    return True


def test_what_the_spool_owes_survives_a_full_heap():
    disk = Disk()
    full = Full(lambda: "+1", [""] * 3 + ["before"] * 2)
    spool = Spool(disk, full, 8192, 1024)
    spool.start([])
    spool._owed = [[1, 100, 100], [1, 200, 200]]
    assert sum([appended(spool, f"data {number}") for number in range(300)]) == 298
    said = [
        [int(field.split("=")[1]) for field in data.split(" ")[1:]]
        for segment in list(spool.segments)
        for _, _, _, data in spool.read(segment, 0)
        if data.startswith("!drop boot=1 ")
    ]
    for seq in range(1, spool.seq + 1):
        held = any(segment.holds(seq) for segment in spool.segments)
        assert held or any(first <= seq <= last for _, first, last in said), seq
    assert spool.failures == 0
