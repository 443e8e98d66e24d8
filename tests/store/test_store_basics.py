"""Resends, conflicts, clocks, identities, the newest answers, the recorded bytes."""

from pathlib import Path

import pytest

from databases import Database
from histories import ALARMS, IDENTITIES, MEASURED, STEADY, T0, frame, made, made_legacy
from medibus.decoder import Decoder
from medibus.frame import Frame
from neonat.store import Refusal, State, Store

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def store(db: Database) -> Store:
    return db.open()


def test_a_resend_changes_nothing_and_is_acknowledged(store: Store) -> None:
    records = [made("g", 7, n, MEASURED[n % 3], None, n * 100) for n in range(1, 60)]
    assert store.write(records).acks == {"g": [(7, 1, 59)]}
    before = list(store.rows("frames"))
    stamped = [one._replace(at=T0 + one.uptime, uptime=None) for one in records]
    for resend in (records, stamped, stamped[10:20]):
        written = store.write(resend)
        assert (written.stored, written.repeated, written.conflicts) == (0, len(resend), [])
        assert written.acks == {"g": [(7, resend[0].seq, resend[-1].seq)]}
    assert list(store.rows("frames")) == before


def test_other_data_under_a_taken_number_is_refused(store: Store) -> None:
    store.write([made("g", 1, n, ALARMS[0], T0 + n, n) for n in range(1, 10)])
    good = made("g", 1, 10, ALARMS[1], T0 + 10, 10)
    other = made("g", 1, 10, ALARMS[2], T0 + 10, 10)
    bad = made("g", 1, 5, ALARMS[1], T0 + 5, 5)
    written = store.write([bad, good, other])
    assert written.conflicts == [other, bad] or written.conflicts == [bad, other]
    assert written.acks == {"g": [(1, 10, 10)]}
    assert written.stored == 1
    assert [row["code"] for row in store.alarms("g")] == ["43"]


def test_a_bad_frame_is_kept_but_never_read(store: Store) -> None:
    bad = b"\x01$6530.800"
    assert store.write([made("g", 1, 1, bad, T0, 0)]).acks == {"g": [(1, 1, 1)]}
    assert [row["data"] for row in store.rows("frames")] == [bad]
    assert list(store.rows("readings")) == []


def test_a_clock_record_corrects_what_came_before_it(store: Store) -> None:
    store.write([made("g", 1, 1, MEASURED[0], None, 1000, lag=500)])
    (row,) = store.rows("frames")
    assert (row["clock"], row["at"]) == ("unset", "2026-11-18T11:06:41.500Z")
    store.write([made("g", 1, 2, b"!clock at=2026-11-18T12:00:00.000Z uptime=60000", T0, 0)])
    (row,) = store.rows("frames")
    assert (row["clock"], row["at"]) == ("corrected", "2026-11-18T11:59:01.000Z")
    assert store.readings("g")[0]["at"] == row["at"]


def test_names_follow_the_device(store: Store) -> None:
    store.write([made("g", 2, 3, MEASURED[0], T0 + 3, 3)])
    assert store.latest("g")["readings"][0]["name"] == "skin_temperature_peripheral"
    store.write([made("g", 1, 9, IDENTITIES[2], T0, 9)])
    assert store.latest("g")["device"]["id"] == "5000"
    assert {row["name"] for row in store.readings("g")} == {None}
    store.write([made("g", 2, 1, IDENTITIES[0], T0, 1)])
    assert store.readings("g", "air_temperature")[0]["value"] == 33.3
    assert store.gateways()[0]["device_name"] == "Babyleo TN500"


def test_holes_have_reasons(store: Store) -> None:
    def reasons() -> list[tuple]:
        return sorted(tuple(row.values())[1:] for row in store.gaps("g"))

    store.write([made("g", 1, n, ALARMS[0], T0 + n, n) for n in (1, 2, 6, 9)])
    assert reasons() == [(1, 3, 5, "in_flight"), (1, 7, 8, "in_flight")]
    store.write([made("g", 2, 2, ALARMS[0], T0 + 20, 20)])
    assert reasons() == [
        (1, 3, 5, "unknown"),
        (1, 7, 8, "unknown"),
        (2, 1, 1, "in_flight"),
    ]
    store.write([made("g", 2, 1, b"!boot reason=start held=1:4-5,1:12-12", T0 + 19, 19)])
    store.write([made("g", 2, 3, b"!drop boot=1 first=5 last=7", T0 + 21, 21)])
    assert reasons() == [
        (1, 3, 3, "restart"),
        (1, 4, 4, "in_flight"),
        (1, 5, 5, "dropped"),
        (1, 7, 7, "dropped"),
        (1, 8, 8, "restart"),
        (1, 10, 11, "restart"),
        (1, 12, 12, "in_flight"),
    ]
    store.write([made("g", 3, 1, b"!boot reason=start held=1:4-4", T0 + 30, 30)])
    assert reasons()[:2] == [(1, 3, 3, "restart"), (1, 4, 4, "in_flight")]
    assert reasons()[-2:] == [(1, 8, 8, "restart"), (1, 10, 12, "restart")]


