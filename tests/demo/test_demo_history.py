"""The ward of the demonstration: its history goes through the real reader into a real store."""

from pathlib import Path

from neonat.demo.history import fill
from neonat.demo.ward import BEDS, seat
from neonat.ingest.reading import FrameReader
from neonat.simulator.history import answers
from neonat.simulator.models import find
from neonat.simulator.stay import DAY, HOUR, MINUTE, Stay, character_of
from neonat.store import assignments, open_store

NOW = 1_795_000_000_000


def test_history_holds_every_bed_and_is_the_same_again(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path / 'h.db'}", reader=FrameReader())
    heard: list[float] = []
    written = fill(store, NOW, heard.append, days=1)
    assert written > 1000 and heard[-1] == 1.0 and heard == sorted(heard)
    assert [row["gateway"] for row in store.gateways()] == [bed.gateway for bed in BEDS]
    for bed in BEDS:
        rows = store.readings(bed.gateway, "air_temperature", NOW - 12 * HOUR, NOW, 10_000)
        values = [row["value"] for row in rows if row["value"] is not None]
        assert len(values) > 100 and 28 < min(values) <= max(values) < 38
        assert store.alarms(bed.gateway) or bed.seed != len(BEDS) - 1
    assert store.gaps("demo-6") and not store.gaps("demo-4")
    assert fill(store, NOW, heard.append, days=1) == 0
    store.close()


def test_beds_are_named_once_and_one_newborn_was_elsewhere(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path / 'h.db'}", reader=FrameReader())
    for _ in range(2):
        seat(store, NOW, 14)
    rows = store.read(lambda ask: assignments.find(ask, {}))
    assert len(rows) == len(BEDS) + 1
    old, new = sorted((row for row in rows if row["gateway"] == "demo-3"), key=lambda r: r["start"])
    assert (old["bed"], new["bed"]) == ("7", "3") and old["until"] == new["start"]
    store.close()


def test_a_stay_is_a_function_of_the_time():
    def at(now: int) -> list[bytes]:
        stay = Stay(find("tn500"), 5, character_of(5), zone=HOUR)
        return [data for _, data in answers(stay, now, now + 1, lambda age: MINUTE)]

    once = Stay(find("tn500"), 5, character_of(5), zone=HOUR)
    frames = list(answers(once, NOW, NOW + 6 * HOUR, lambda age: MINUTE))
    measured = {moment: data for moment, data in frames if data[1] == 0x24}
    for moment in list(measured)[::97]:
        assert measured[moment] in at(moment)


def test_nights_are_dark_and_somebody_weighs_once_a_day():
    stay = Stay(find("tn500"), 0, character_of(0), zone=0)
    midnight = NOW // DAY * DAY
    light: dict[bool, list[float]] = {True: [], False: []}
    weighed = set()
    for minute in range(0, 5 * 1440, 3):
        now = midnight + minute * MINUTE
        stay.advance(now)
        hour = minute % 1440 / 60
        light[10 <= hour < 18].append(stay.values[0xE4])
        if 0xF2 not in stay.missing:
            weighed.add(now // DAY)
    assert sorted(light[False])[len(light[False]) // 2] < 20 < 60 < min(light[True])
    assert len(weighed) == 5
