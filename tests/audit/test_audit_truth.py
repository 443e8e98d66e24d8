"""neonat audit: histories whose truth is known, in both databases."""

import json

import pytest
from hypothesis import HealthCheck, given, settings

from databases import database
from histories import ALARMS, IDENTITIES, T0, Model, frame, histories, made, made_legacy
from neonat.audit.account import Account, account
from neonat.cli import main as cli
from neonat.store.postgresql_partitions import LATE_MS

S = 1000
MINUTE = 60 * S
FULL = frame(0x24, b"6530.8E4 183")
NO_LIGHT = frame(0x24, b"6530.8")
BLANK_LIGHT = frame(0x24, b"6530.8E4----")
UP = b"!link state=up device=5700"
LOST = b"!link state=down reason=line%20lost"
SILENCE = b"!link state=down reason=silence"


class Tale:
    """A gateway that tells what happens, second by second."""

    def __init__(self, gateway: str = "bed-1") -> None:
        self.records: list = []
        self.now = T0
        self.gateway = gateway
        self.boot = self.seq = 0
        self.started = T0

    def start(self, held: str = "", boot: int | None = None) -> "Tale":
        self.boot = boot or self.boot + 1
        self.seq = 0
        self.started = self.now
        self.say(b"!boot reason=start held=%b" % held.encode())
        return self

    def say(self, data: bytes) -> "Tale":
        self.seq += 1
        record = made(self.gateway, self.boot, self.seq, data, self.now, self.now - self.started)
        self.records.append(record)
        return self

    def lose(self, count: int) -> "Tale":
        self.seq += count
        return self

    def wait(self, ms: int) -> "Tale":
        self.now += ms
        return self

    def answer(self, seconds: int, data: bytes = FULL) -> "Tale":
        """An answer at once and each second, the next right after the time is over."""
        for _ in range(seconds):
            self.say(data).wait(S)
        return self

    def session(self, seconds: int) -> "Tale":
        return self.say(UP).say(IDENTITIES[0]).answer(seconds)


def audited(db, tale, start=None, end=None, least=MINUTE, gateway="bed-1") -> Account:
    store = db.open()
    store.write(tale.records)
    with store.evidence() as evidence:
        found = account(evidence, gateway, start, end, least)
    assert found is not None
    return found


def missed(found: Account, name: str) -> dict[str, int]:
    return next(signal.missed for signal in found.signals if signal.name == name)


def heard(found: Account, name: str) -> int:
    return next(signal.heard for signal in found.signals if signal.name == name)


def test_peace_is_complete(db) -> None:
    found = audited(db, Tale().start().session(1000).say(FULL))
    assert found.complete
    assert [boot[4:] for boot in found.boots] == [(1004, 1004, 0, 0, 0, 0)]
    assert [(s.name, s.heard, s.asked, s.period) for s in found.signals] == [
        ("skin_temperature_peripheral", 1000 * S, 1000 * S, S),
        ("light_level", 1000 * S, 1000 * S, S),
    ]
    assert all(not signal.missed and not signal.gaps for signal in found.signals)


def test_each_reason_has_its_time(db) -> None:
    tale = Tale().start().session(600)
    tale.wait(2 * S).say(SILENCE).wait(100 * S).say(UP).answer(600)
    lost_at = tale.now
    tale.say(LOST).wait(300 * S).say(UP).answer(100)
    tale.lose(50).wait(200 * S).say(FULL).say(b"!drop boot=1 first=1308 last=1357").wait(S)
    tale.answer(99).answer(150, NO_LIGHT).answer(150, BLANK_LIGHT).answer(100)
    off_at = tale.now
    tale.wait(500 * S).start().session(200).say(FULL)
    found = audited(db, tale)
    assert found.complete
    assert [boot[4:] for boot in found.boots] == [
        (1858, 1808, 0, 50, 0, 0),
        (204, 204, 0, 0, 0, 0),
    ]
    assert missed(found, "skin_temperature_peripheral") == {
        "device_off": 102 * S,
        "line_down": 300 * S,
        "dropped": 200 * S,
        "gateway_off": 500 * S,
    }
    light = missed(found, "light_level")
    assert light["no_value"] == 300 * S
    assert heard(found, "light_level") + sum(light.values()) == found.end - found.start
    gaps = next(s.gaps for s in found.signals if s.name == "skin_temperature_peripheral")
    assert (lost_at, lost_at + 300 * S, "line_down") in gaps
    assert (off_at, off_at + 500 * S, "gateway_off") in gaps