def test_the_original_firmware_is_read_and_counted_once(store: Store) -> None:
    lines = [made_legacy("old", T0 + 1000 * n, MEASURED[0], T0 + 5000) for n in (2, 0, 1)]
    assert store.write([], lines).stored == 3
    assert store.write([], lines).repeated == 3
    rows = list(store.rows("donnees"))
    assert sorted(row["timestamp"] for row in rows) == [row["at"] for row in store.rows("frames")]
    assert rows[0]["T_periph"] == 30.8
    assert rows[0]["unique_id"] == "old"
    assert {(row["boot"], row["seq"]) for row in store.rows("readings")} == {(None, None)}
    assert store.latest("old")["at"] == "2026-11-18T11:06:42.000Z"


def test_absent_codes_shift_nothing_in_donnees(store: Store) -> None:
    store.write([made("g", 1, 1, frame(0x24, b"6631.6F3 101"), T0, 0)])
    (row,) = store.rows("donnees")
    filled = {key: value for key, value in row.items() if value is not None}
    assert filled == {
        "id": row["id"],
        "unique_id": "g",
        "timestamp": "2026-11-18T11:06:40.000Z",
        "T_centr": 31.6,
        "W_date": 101,
    }


def test_states_and_refusals(store: Store) -> None:
    state = State("g", T0, '{"online": true, "device": {"id": "5700", "name": "B"}}')
    store.write([], (), [state], [Refusal(T0, "neonat/1/g/frames", "envelope", b"x" * 1000)])
    store.write([], (), [State("g", T0 - 1, '{"online": false}')])
    (row,) = store.gateways()
    assert (row["online"], row["device_id"]) == (True, "5700")
    assert store.latest("g")["state"]["device"]["name"] == "B"
    (refusal,) = store.rows("refusals", "g")
    assert refusal["payload"] == b"x" * 256
    store.set_health({"at": 1})
    assert store.health() == {"at": 1}
    store.check()
    assert store.latest("nobody") is None


def test_latest_says_since_when_an_alarm_stands(store: Store) -> None:
    answers = (ALARMS[1], ALARMS[2], ALARMS[0], ALARMS[2], ALARMS[3], STEADY[1], STEADY[5])
    store.write(
        [made("g", 1, n, data, T0 + n * 1000, n * 1000) for n, data in enumerate(answers, 1)]
    )
    latest = store.latest("g")
    assert [(one["code"], one["priority"], one["started_at"]) for one in latest["alarms"]] == [
        ("43", "9", "2026-11-18T11:06:44.000Z"),
        ("B2", "9", "2026-11-18T11:06:44.000Z"),
    ]
    assert [one["value"] for one in latest["settings"]] == [32.5, 50]
    assert [one["code"] for one in latest["texts"]] == ["13", "A3"]


def test_latest_says_when_each_request_was_answered_also_with_nothing(store: Store) -> None:
    store.write(
        [made("g", 1, 1, MEASURED[0], T0, 0), made("g", 1, 2, frame(0x27, b""), T0 + 1000, 1000)]
    )
    latest = store.latest("g")
    assert latest["alarms"] == []
    assert sorted(latest["answers"]) == ["24", "27"]
    assert sorted(latest["answers"]["27"]) == ["at", "received_at"]
    assert latest["answers"]["27"]["at"] == latest["at"] > latest["answers"]["24"]["at"]


def test_readings_of_a_time_are_found_among_many(store: Store) -> None:
    records = [made("g", 1, n, MEASURED[0], T0 + n * 1000, n * 1000) for n in range(1, 2001)]
    store.write(records)
    rows = store.readings("g", "air_temperature", T0 + 500_000, T0 + 510_000)
    assert [row["seq"] for row in rows] == list(range(500, 510))
    rows = store.readings("g", "air_temperature", limit=3)
    assert [row["seq"] for row in rows] == [1998, 1999, 2000]
    assert store.readings("g", "no_such_name") == []
    assert len(list(store.rows("frames", "g", T0 + 5_000, T0 + 7_000))) == 2


