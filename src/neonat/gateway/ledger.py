"""What the spool reads from a segment's file when it opens it, or gives it up."""

from neonat.gateway.segment import Segment, decode, lines

RANGES_MAX = 16
CARRIED_MAX = 32


def scan(files, name: str) -> Segment:
    """The index of a segment's file; torn and corrupt lines are passed over. OSError."""
    segment = Segment(int(name[:-4]), 0)
    file = files.open(name, "rb")
    try:
        for after, line in lines(file):
            found = decode(line)
            segment.size = after
            if found and found[1] == (segment.boot or found[1]):
                segment.boot = found[1]
                segment.add(found[2])
    finally:
        file.close()
    return segment


def since(files, segment: Segment) -> str:
    """The time of the first record that a segment still holds, empty when it cannot be read."""
    try:
        file = files.open(segment.name, "rb")
    except OSError:
        return ""
    try:
        for _, line in lines(file):
            found = decode(line)
            if found and segment.holds(found[2]):
                return found[0]
    except OSError:
        pass
    finally:
        file.close()
    return ""


def facts(files, segment: Segment, boot: int) -> "tuple[list[list[int]], bool]":
    """What must be said again when a segment is given up.

    The ranges, [boot, first, last], that go with it or that its `!drop` records name, and whether
    a `!boot` record of `boot` goes with it.
    """
    ranges = [[segment.boot, first, last] for first, last in segment.held]
    boots = False
    try:
        file = files.open(segment.name, "rb")
    except OSError:
        return ranges, boots
    try:
        for _, line in lines(file):
            found = decode(line) if b"|!" in line else None
            if not found or not segment.holds(found[2]):
                continue
            boots = boots or (found[1] == boot and found[3].startswith("!boot "))
            ranges += named(found[3])
    except OSError:
        pass
    finally:
        file.close()
    return ranges, boots


def named(data: str) -> "list[list[int]]":
    """The range, [boot, first, last], that a `!drop` record names; none of any other data."""
    fields = data.split(" ")
    try:
        return [[int(field.split("=")[1]) for field in fields[1:4]]] if fields[0] == "!drop" else []
    except (ValueError, IndexError):
        return []


def coarse(ranges: "list[list[int]]") -> "list[list[int]]":
    """Few ranges that cover all: a number between two that were given up was acknowledged."""
    merged: "list[list[int]]" = []
    for boot, first, last in sorted(ranges):
        if merged and merged[-1][0] == boot and merged[-1][2] >= first - 1:
            merged[-1][2] = max(last, merged[-1][2])
        else:
            merged.append([boot, first, last])
    while len(merged) > RANGES_MAX:
        near = [
            (merged[index + 1][1] - merged[index][2], index)
            for index in range(len(merged) - 1)
            if merged[index][0] == merged[index + 1][0]
        ]
        if not near:
            break
        index = min(near)[1]
        merged[index][2] = merged[index + 1][2]
        del merged[index + 1]
    return merged[-CARRIED_MAX:]
