"""Reading what a request asks for: times, limits, names."""

import re
from datetime import UTC, datetime

from starlette.datastructures import QueryParams

from neonat.web.problem import Problem

LIMIT_DEFAULT = 1000
LIMIT_MAX = 10_000
NAME_MAX = 100
MS_MAX = 253_402_300_799_999
CHANGE_MAX = 2**63 - 1


def only(query: QueryParams, *names: str) -> None:
    """Problem 400 when the query has a parameter besides `names`, or one of them twice.

    A misspelt `from` would otherwise give years of data in place of an hour, silently.
    """
    for name in query:
        if name not in names:
            known = ", ".join(names) if names else "none"
            raise Problem(400, f"unknown parameter {name[:NAME_MAX]!r}; known here: {known}")
        if len(query.getlist(name)) > 1:
            raise Problem(400, f"parameter {name!r} is given more than once")


def time_ms(query: QueryParams, name: str) -> int | None:
    """A time as UTC milliseconds, None when absent; a time without zone is UTC."""
    text = query.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Problem(
            400, f"{name!r} is not a time; write it like 2026-11-23T08:45:00.000Z"
        ) from None
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1000 + (
        since_epoch.microseconds // 1000
    )


def limit(query: QueryParams) -> int:
    """How many rows at most, `LIMIT_DEFAULT` when absent."""
    text = query.get("limit")
    if text is None:
        return LIMIT_DEFAULT
    number = int(text) if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else 0
    if not 1 <= number <= LIMIT_MAX:
        raise Problem(400, f"'limit' must be a whole number from 1 to {LIMIT_MAX}")
    return number


def name(query: QueryParams) -> str | None:
    """The name of a reading, None when absent (then all)."""
    text = query.get("name")
    if text is not None and not 0 < len(text) <= NAME_MAX:
        raise Problem(400, f"'name' must have 1 to {NAME_MAX} characters")
    return text


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
