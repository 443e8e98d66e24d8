"""What happened to one incubator on one time axis, and when nothing was heard of it."""

from collections.abc import Iterator
from typing import Any

from neonat.audit.account import account
from neonat.store import Row, Store, alarm_log, assignments
from neonat.web.health import now_ms
from neonat.web.priority import level_of
from neonat.web.query import stamp

# Spans of time up to this are looked through record by record; of longer ones only what the
# rollups leave empty.
EXACT_MS = 6 * 3_600_000
POINTS = 2000
# Empty stretches of a long time that are looked at, the longest first.
EMPTY_MAX = 200
# A time that ends so little ago ends now: what lasts until then goes on.
LIVE_MS = 5000
WEIGHT = "body_weight"
_REFINED_MAX = 300
MEASURED = "24"

Stretch = tuple[int, int]


def events(store: Store, gateway: str, start: int, end: int) -> list[Row]:
    """Modes, settings, alarms, weights and names that touch [start, end), by their begin."""
    found: list[Row] = []
    for what, kind in (("texts", "mode"), ("settings", "setting")):
        found += [
            _event(kind, row)
            for row in store.read(
                lambda ask, what=what: list(ask.rows(what, gateway, start, end))  # type: ignore[misc]
            )
        ]
    found += [_alarm(row) for row in _episodes(store, gateway, start, end)]
    found += weights(store, gateway, start, end)
    named = store.read(lambda ask: assignments.find(ask, {"gateway": gateway}, start, end))
    found += [
        {
            **_blank("assignment", stamp(row["start"]), stamp(row["until"])),
            "text": ", ".join(row[key] for key in assignments.NAMES if row[key]),
            **{key: row[key] for key in assignments.NAMES},
        }
        for row in named
    ]
    return sorted(found, key=lambda one: (one["at"] or "", one["kind"], one["code"] or ""))


def _episodes(store: Store, gateway: str, start: int, end: int) -> list[Row]:
    """Those that stood at `start` and those that began in [start, end)."""
    stood = store.read(lambda ask: alarm_log.standing(ask, start, gateway))
    begun = store.read(lambda ask: alarm_log.begun(ask, start, end, gateway))
    return [row for row in stood if row["started"] < start] + list(begun)


def _alarm(row: Row) -> Row:
    return {
        **_blank("alarm", stamp(row["started"]), stamp(row["over"])),
        **{key: row[key] for key in ("code", "codepage", "priority", "name")},
        "text": row["phrase"],
        "level": level_of(row["priority"]),
        "last_seen_at": stamp(row["seen"]),
    }


def _event(kind: str, row: Row) -> Row:
    made = {**_blank(kind, row["at"], row["until"]), "code": row["code"], "name": row["name"]}
    if kind == "setting":
        made.update(value=row["value"], unit=row["unit"])
    if kind == "mode":
        made["text"] = row["text"]
    return made


def _blank(kind: str, at: str | None, until: str | None) -> Row:
    keys = ("name", "text", "code", "level", "value", "unit")
    return {"kind": kind, "at": at, "until": until, **dict.fromkeys(keys)}


def weights(store: Store, gateway: str, start: int, end: int) -> list[Row]:
    """Each change of the weight that the device tells, the first one in the time included."""
    before: float | None = None
    made = []
    for at, value, unit in _weighed(store, gateway, start, end, [_REFINED_MAX]):
        if value != before:
            row = _blank("weight", stamp(at), None)
            made.append({**row, "name": WEIGHT, "value": value, "unit": unit})
            before = value
    return made


def _weighed(
    store: Store, gateway: str, start: int, end: int, left: list[int]
) -> Iterator[tuple[int, float, str | None]]:
    """Weights in order; where a bucket holds several, what is in it."""
    found = store.history(gateway, [WEIGHT], start, end, POINTS)
    signal = found.signals[WEIGHT]
    for point in signal.points:
        if point.low == point.high or not found.step or not left[0]:
            if start <= point.at + found.step and point.at < end:
                yield point.at, point.high, signal.unit
            continue
        left[0] -= 1
        yield from _weighed(store, gateway, point.at, point.at + found.step, left)


def quiet(store: Store, gateway: str, start: int, end: int, least: int) -> tuple[list[Row], bool]:
    """Stretches of at least `least` ms in [start, end) without measured data, and why.

    Oldest first; false when a long time has more of them than are looked at.
    """
    now = now_ms()
    live = end >= now - LIVE_MS
    end = min(end, now)
    start = max(start, first_seen(store, gateway))
    if start >= end:
        return [], True
    places = [(start, end)]
    complete = True
    if end - start > EXACT_MS:
        places = sorted(_empty(store, gateway, start, end, least), key=lambda one: one[0] - one[1])
        complete = len(places) <= EMPTY_MAX
        places = sorted(places[:EMPTY_MAX])
    made: list[Row] = []
    with store.evidence() as evidence:
        for low, high in places:
            for begun, over, reason in _missed(evidence, gateway, low, high, least):
                goes_on = live and high >= end and over >= high
                row = {
                    "from": stamp(begun),
                    "until": None if goes_on else stamp(over),
                    "reason": reason,
                }
                if row not in made[-3:]:
                    made.append(row)
    return made, complete


def _missed(
    evidence: Any, gateway: str, start: int, end: int, least: int
) -> list[tuple[int, int, str]]:
    found = account(evidence, gateway, start, end, least)
    if found is None:
        return [(start, end, "silent")]
    for signal in found.signals:
        if signal.request == MEASURED:
            return [gap for gap in signal.gaps if gap[2] != "no_value"]
    return [(start, end, "no_answer")] if end - start >= least else []


def _empty(store: Store, gateway: str, start: int, end: int, least: int) -> list[Stretch]:
    """Where the rollups hold nothing: stretches of whole buckets, a bucket added on each side."""
    step, full = filled(store, gateway, start, end)
    made = []
    before = start - step
    for at in [*sorted(full), end]:
        if at - before > step and at - before - step >= max(least, step):
            made.append((max(start, before), min(end, at + step)))
        before = at
    return made


def filled(store: Store, gateway: str, start: int, end: int) -> tuple[int, set[int]]:
    """The width of a bucket (ms) and where those begin in which something was measured."""
    latest = store.latest(gateway)
    names = sorted({row["name"] for row in latest["readings"] if row["name"]}) if latest else []
    if not names:
        return 1000, set()
    found = store.history(gateway, names[:15], start, end, POINTS)
    step = max(found.step, 1000)
    times = {point.at for signal in found.signals.values() for point in signal.points}
    return step, {at // step * step for at in times}


def first_seen(store: Store, gateway: str) -> int:
    """When a gateway was seen first, ms; 0 when it was not."""
    row = store.read(
        lambda ask: ask.base.execute(
            "SELECT first_seen FROM gateway WHERE name = ?", (gateway,)
        ).fetchone()
    )
    return row[0] or 0 if row else 0
