"""The alarm log in pages, and how many a day."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any

from neonat.store import Row, Store, alarm_log, assignments
from neonat.web.priority import LEVELS, level_of
from neonat.web.query import stamp
from neonat.web.words import ALARMS

# How far back the log looks at once; further when that finds little.
WINDOW_MS = 6 * 3_600_000
_WINDOW_MAX_MS = 31 * 86_400_000

Keep = Callable[[Row], bool]


class Names:
    """The assignments of a time, by gateway."""

    def __init__(self, store: Store, start: int, end: int, wanted: dict[str, str]) -> None:
        found = store.read(lambda ask: assignments.find(ask, wanted, start, end))
        self._of: dict[str, list[Row]] = defaultdict(list)
        for row in found:
            self._of[row["gateway"]].append(row)

    def at(self, gateway: str, at: int) -> Row | None:
        """The one of a gateway at a time (ms)."""
        for row in self._of.get(gateway, ()):
            if row["start"] <= at and (row["until"] is None or at < row["until"]):
                return row
        return None


def page(
    store: Store,
    start: int,
    end: int,
    gateway: str | None,
    keep: Keep,
    limit: int,
    after: tuple[int, list] | None,
) -> tuple[list[Row], bool]:
    """The newest `limit` episodes that touch [start, end) and come after a place; are there more?

    A place is (`started`, `place`) of an episode of `alarm_log`.
    """
    found: list[Row] = []
    for row in _backwards(store, start, end if after is None else after[0] + 1, end, gateway):
        if after is not None and (row["started"], row["place"]) >= after:
            continue
        if not keep(row):
            continue
        if len(found) == limit:
            return found, True
        found.append(row)
    return found, False


def _backwards(store: Store, start: int, top: int, end: int, gateway: str | None) -> Iterator[Row]:
    """Episodes that began before `top`, newest first, then those that stood at `start`."""
    top, window = min(top, end), WINDOW_MS
    while top > start:
        low = max(start, top - window)
        rows = store.read(partial(alarm_log.begun, start=low, end=top, gateway=gateway))
        yield from reversed(rows)
        top = low
        if len(rows) < 1000:
            window = min(window * 4, _WINDOW_MAX_MS)
    rows = store.read(lambda ask: alarm_log.standing(ask, start, gateway))
    yield from (row for row in reversed(rows) if row["started"] < start)


def told(row: Row, assignment: Row | None, language: str) -> Row:
    """An episode as JSON."""
    until = row["seen"] if row["over"] is None else row["over"]
    words = ALARMS.get(row["name"] or "")
    return {
        "gateway": row["gateway"],
        **{key: assignment[key] if assignment else None for key in assignments.NAMES},
        **{key: row[key] for key in ("code", "codepage", "priority")},
        "level": level_of(row["priority"]),
        **{key: row[key] for key in ("phrase", "name")},
        "explained": words[language] if words else None,
        "started_at": stamp(row["started"]),
        "last_seen_at": stamp(row["seen"]),
        "ended_at": stamp(row["over"]),
        "duration_s": max(0, until - row["started"]) / 1000,
    }


def counts(
    store: Store, start: int, end: int, gateway: str | None, zone: tzinfo, language: str
) -> list[Row]:
    """The days of a zone that touch [start, end), each with how many episodes began in it."""
    rows = store.read(lambda ask: alarm_log.counts(ask, start, end, gateway))
    days: dict[str, Counter[tuple[Any, ...]]] = {day: Counter() for day in _days(start, end, zone)}
    names: dict[tuple[Any, ...], str | None] = {}
    for at, row, count in rows:
        key = (row["codepage"], row["code"], row["phrase"], level_of(row["priority"]))
        names[key] = row["name"]
        day = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).date()
        days.setdefault(day.isoformat(), Counter())[key] += count
    return [
        {
            "day": day,
            **{
                level or "other": sum(n for key, n in found.items() if key[3] == level)
                for level in (*LEVELS, None)
            },
            "alarms": [
                {
                    "codepage": key[0],
                    "code": key[1],
                    "phrase": key[2],
                    "name": names[key],
                    "explained": ALARMS.get(names[key] or "", {}).get(language),
                    "level": key[3],
                    "count": count,
                }
                for key, count in sorted(found.items(), key=lambda one: (-one[1], str(one[0])))
            ],
        }
        for day, found in sorted(days.items())
    ]


def _days(start: int, end: int, zone: tzinfo) -> Iterator[str]:
    day = datetime.fromtimestamp(start / 1000, UTC).astimezone(zone).date()
    last = datetime.fromtimestamp((end - 1) / 1000, UTC).astimezone(zone).date()
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)
