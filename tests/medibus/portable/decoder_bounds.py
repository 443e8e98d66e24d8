"""Memory of the decoder under hostile input."""

from heap import in_use

from medibus.decoder import Decoder

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
