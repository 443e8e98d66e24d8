"""Memory under hostile and under endless input."""

import gc

from medibus.decoder import Decoder
from medibus.frame import Frame, command, response
from medibus.items import items
from medibus.session import Plan, Session

try:
    import tracemalloc
except ImportError:
    tracemalloc = None


def in_use():
    gc.collect()
    if tracemalloc:
        tracemalloc.start()
        return tracemalloc.get_traced_memory()[0]
    return gc.mem_alloc()


HOSTILE = (
    b"\x01" * 64,
    b"\x1b\x01" * 32,
    b"\x01A\x1bB\r" * 16,
    b"\x01" + b"A" * 63,
    b"A" * 64,
    b"\r" * 64,
    b"\x80" * 64,
    b"\x01A\x1b" + b"B" * 61,
    (b"\x01" + b"A" * 1000) * 3 + b"\r",
    (b"\x01" + b"A" * 3000 + b"\x1bB\r") * 2,
)


def test_hostile_bytes_do_not_grow_the_decoder():
    decoder = Decoder()
    before = in_use()
    for piece in HOSTILE:
        for _ in range(100):
            decoder.feed(piece)
        assert in_use() - before < 16000, piece[:8]


def test_new_values_do_not_grow_the_items_without_end():
    def read(number):
        cell = b"65%04d" % number
        return items(Frame(response(0x24, cell * 3)[:-1]))

    for number in range(3000):
        read(number)
    before = in_use()
    for number in range(3000, 6000):
        read(number)
    assert in_use() - before < 2000000


def test_a_long_session_does_not_grow():
    session = Session(Plan())
    answers = [Frame(response(code)[:-1]) for code in (0x51, 0x52, 0x24, 0x27, 0x2E)]
    nop = Frame(command(0x30)[:-1])

    def talk(now):
        for beat in range(200):
            at = now + beat * 500
            session.tick(at)
            session.receive(at, nop)
            session.receive(at, answers[beat % 5])
        return now + 200 * 500

    now = talk(0)
    before = in_use()
    talk(now)
    assert in_use() - before < 2000
