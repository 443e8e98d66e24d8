"""Refusals: counted exactly, kept at a bounded rate."""

from neonat.ingest.refusals import BURST, PAYLOAD_KEPT, REFILL_S, WAITING_MAX, Refusals


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_flood_is_counted_whole_and_kept_in_part(caplog):
    clock = Clock()
    refusals = Refusals(clock)
    for _ in range(5000):
        refusals.add(1, "topic", "envelope", b"x" * 1000)
    refusals.add(1, "topic", "checksum", b"y")
    assert refusals.counts == {"envelope": 5000, "checksum": 1}
    waiting = refusals.waiting()
    assert len(waiting) == BURST + 1
    assert all(len(item.payload) <= PAYLOAD_KEPT for item in waiting)
    assert len(caplog.records) == 2
    clock.now += REFILL_S * 2
    for _ in range(10):
        refusals.add(1, "topic", "envelope", b"x")
    assert len(refusals.waiting()) == BURST + 1 + 2
    assert len(caplog.records) == 3


def test_what_the_store_took_no_longer_waits():
    refusals = Refusals(Clock())
    for number in range(3):
        refusals.add(number, "topic", "envelope", b"x")
    refusals.kept(2)
    assert [item.received_at for item in refusals.waiting()] == [2]
    refusals.kept(WAITING_MAX)
    assert refusals.waiting() == []