def test_each_answer_alone_says_nothing_of_the_time_behind_its_period(db) -> None:
    """The last answer before silence counts for one period, and the device is off from there."""
    tale = Tale().start().session(100)
    tale.now -= S
    tale.wait(3 * S).say(SILENCE).wait(20 * S).say(UP).answer(100).say(FULL)
    found = audited(db, tale)
    assert missed(found, "light_level") == {"device_off": 22 * S}


def test_what_the_gateway_still_holds_is_in_flight(db) -> None:
    tale = Tale().start().session(100).lose(500).wait(500 * S).answer(100).say(FULL)
    found = audited(db, tale)
    assert found.complete
    assert found.boots[0].in_flight == 500
    assert missed(found, "light_level") == {"in_flight": 500 * S}


def test_what_nobody_speaks_of_is_unexplained(db) -> None:
    """A hole in a boot when no later boot has said what it holds."""
    tale = Tale().start().session(100).lose(10).wait(10 * S).answer(100)
    tale.wait(5 * S).start()
    del tale.records[-1]
    tale.session(10)
    found = audited(db, tale)
    assert not found.complete
    assert [boot.unexplained for boot in found.boots] == [10, 0]
    assert found.unexplained_ms == 10 * S


def test_numbers_that_never_reached_the_disk(db) -> None:
    tale = Tale().start().session(100).lose(10).wait(10 * S).answer(100)
    found = audited(db, tale.wait(5 * S).start(held="").session(10).say(FULL))
    assert found.complete
    assert [boot.restart for boot in found.boots] == [10, 0]
    assert missed(found, "light_level") == {"restart": 10 * S, "gateway_off": 5 * S}


def test_a_gateway_that_stands_still_is_unexplained(db) -> None:
    """A minute and more without any record while the session stood, and no number missing."""
    tale = Tale().start().session(100).wait(90 * S).answer(100).say(FULL)
    found = audited(db, tale)
    assert not found.complete
    assert found.unexplained == 0
    assert found.unexplained_ms == 90 * S


def test_a_clock_that_is_set_forward_is_no_gap_in_time(db) -> None:
    tale = Tale().start().session(100).wait(3600 * S)
    tale.say(b"!clock at=2026-11-18T12:00:00.000Z uptime=100000 source=ntp step=3600000")
    found = audited(db, tale.answer(100).say(FULL))
    assert found.complete
    assert missed(found, "light_level") == {"clock_step": 3600 * S}


def test_damaged_answers_and_a_plan_that_does_not_ask(db) -> None:
    tale = Tale().start().session(100)
    for _ in range(30):
        tale.say(b"!error reason=checksum length=20").wait(S)
    tale.answer(100)
    for _ in range(40):
        tale.say(ALARMS[0]).wait(S)
    found = audited(db, tale.answer(100).say(FULL))
    assert found.complete
    assert missed(found, "light_level") == {"damaged": 30 * S, "no_answer": 40 * S}
    watched = next(s for s in found.signals if s.request == "27")
    assert watched.heard == 40 * S


def test_boots_of_which_nothing_was_heard(db) -> None:
    tale = Tale().start().session(100).wait(50 * S).start(boot=5).session(10)
    found = audited(db, tale)
    assert found.complete
    assert [tuple(boots) for boots in found.unheard] == [(2, 4, "restart")]


def test_the_time_of_boots_that_nothing_explains_is_unexplained(db) -> None:
    tale = Tale().start().session(100).wait(50 * S)
    tale.boot, tale.seq, tale.started = 3, 2, tale.now
    found = audited(db, tale.answer(10))
    assert not found.complete
    assert [tuple(boots) for boots in found.unheard] == [(2, 2, "unexplained")]
    assert set(missed(found, "light_level")) == {"unexplained"}


