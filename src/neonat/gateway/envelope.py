"""The line on the wire, `ID|timestamp|boot.seq|data`, and the gateway's own records (`!word …`)."""

LINE_MAX = 1024
MESSAGE_MAX = 16384
NUMBER_MAX = 4294967295

_DAY = 86400000
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "%\\")


def valid_gateway(name: str) -> bool:
    """Whether `name` can be a gateway's: 1 to 32 of `A-Z a-z 0-9 _ -`."""
    return 0 < len(name) <= 32 and all(
        "a" <= char <= "z" or "A" <= char <= "Z" or "0" <= char <= "9" or char in "_-"
        for char in name
    )


def _days(year: int, month: int, day: int) -> int:
    if month < 3:
        year -= 1
        month += 12
    past = 365 * year + year // 4 - year // 100 + year // 400
    return past + (153 * (month - 3) + 2) // 5 + day - 719469


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


def _digits(text: str, limit: int = 20) -> int:
    if not 0 < len(text) <= limit or not all("0" <= char <= "9" for char in text):
        raise ValueError("not a number: " + repr(text[:32]))
    return int(text)


def parse_stamp(text: str) -> int:
    """Milliseconds since 1970 of a stamp exactly as `stamp` writes it; ValueError for any other."""
    if len(text) != 24:
        raise ValueError("not a timestamp: " + repr(text[:32]))
    days = _days(_digits(text[0:4]), _digits(text[5:7]), _digits(text[8:10]))
    minutes = _digits(text[11:13]) * 60 + _digits(text[14:16])
    at = days * _DAY + (minutes * 60 + _digits(text[17:19])) * 1000 + _digits(text[20:23])
    if stamp(at) != text:
        raise ValueError("not a timestamp: " + repr(text[:32]))
    return at


def unset_stamp(uptime_ms: int) -> str:
    """The stamp of a clock that was not set since power-up: `+12345`."""
    return "+" + str(uptime_ms)


def parse_time(text: str) -> "tuple[int | None, int | None]":
    """(UTC ms, None) of a timestamp, (None, ms since boot) of a `+12345`; ValueError otherwise."""
    if text[:1] == "+":
        return None, _digits(text[1:], 15)
    return parse_stamp(text), None


def line(gateway: str, time: str, boot: int, seq: int, data: str) -> str:
    """One envelope without the LF; `data` is escaped already."""
    return "%s|%s|%d.%d|%s" % (gateway, time, boot, seq, data)


def parse_line(text: str) -> "tuple[str, str, int, int, str]":
    """(gateway, time, boot, seq, data) of one envelope; ValueError with the reason."""
    fields = text.split("|", 3)
    if len(fields) != 4:
        raise ValueError("fewer than four fields")
    gateway, time, number, data = fields
    if not valid_gateway(gateway):
        raise ValueError("not a gateway's name")
    parse_time(time)
    boot, dot, seq = number.partition(".")
    if not dot:
        raise ValueError("no boot.seq")
    pair = _digits(boot, 10), _digits(seq, 10)
    if not (1 <= pair[0] <= NUMBER_MAX and 1 <= pair[1] <= NUMBER_MAX):
        raise ValueError("boot.seq out of range")
    return gateway, time, pair[0], pair[1], data


def quote(value: str) -> str:
    """A record's value: blanks, `%`, backslash and whatever is not printable ASCII become %XX."""
    if all(char in _PLAIN for char in value):
        return value
    return "".join(chr(byte) if chr(byte) in _PLAIN else "%%%02X" % byte for byte in value.encode())


def unquote(text: str) -> str:
    """The value that `quote` wrote; ValueError for a broken %XX or no UTF-8."""
    head, *parts = text.split("%")
    out = bytearray(head.encode())
    for part in parts:
        code = part[:2]
        if len(code) != 2 or not all(char in "0123456789ABCDEFabcdef" for char in code):
            raise ValueError("broken % in " + repr(text[:32]))
        out.append(int(code, 16))
        out.extend(part[2:].encode())
    try:
        return bytes(out).decode()
    except UnicodeError:
        raise ValueError("no UTF-8 in " + repr(text[:32])) from None


def record(word: str, pairs: "dict | list" = ()) -> str:  # type: ignore[assignment]
    """The data of a gateway record: `!word key=value …`; `pairs` a dict or (key, value) pairs."""
    items = pairs.items() if isinstance(pairs, dict) else pairs
    return " ".join(["!" + word] + ["%s=%s" % (key, quote(str(value))) for key, value in items])


def parse_record(data: str) -> "tuple[str, dict]":
    """(word, {key: value}) of a gateway record's data; ValueError with the reason."""
    word, *fields = data.split(" ")
    if len(word) < 2 or word[0] != "!":
        raise ValueError("not a gateway record")
    values = {}
    for field in fields:
        key, equals, value = field.partition("=")
        if not key or not equals:
            raise ValueError("not key=value: " + repr(field[:32]))
        values[key] = unquote(value)
    return word[1:], values


def held_text(ranges: "list[tuple[int, int, int]]") -> str:
    """(boot, first, last) ranges as `6:90-120,6:130-140`."""
    return ",".join("%d:%d-%d" % item for item in ranges)


def parse_held(text: str) -> "list[tuple[int, int, int]]":
    """The ranges that `held_text` wrote; ValueError."""
    ranges = []
    for item in text.split(",") if text else []:
        boot, colon, span = item.partition(":")
        first, dash, last = span.partition("-")
        if not colon or not dash:
            raise ValueError("not boot:first-last: " + repr(item[:32]))
        ranges.append((_digits(boot, 10), _digits(first, 10), _digits(last, 10)))
    return ranges


def ack_lines(ranges: "list[tuple[int, int, int]]") -> str:
    """(boot, first, last) ranges as the payload of an acknowledgement."""
    return "\n".join("%d %d %d" % item for item in ranges)


def parse_ack(payload: bytes) -> "tuple[list[tuple[int, int, int]], int]":
    """The (boot, first, last) ranges of an acknowledgement, and how many lines were none."""
    ranges = []
    bad = 0
    for text in bytes(payload).split(b"\n"):
        if not text:
            continue
        fields = text.split(b" ")
        try:
            if len(fields) != 3:
                raise ValueError
            boot, first, last = [_digits(str(field, "ascii"), 10) for field in fields]
            if not 1 <= first <= last:
                raise ValueError
            ranges.append((boot, first, last))
        except (ValueError, UnicodeError):
            bad += 1
    return ranges, bad
