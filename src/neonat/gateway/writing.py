"""What the gateway writes: timestamps, records (`!word …`), the line on the wire."""

LINE_MAX = 1024

_DAY = 86400000


def _date(days: int) -> "tuple[int, int, int]":
    days += 719468
    era, day = divmod(days, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year += 400 * era
    return (year, month + 3, day + 1) if month < 10 else (year + 1, month - 9, day + 1)


def stamp(utc_ms: int) -> str:
    """Milliseconds since 1970 as `2026-11-23T08:45:00.123Z`."""
    days, ms = divmod(utc_ms, _DAY)
    year, month, day = _date(days)
    seconds, ms = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (year, month, day, hour, minute, second, ms)


def unset_stamp(uptime_ms: int) -> str:
    """The stamp of a clock that was not set since power-up: `+12345`."""
    return "+" + str(uptime_ms)


def line(gateway: str, time: str, boot: int, seq: int, data: str) -> str:
    """One envelope without the LF; `data` is escaped already."""
    return "%s|%s|%d.%d|%s" % (gateway, time, boot, seq, data)


def _is_plain(byte: int) -> bool:
    return 0x20 < byte < 0x7F and byte != 0x25 and byte != 0x5C


def quote(value: str) -> str:
    """A record's value: blanks, `%`, backslash and whatever is not printable ASCII become %XX."""
    out = bytearray()
    for byte in value.encode():
        # MicroPython would keep each character that `chr` makes.
        if _is_plain(byte):
            out.append(byte)
        else:
            out.extend(b"%%%02X" % byte)
    return bytes(out).decode()


def record(word: str, pairs: "list[tuple]") -> str:
    """The data of a gateway record: `!word key=value …` of (key, value) pairs."""
    fields = ["%s=%s" % (pair[0], quote(str(pair[1]))) for pair in pairs]
    return " ".join(["!" + word] + fields)


def held_text(ranges: "list[tuple[int, int, int]]") -> str:
    """(boot, first, last) ranges as `6:90-120,6:130-140`."""
    return ",".join("%d:%d-%d" % item for item in ranges)


def acks(payload: bytes):
    """Yield (boot, first, last) of each line; first > last: others have `last` to `first` - 1."""
    start = 0
    while start < len(payload):
        end = payload.find(b"\n", start)
        if end < 0:
            end = len(payload)
        if start < end:
            yield _range(payload[start:end])
        start = end + 1


def _range(text: bytes) -> "tuple[int, int, int] | None":
    fields = text.split(b" ")
    if len(fields) != 3 or len(text) > 32 or not all(field.isdigit() for field in fields):
        return None
    boot, first, last = [int(field) for field in fields]
    return (boot, first, last) if first else None
