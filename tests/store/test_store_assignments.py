"""Names in time and the trail, in both databases."""

import random
from functools import partial
from typing import Any

import pytest

from databases import Database
from histories import MEASURED, T0, made
from neonat.store import Row, Store, assignments, trail

FOREVER = assignments.FOREVER


def row(gateway: str, start: int, until: int | None, **names: str) -> Row:
    empty = dict.fromkeys(assignments.NAMES)
    return {**empty, "gateway": gateway, "start": start, "until": until, **names}


def add(store: Store, new: Row) -> tuple[Row, list[Row]]:
    return store.change(partial(assignments.add, new=new))


def find(store: Store, **more: Any) -> list[Row]:
    return store.read(partial(assignments.find, **{"wanted": {}, **more}))


def clash(one: Row, other: Row) -> bool:
    """Whether two rows are of one gateway or device at one time."""
    same = one["gateway"] == other["gateway"] or (
        one["device"] is not None and one["device"] == other["device"]
    )
    return (
        same
        and one["start"] < (other["until"] or FOREVER)
        and other["start"] < (one["until"] or FOREVER)
    )


def test_whatever_is_asked_nothing_overlaps(db: Database) -> None:
    """Against a list: what is refused changes nothing, what is taken fits."""
    store = db.open()
    chance = random.Random(7)
    kept: dict[int, Row] = {}
    for _ in range(150):
        start = chance.randrange(100)
        until = chance.choice([None, start + chance.randrange(1, 20)])
        new = row(chance.choice("ab"), start, until, bed="1")
        new["device"] = chance.choice([None, "D", "E"])
        cut = {
            number: {**old, "until": start}
            for number, old in kept.items()
            if clash(old, new) and old["until"] is None and old["start"] < start
        }
        rest = [old for number, old in kept.items() if number not in cut]
        if any(clash(old, new) for old in rest):
            with pytest.raises(assignments.OverlapError) as refused:
                add(store, new)
            assert refused.value.other["id"] in kept
        else:
            added, ended = add(store, new)
            assert {one["id"]: one for one in ended} == cut
            kept.update(cut)
            kept[added["id"]] = added
        if kept and chance.random() < 0.2:
            number = chance.choice(list(kept))
            del kept[number]
            assert store.change(partial(assignments.remove, number=number))
            assert not store.change(partial(assignments.remove, number=number))
        assert sorted(find(store), key=lambda one: one["id"]) == [kept[n] for n in sorted(kept)]


def test_pages_times_and_names(db: Database) -> None:
    store = db.open()
    for n in range(5):
        add(store, row("g", n * 10, n * 10 + 10, bed=str(n), patient="p"))
    whole = find(store)
    assert [one["bed"] for one in whole] == ["4", "3", "2", "1", "0"]
    first = find(store, limit=2)
    place = (first[-1]["start"], first[-1]["id"])
    assert first + find(store, before=place) == whole
    assert [one["bed"] for one in find(store, start=15, end=30)] == ["2", "1"]
    assert [one["bed"] for one in find(store, wanted={"bed": "3", "patient": "p"})] == ["3"]
    now = store.read(partial(assignments.at_a_time, at=20))
    assert now["g"]["bed"] == "2"
    assert store.read(partial(assignments.at_a_time, at=50)) == {}
    view = db.rows("assignments")
    assert {one["bed"] for one in view} == {"0", "1", "2", "3", "4"}
    assert view[0]["at"].startswith("1970-01-01T00:00:00.0")


def test_a_correction_that_overlaps_changes_nothing(db: Database) -> None:
    store = db.open()
    add(store, row("g", 0, 10, bed="1"))
    second, _ = add(store, row("g", 20, None, bed="2"))
    number = second["id"]
    with pytest.raises(assignments.OverlapError):
        store.change(partial(assignments.correct, number=number, changes={"start": 5}))
    assert store.change(partial(assignments.get, number=number)) == second
    done = store.change(partial(assignments.correct, number=number, changes={"start": 10}))
    assert done == {**second, "start": 10}
    assert store.change(partial(assignments.correct, number=99, changes={})) is None


def test_a_new_name_is_a_change_of_its_gateway(db: Database) -> None:
    store, other = db.open(), db.open(reader=None, create=False)
    store.write([made("g", 1, 1, MEASURED[0], T0, 0), made("h", 1, 1, MEASURED[0], T0, 0)])
    change, _ = other.changes(0)
    added, _ = add(other, row("g", 0, None, bed="1"))
    later, names = other.changes(change)
    assert names == ["g"] and later > change
    # Ingest goes on counting behind it.
    store.write([made("h", 1, 2, MEASURED[0], T0 + 1, 1)])
    last, names = other.changes(later)
    assert names == ["h"] and last > later
    other.change(partial(assignments.remove, number=added["id"]))
    assert other.changes(last)[1] == ["g"]


def test_the_trail_in_pages(db: Database) -> None:
    store = db.open()
    for n in range(5):
        entry = trail.Entry(n, "ada" if n % 2 else None, "session", "act", "g", "done", {"n": n})
        store.change(partial(trail.add, entry=entry))

    def ask(**more: Any) -> list[int]:
        found = store.read(partial(trail.find, **{"wanted": {}, **more}))
        return [one["details"]["n"] for one in found]

    assert ask() == [4, 3, 2, 1, 0]
    assert ask(wanted={"person": "ada"}) == [3, 1]
    assert ask(start=1, end=3) == [2, 1]
    (newest,) = store.read(partial(trail.find, wanted={}, limit=1))
    assert ask(before=newest["id"], limit=2) == [3, 2]
