"""How far the device's own clock is from ours: recorded, never trusted."""

from medibus.clock import clock
from neonat.gateway.writing import record

MOVED_S = 2


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date."""
    year -= month < 3
    month = (month + 9) % 12
    return (
        365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719469
    )


def offset(value: str, utc_ms: int) -> int:
    """Seconds that the device's local time is ahead of UTC, its time zone included."""
    year, month, day = [int(part) for part in value[:10].split("-")]
    hour, minute, second = [int(part) for part in value[11:].split(":")]
    seconds = _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
    return seconds - utc_ms // 1000


def tell(remote, now: int, uptime_ms: int, data: bytes) -> None:
    """Record the data of a response 0x28 that came at `uptime_ms`, when it says something new."""
    gateway = remote.gateway
    value = clock(data)[0].value if data else None
    utc = gateway.clock.of_uptime(uptime_ms)
    if value is None or utc is None:
        return
    ahead = offset(value, utc)
    known = remote.device_ahead
    if known is None or abs(ahead - known) >= MOVED_S:
        remote.device_ahead = ahead
        gateway.tell(
            record("clock", gateway.clock_pairs(now) + [("device", value), ("offset", ahead)])
        )
