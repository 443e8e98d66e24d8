"""Reading and writing times, and the bounds of what a request may ask."""

import re
from datetime import UTC, datetime

LIMIT_DEFAULT = 1000
LIMIT_MAX = 10_000
POINTS_DEFAULT = 1000
POINTS_MAX = 2000
NAME_MAX = 100
MS_MAX = 253_402_300_799_999
CHANGE_MAX = 2**63 - 1


class NotATimeError(ValueError):
    """A text is no time."""


def ms_of(text: str) -> int:
    """A time as UTC milliseconds; one without zone is UTC. NotATimeError."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise NotATimeError("is not a time; write it like 2026-11-23T08:45:00.000Z") from None
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1000 + (
        since_epoch.microseconds // 1000
    )


def change(text: str | None) -> int:
    """The change number a client saw last; 0 (everything) when absent or no such number."""
    if text is None or not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII):
        return 0
    return min(int(text), CHANGE_MAX)


def stamp(ms: int | None) -> str | None:
    """UTC milliseconds as `2026-11-23T08:45:00.123Z`; None for None or what no calendar holds."""
    if ms is None or not 0 <= ms <= MS_MAX:
        return None
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"