def test_a_span_takes_the_numbers_between_the_records_around_it(db) -> None:
    tale = Tale().start().session(1000)
    tale.lose(100).wait(100 * S).answer(3000)
    start, end = T0 + 1010 * S, T0 + 1200 * S
    found = audited(db, tale, start, end)
    assert [boot[4:] for boot in found.boots] == [(200, 100, 100, 0, 0, 0)]
    assert heard(found, "light_level") == 100 * S
    assert missed(found, "light_level") == {"in_flight": 90 * S}
    alone = audited(db, tale, T0 + 1010 * S, T0 + 1020 * S)
    assert [boot[4:] for boot in alone.boots] == [(100, 0, 100, 0, 0, 0)]


def test_a_span_in_a_long_line_down(db) -> None:
    """What stood at the begin of a span is known from before it."""
    tale = Tale().start().session(2000).say(LOST).wait(3600 * S).say(UP).answer(2000)
    start = T0 + 2000 * S + 600 * S
    found = audited(db, tale, start, start + 600 * S)
    assert missed(found, "light_level") == {"line_down": 600 * S}
    assert heard(found, "light_level") == 0


def test_before_the_first_and_behind_the_last_record(db) -> None:
    tale = Tale().start().session(100).say(FULL)
    found = audited(db, tale, T0 - 50 * S, T0 + 300 * S)
    assert missed(found, "light_level") == {"gateway_off": 50 * S, "silent": 199 * S}


def test_another_device_has_signals_of_its_own(db) -> None:
    tale = Tale().start().session(100).say(IDENTITIES[2]).answer(100).say(FULL)
    found = audited(db, tale)
    assert [(s.code, s.name, s.heard) for s in found.signals] == [
        ("65", "skin_temperature_peripheral", 100 * S),
        ("E4", "light_level", 100 * S),
        ("65", None, 100 * S),
        ("E4", None, 100 * S),
    ]


def test_what_retention_removed_was_stored_once(db) -> None:
    tale = Tale().start().session(3000).wait(100 * S).start().session(500).say(FULL)
    store = db.open()
    store.write(tale.records)
    # A server drops its partitions some weeks late.
    late = LATE_MS if db.kind == "postgresql" else 0
    while store.expire({"frames": 1000 * S}, tale.now + late, 200):
        pass
    with store.evidence() as evidence:
        found = account(evidence, "bed-1", T0, None, MINUTE)
    assert found is not None
    assert found.complete
    assert [boot[4:] for boot in found.boots] == [(3003, 3003, 0, 0, 0, 0), (504, 504, 0, 0, 0, 0)]
    light = missed(found, "light_level")
    assert light["gateway_off"] == 100 * S
    assert 2500 * S < light["removed"] < 2700 * S
    assert heard(found, "light_level") + sum(light.values()) == found.end - found.start


def test_the_original_firmware_proves_nothing(db) -> None:
    lines = [made_legacy("old", T0 + n * MINUTE, FULL, T0) for n in range(100) if not 20 < n < 50]
    store = db.open()
    store.write([], lines)
    with store.evidence() as evidence:
        found = account(evidence, "old", None, None, MINUTE)
    assert found is not None
    assert found.complete
    assert found.unnumbered == 71
    assert missed(found, "light_level") == {"no_numbers": 29 * MINUTE}


