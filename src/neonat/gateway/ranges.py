"""Ranges of numbers, [boot, first, last], that the spool has to speak of."""

RANGES_MAX = 16
CARRIED_MAX = 32


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
