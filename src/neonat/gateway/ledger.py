"""What the spool reads from its files when it opens them, or gives one up: seldom."""

from neonat.gateway.ranges import named
from neonat.gateway.segment import PACKED, Segment, decode, lines


def opened(spool) -> int:
    """Give a spool the segments that its files hold; the highest number of a file."""
    highest = 0
    for name in sorted(spool.files.names()):
        if name[-4:] not in (Segment.suffix, PACKED) or not name[:-4].isdigit():
            continue
        highest = max(highest, int(name[:-4]))
        try:
            segment = scan(spool.files, name)
        except OSError:
            spool.failures += 1
            continue
        if segment.left:
            spool.segments.append(segment)
        else:
            spool.remove(name)
    if any(segment.suffix == PACKED for segment in spool.segments):
        from neonat.gateway.unpack import untwin

        untwin(spool)
        spool.rests = False
    return highest


def scan(files, name: str) -> Segment:
    """The index of a segment's file; torn and corrupt lines are passed over. OSError."""
    if name.endswith(PACKED):
        from neonat.gateway.unpack import scan as scan_packed

        return scan_packed(files, name)
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
    """The time of the first record that a segment still holds, empty when it cannot be read.

    Of a packed one: of the first that it held.
    """
    if segment.suffix == PACKED:
        return segment.begin
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
        for data in told(files, segment):
            boots = boots or (segment.boot == boot and data.startswith("!boot "))
            ranges += named(data)
    except OSError:
        pass
    return ranges, boots


def told(files, segment: Segment):
    """Yield the data of the wanted records in a segment that are no frames. OSError."""
    if segment.suffix == PACKED:
        from neonat.gateway.unpack import said

        yield from said(files, segment)
        return
    file = files.open(segment.name, "rb")
    try:
        for _, line in lines(file):
            found = decode(line) if b"|!" in line else None
            if found and segment.holds(found[2]):
                yield found[3]
    finally:
        file.close()
