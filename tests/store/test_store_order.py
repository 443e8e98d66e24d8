"""The same history in any order and any batches gives the same store: what a naive model says."""

import random
import tempfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from databases import MEMORY, Database, Postgres, Server, Sqlite, database
from histories import T0, History, Model, histories
from neonat.gateway.envelope import stamp
from neonat.store import WHAT, Store, alarm_log, rollup
from neonat.store.assignments import FOREVER


def stored(server: Server, history: History, batches: list[tuple[list, list]]) -> dict:
    """Everything that readers can see once the batches are written."""
    with database(server) as one:
        return seen_in(one, one.open(), history, batches)


def seen_in(db: Database, store: Store, history: History, batches: list[tuple[list, list]]) -> dict:
    """Write the batches and read all of it."""
    rng = random.Random(str(batches))
    for records, legacy in batches:
        written = store.write(records, legacy)
        if rng.random() < 0.6:
            store.roll(rng.choice([1, 3, 1000]), now=True)
        assert not written.conflicts
        assert written.stored + written.repeated == len(records) + len(legacy)
        told = {
            (gateway, boot, seq)
            for gateway, ranges in written.acks.items()
            for boot, first, last in ranges
            for seq in range(first, last + 1)
        }
        assert told == {record[:3] for record in records}
    seen = {
        what: sorted(
            [{k: v for k, v in row.items() if k != "id"} for row in store.rows(what)], key=str
        )
        for what in WHAT
    }
    # The views are what any client reads: the store's own way to the rows must agree.
    for what in WHAT:
        rows = [{k: v for k, v in row.items() if k != "id"} for row in db.rows(what)]
        assert sorted(rows, key=str) == seen[what]
    seen["stretch"] = db.ask(
        "SELECT g.name, x.request, x.boot, x.seq, x.last_boot, x.last_seq"
        " FROM stretch x JOIN gateway g ON g.id = x.gateway ORDER BY 1, 2, 3, 4"
    )
    windows(store, seen, history)
    alarm_log_is_the_view(store, seen)
    charts(store, seen)
    while store.roll(5, now=True):
        pass
    charts(store, seen)
    seen["latest"] = [store.latest(row["gateway"]) for row in store.gateways()]
    seen["gateways"] = store.gateways()
    return seen


