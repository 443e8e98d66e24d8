"""Turns of those who send: what one sends too much delays nobody else."""

from neonat.ingest.fair import Fair
from neonat.ingest.link import Message


def message(gateway: str, lines: int, topic: str = "") -> Message:
    payload = b"\n".join(b"%b|x|1.1|%b" % (gateway.encode(), b"d" * 90) for _ in range(lines))
    return Message(topic or f"neonat/1/{gateway}/frames", payload, 0)


def test_few_lines_overtake_many():
    fair = Fair(50_000)
    flood = [message("flood", 50) for _ in range(100)]
    for one in flood:
        fair.add(one)
    others = [message(f"bed-{number}", 1) for number in range(20)]
    for one in others:
        fair.add(one)
    assert fair.waiting == 5020
    first = fair.round(64 << 10)
    assert set(others) <= set(first)
    rest = [one for _ in range(100) for one in fair.round(64 << 10)]
    assert [one for one in first + rest if one in flood] == flood
    assert (fair.waiting, fair.let_go, fair.round(1000)) == (0, 0, [])


def test_all_who_send_much_get_the_same():
    fair = Fair(50_000)
    for number in range(200):
        fair.add(message(f"bed-{number % 4}", 10 + 140 * (number % 2)))
    taken = [one for _ in range(6) for one in fair.round(64 << 10)]
    bytes_of = [
        sum(len(one.payload) for one in taken if f"bed-{number}/" in one.topic) for number in (1, 3)
    ]
    assert all(80_000 < count < 220_000 for count in bytes_of)


def test_who_has_most_loses_when_it_is_too_much():
    fair = Fair(1000)
    honest = [message(f"bed-{number}", 5) for number in range(40)]
    for one in honest:
        fair.add(one)
        fair.add(message("flood", 50))
    assert 900 < fair.waiting < 1050
    assert not fair.is_crowded
    kept = [one for _ in range(100) for one in fair.round(10_000)]
    assert set(honest) <= set(kept)
    assert len(kept) + fair.let_go == 80


def test_much_of_many_is_a_crowd():
    fair = Fair(1000)
    for number in range(60):
        fair.add(message(f"bed-{number}", 10))
    assert fair.is_crowded
    assert fair.let_go == 0


def test_on_the_original_topics_each_counts_by_its_name():
    fair = Fair(50_000)
    for _ in range(50):
        fair.add(message("one", 1, "trame_complete"))
    other = message("two", 1, "trame_complete")
    fair.add(other)
    assert other in fair.round(4000)
    huge = Message("neonat/1/x/frames", b"x" * 10_000_000, 0)
    fair.add(huge)
    assert huge in [one for _ in range(10) for one in fair.round(20_000)]
