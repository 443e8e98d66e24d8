"""What gateways are told of what they sent: lines `boot first last` on their topic `ack`."""

from neonat.gateway.envelope import MESSAGE_MAX
from neonat.store import Written, spans

Lines = list[tuple[int, int, int]]


def answers(written: Written) -> dict[str, Lines]:
    """For each gateway the ranges that are in the store, and what it must know besides.

    That acknowledges nothing: (boot, last + 1, first) says that numbers first to last are taken by
    other records, (boot, 1, 0) that this is the newest boot. To name a record of it would let go
    another one, where two gateways have one name or a spool was lost.
    """
    lines: dict[str, Lines] = {name: list(ranges) for name, ranges in written.acks.items()}
    for name, (boot, _) in written.newest.items():
        lines.setdefault(name, []).append((boot, 1, 0))
    taken: dict[tuple[str, int], list[spans.Range]] = {}
    for record in written.conflicts:
        taken.setdefault((record.gateway, record.boot), []).append((record.seq, record.seq))
    for (name, boot), numbers in taken.items():
        ranges = [(boot, last + 1, first) for first, last in spans.normal(numbers)]
        lines.setdefault(name, []).extend(ranges)
    return lines


def ack_payloads(lines: Lines) -> list[bytes]:
    """Lines as messages of at most 16 KiB."""
    per_message = MESSAGE_MAX // len(b"4294967295 4294967295 4294967295\n")
    return [
        b"\n".join(b"%d %d %d" % item for item in lines[start : start + per_message])
        for start in range(0, len(lines), per_message)
    ]