def test_the_recorded_bytes_come_out_as_they_went_in(store: Store, db: Database) -> None:
    decoder = Decoder()
    events = decoder.feed((DATA / "tn500.bin").read_bytes()) + decoder.close()
    frames = [event.raw for event in events if isinstance(event, Frame)]
    assert len(frames) == 34
    store.write([made("g", 1, n, raw, T0 + n, n) for n, raw in enumerate(frames, 1)])
    assert [row[0] for row in db.ask("SELECT data FROM frames ORDER BY seq")] == frames
    values = db.ask("SELECT code, value FROM readings WHERE seq = 1")
    assert values == [
        *(("65", 30.8), ("66", 31.6), ("6C", 18), ("6D", 33.3), ("6E", 0), ("C2", 0.8)),
        *(("E4", 183), ("EC", 53), ("F1", 4), ("F3", 101)),
    ]
    assert [(row["code"], row["ended_at"]) for row in store.alarms("g")] == [
        ("B2", None),
        ("43", None),
    ]
    assert [row["value"] for row in store.rows("settings")] == [31.5, 32.5]


NOP = b"\x01031"


def test_a_count_that_was_lost_is_told_and_nothing_of_it_is_taken_for_a_resend(
    store: Store,
) -> None:
    store.write([made("g", boot, n, NOP, T0 + n, n) for boot in (1, 2) for n in range(1, 10)])
    again = [made("g", 1, n, NOP, T0 + 10**7 + n, n) for n in range(1, 12)]
    written = store.write(again)
    assert written.acks == {"g": [(1, 10, 11)]}
    assert written.conflicts == again[:9]
    assert written.newest == {"g": (2, 9)}
    assert store.write([made("g", 3, 1, NOP, T0, 1)]).newest == {}
    assert store.write([made("g", 2, 5, NOP, T0 + 5, 5)]).newest == {"g": (3, 1)}


def test_without_a_clock_only_the_same_moment_is_a_resend(store: Store) -> None:
    first = [made("g", 1, n, NOP, None, n * 100) for n in range(1, 4)]
    assert store.write(first).acks == {"g": [(1, 1, 3)]}
    other = [made("g", 1, n, NOP, None, n * 101) for n in range(1, 4)]
    assert store.write(other).conflicts == other
    batch = [made("g", 2, 1, NOP, None, 5), made("g", 2, 1, NOP, None, 6)]
    assert store.write(batch).conflicts == batch[1:]


@pytest.mark.parametrize(
    "values",
    [
        b"at=2026-11-18T12:00:00.000Z uptime=" + b"9" * 40,
        b"at=2026-11-18T12:00:00.000Z uptime=5 step=-" + b"9" * 40,
        b"at=2026-11-18T12:00:00.000Z uptime=-99999999999999999",
        b"at=2026-11-18T12:00:00.000Z uptime=999999999999999",
        b"at=9999-12-31T23:59:59.999Z uptime=0",
    ],
)
def test_a_clock_that_cannot_be_spoils_neither_the_batch_nor_the_times(
    store: Store, values: bytes
) -> None:
    frames = [made("g", 1, 1, MEASURED[0], None, 1000), made("g", 1, 3, MEASURED[0], None, 2000)]
    written = store.write([frames[0], made("g", 1, 2, b"!clock " + values, T0, 0), frames[1]])
    assert written.acks == {"g": [(1, 1, 3)]}
    assert [(row["at"], row["clock"]) for row in store.rows("frames")] == [
        ("2026-11-18T11:06:41.040Z", "unset"),
        ("2026-11-18T11:06:42.040Z", "unset"),
    ]


def test_a_server_clock_that_was_ahead_does_not_freeze_the_state(store: Store) -> None:
    store.write([], states=[State("g", T0 + 10**10, '{"online":true}')])
    store.write([], states=[State("g", T0, '{"online":false}')])
    assert store.gateways()[0]["online"] is False
    store.write([], states=[State("g", T0 - 1, '{"online":true}')])
    assert store.gateways()[0]["online"] is False


def test_the_ends_of_all_numbers_and_times(store: Store) -> None:
    top = 0xFFFFFFFF
    records = [
        made("g", top, top - 1, MEASURED[0], 0, 0),
        made("g", top, top, MEASURED[0], 253402300799999, 0, -5000),
        made("g", 1, 1, MEASURED[0], 4294967296000, 0),
    ]
    assert store.write(records).acks == {"g": [(top, top - 1, top), (1, 1, 1)]}
    assert store.write(records).repeated == 3
    assert [(row["boot"], row["seq"], row["at"]) for row in store.rows("frames")] == [
        (1, 1, "2106-02-07T06:28:16.000Z"),
        (top, top - 1, "1970-01-01T00:00:00.000Z"),
        (top, top, "9999-12-31T23:59:59.999Z"),
    ]
    assert store.latest("g")["at"] == "9999-12-31T23:59:59.999Z"
    assert [tuple(row.values())[1:] for row in store.gaps("g")] == [
        (top, 1, top - 2, "in_flight"),
    ]
    over = [made("g", top + 1, 1, NOP, T0, 0), made("g", 2, top + 1, NOP, T0, 0)]
    assert store.write(over).conflicts == over