def test_a_long_history_goes_through_its_windows(db) -> None:
    """More answers than one window holds, and a poll plan that changes on the way."""
    tale = Tale().start().session(700)
    for _ in range(600):
        tale.say(FULL).wait(10 * S)
    tale.wait(90 * S - 10 * S).answer(700).say(FULL)
    found = audited(db, tale)
    assert sum(missed(found, "light_level").values()) == 80 * S
    assert heard(found, "light_level") == (700 + 6000 + 700) * S


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories())
def test_numbers_are_those_of_the_model(server, history) -> None:
    """Whatever the history: every number has one fate, and the fates are the model's."""
    if not history.records:
        return
    model = Model(history)
    with database(server) as db:
        store = db.open()
        store.write(history.records, history.legacy)
        with store.evidence() as evidence:
            for gateway in model.gateways():
                found = account(evidence, gateway, None, None, 1)
                assert found is not None
                fates = {"in_flight": 0, "dropped": 0, "restart": 0, "unknown": 0}
                for name, _, _, reason in model.gaps():
                    fates[reason] += name == gateway
                stored = sum(one.gateway == gateway for one in model.records)
                boots = found.boots
                assert sum(boot.stored for boot in boots) == stored
                assert {
                    "in_flight": sum(boot.in_flight for boot in boots),
                    "dropped": sum(boot.dropped for boot in boots),
                    "restart": sum(boot.restart for boot in boots),
                    "unknown": sum(boot.unexplained for boot in boots),
                } == fates
                for signal in found.signals:
                    assert signal.heard + sum(signal.missed.values()) == signal.asked


@pytest.mark.parametrize(
    "lines",
    [
        [(2, 3, None, 0, 40), (2, 4, T0, 0, 40), (3, 4, T0, 0, 40)],
        [(2, 1, None, 0, 32), (2, 2, None, 90, 32), (2, 4, T0, 0, 40), (3, 4, T0, 0, 40)],
    ],
)
def test_no_time_counts_twice_where_the_first_stamp_was_ahead(db, lines) -> None:
    """The boot began by the server's clock, which is ahead of all that the gateway stamped."""
    store = db.open()
    store.write(
        [made("bed-1", boot, seq, FULL, at, uptime, lag) for boot, seq, at, uptime, lag in lines]
    )
    with store.evidence() as evidence:
        found = account(evidence, "bed-1", None, None, 1)
    assert found is not None
    for signal in found.signals:
        assert signal.heard + sum(signal.missed.values()) == signal.asked


def test_two_clocks_that_disagree_hide_no_number(db) -> None:
    """The first record has the server's time, which is ahead of those that the gateway stamped."""
    lines = [(1, None, 40), (2, T0, 40), (3, T0 + 900, 40), (4, T0 + 100, 40)]
    store = db.open()
    store.write([made("bed-1", 1, seq, FULL, at, 0, lag) for seq, at, lag in lines])
    with store.evidence() as evidence:
        found = account(evidence, "bed-1", None, None, 1)
    assert found is not None
    assert [boot[4:] for boot in found.boots] == [(4, 4, 0, 0, 0, 0)]


def test_the_command_in_words_and_as_json(db, capsys) -> None:
    tale = Tale().start().session(100).lose(10).wait(100 * S).answer(100).say(FULL)
    db.open().write(tale.records)
    assert cli.main(["audit", "--db", db.url]) == 0
    text = capsys.readouterr().out
    assert "complete: everything that is missing is explained (1 gateways)" in text
    assert "66.66 %" in text
    assert "rules" in text
    assert "schema" in text
    assert cli.main(["audit", "--db", db.url, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["complete"] is True
    (gateway,) = told["gateways"]
    assert gateway["boots"][0]["in_flight"] == 10
    assert [s["coverage_percent"] for s in gateway["signals"]] == [66.6667, 66.6667]
    assert gateway["signals"][0]["gaps"][0]["reason"] == "in_flight"


def test_the_command_fails_when_something_is_unexplained(db, capsys) -> None:
    tale = Tale().start().session(10).lose(3).answer(10).wait(S).start()
    del tale.records[-1]
    db.open().write(tale.answer(3).records)
    assert cli.main(["audit", "--db", db.url]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("neonat audit: unexplained: 3 numbers")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("--gateway", "who"), 1, "there are: bed-1"),
        (("--from", "soon"), 2, "is no time"),
        (("--gaps-from", "-1"), 2, "number of seconds"),
    ],
)
def test_what_cannot_be_done_is_one_line(words, code, reason, db, capsys) -> None:
    db.open().write(Tale().start().records)
    assert cli.main(["audit", "--db", db.url, *words]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert reason in captured.err
    assert captured.err.count("\n") == 1