def alarm_log_is_the_view(store: Store, seen: dict) -> None:
    """The log finds the episodes of the view, in whatever pieces of time it is asked."""

    def said(rows: list[dict]) -> list[tuple]:
        keys = ("gateway", "codepage", "code", "priority", "phrase")
        times = ("started", "seen", "over")
        return sorted(
            (*(row[key] for key in keys), *(stamped(row[time]) for time in times)) for row in rows
        )

    def stamped(at: int | None) -> str:
        return "" if at is None else stamp(at)

    view = sorted(
        (
            *(row[key] for key in ("gateway", "codepage", "code", "priority", "phrase")),
            *(row[key] or "" for key in ("started_at", "last_seen_at", "ended_at")),
        )
        for row in seen["alarms"]
    )
    whole = store.read(lambda ask: alarm_log.begun(ask, 0, FOREVER))
    assert said(whole) == view
    middle = whole[len(whole) // 2]["started"] if whole else T0
    first = store.read(lambda ask: alarm_log.begun(ask, 0, middle))
    second = store.read(lambda ask: alarm_log.begun(ask, middle, FOREVER))
    assert first + second == whole
    counted = store.read(lambda ask: alarm_log.counts(ask, 0, FOREVER))
    assert sum(count for _, _, count in counted) == len(whole)
    quarters = {row["started"] // alarm_log.QUARTER_MS for row in whole}
    assert {at // alarm_log.QUARTER_MS for at, _, _ in counted} == quarters
    for row in store.read(lambda ask: alarm_log.standing(ask, middle)):
        assert row in whole
        assert row["over"] is None or row["over"] > middle


def windows(store: Store, seen: dict, history: History) -> None:
    """Rows of a time are those of all that lie in it."""
    times = sorted({one.at or one.received_at for one in history.records})
    start, end = (times[len(times) // 3], times[-1]) if times else (T0, T0 + 1)
    low, high = stamp(start), stamp(end)
    for what in ("readings", "frames", "limits"):
        wanted = [row for row in seen[what] if low <= row["at"] < high]
        assert sorted(store.rows(what, None, start, end), key=str) == wanted
        wanted = [row for row in wanted if row["gateway"] == "g1"]
        assert sorted(store.rows(what, "g1", start, end), key=str) == wanted
        if what == "readings":
            found = store.readings("g1", None, start, end, 10_000)
            assert sorted(found, key=str) == wanted
            assert store.readings("g1", None, start, end, 3) == found[-3:]


def charts(store: Store, seen: dict) -> None:
    """Histories are what `readings` gives, summed up; the limits of the steps are a table."""
    names = sorted({row["name"] for row in seen["readings"] if row["name"]})
    minute, hour = 60_000, 3_600_000
    for start, end, points, step in (
        (T0 - 200_000, T0 + 800_000, 1000, 0),
        (T0 - 200_000, T0 + 800_000, 500, 2000),
        (T0, T0 + 600_000, 10, minute),
        (T0 - 7, T0 + 20 * hour + 1, 700, 2 * minute),
        (T0 - 30 * 24 * hour, T0 + hour, 800, hour),
        (T0 - 3000 * 24 * hour, T0 + hour, 1000, 5 * 24 * hour),
    ):
        for gateway in ("g1", "g2"):
            found = store.history(gateway, [*names, "nothing"], start, end, points)
            assert found.step == step
            assert list(found.signals) == [*names, "nothing"]
            assert found.signals.pop("nothing") == (None, [])
            for name, signal in found.signals.items():
                rows = [row for row in seen["readings"] if row["gateway"] == gateway]
                rows = [row for row in rows if row["name"] == name and row["value"] is not None]
                assert signal.unit in {row["unit"] for row in rows} | {signal.unit}
                wanted = summed([(ms(row["at"]), row["value"]) for row in rows], start, end, step)
                assert sorted(tuple(point) for point in signal.points) == sorted(wanted)
                assert signal.points == sorted(signal.points, key=lambda point: point.at)


def ms(at: str) -> int:
    """The time of a text."""
    return round(datetime.fromisoformat(at).timestamp() * 1000)


def summed(rows: list[tuple[int, float]], start: int, end: int, step: int) -> list[tuple]:
    """What `Store.history` gives, from (time, value), the slow way."""
    if step == 0:
        inside = [row for row in rows if start <= row[0] < end]
        return [(at, 1, value, value, value) for at, value in inside]
    buckets: dict[int, list[int]] = defaultdict(list)
    for at, value in rows:
        if start // step <= at // step < -(-end // step):
            buckets[at // step].append(round(value * 1000))
    return [
        (at * step, len(all_), min(all_) / 1000, sum(all_) / len(all_) / 1000, max(all_) / 1000)
        for at, all_ in sorted(buckets.items())
    ]


@patch.object(rollup, "GUESS_MS", 0)
@settings(max_examples=60, deadline=None)
@given(histories(), st.data())
def test_any_order_and_batching_gives_what_the_model_says(history: History, data) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        whatever_order(Sqlite(Path(folder)), history, data)


@patch.object(rollup, "GUESS_MS", 0)
@settings(
    max_examples=5,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories(), data=st.data())
def test_any_order_on_a_server_too(postgres: Postgres, history: History, data) -> None:
    whatever_order(postgres, history, data)


def whatever_order(server: Server, history: History, data) -> None:
    """In order and all at once, and mixed: both are what the model says."""
    straight = stored(server, history, [(history.records, history.legacy)])
    check(straight, Model(history))
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    records, legacy = list(history.records), list(history.legacy)
    again = [one for one in records if rng.random() < 0.2]
    records += again
    rng.shuffle(records)
    rng.shuffle(legacy)
    batches = []
    while records or legacy:
        size = rng.choice([1, 2, 5, 50])
        batches.append((records[:size], legacy[:size]))
        del records[:size], legacy[:size]
    mixed = stored(server, history, batches)
    for what, rows in straight.items():
        assert mixed[what] == rows, what


def check(seen: dict, model: Model) -> None:
    """Compare with the model, view by view."""
    frames = [tuple(row.values()) for row in seen["frames"] if row["boot"] is not None]
    assert sorted(frames) == sorted(model.frames())
    readings = [tuple(row.values()) for row in seen["readings"] if row["boot"] is not None]
    assert sorted(readings, key=str) == sorted(model.readings(), key=str)
    gaps = [
        (row["gateway"], row["boot"], number, row["reason"])
        for row in seen["gaps"]
        for number in range(row["first"], row["last"] + 1)
    ]
    assert sorted(gaps) == sorted(model.gaps())
    alarms = [
        (one[0], item.code, item.codepage, item.priority, item.phrase, *one[2:5])
        for one in model.episodes("alarm", (0x23, 0x27, 0x2E), lambda item: item.code)
        for item in one[5:]
    ]
    assert [tuple(row.values()) for row in seen["alarms"]] == sorted_as(seen["alarms"], alarms)
    values = [
        (one[0], one[2], one[4], item.code, item.name, item.value, item.unit)
        for one in model.episodes("setting", (0x29,), lambda item: (item.code, item.raw))
        for item in one[5:]
    ]
    assert [tuple(row.values()) for row in seen["settings"]] == sorted_as(seen["settings"], values)
    texts = [
        (one[0], one[2], one[4], item.code, item.text)
        for one in model.episodes("text", (0x2A,), lambda item: (item.code, item.text))
        for item in one[5:]
    ]
    mine = [(*list(row.values())[:4], row["text"]) for row in seen["texts"]]
    assert sorted(mine, key=str) == sorted(texts, key=str)


def sorted_as(rows: list[dict], found: list[tuple]) -> list[tuple]:
    """The model's rows in the order in which `rows` are."""
    names = list(rows[0]) if rows else []
    return sorted(found, key=lambda row: str(dict(zip(names, row, strict=True))) if names else "")
