"""The poll schedule, by example."""

from medibus.schedule import DEFAULT, Plan


def asked(plan, until, step=100):
    out = []
    for now in range(0, until, step):
        code = plan.due(now)
        while code is not None:
            out.append((now, code))
            code = plan.due(now)
    return out


def test_each_request_has_its_own_period():
    found = asked(Plan({0x24: 1000, 0x27: 500, 0x28: 5000}), 5000)
    assert [now for now, code in found if code == 0x24] == [0, 1000, 2000, 3000, 4000]
    assert [now for now, code in found if code == 0x27] == list(range(0, 5000, 500))
    assert [now for now, code in found if code == 0x28] == [0]


def test_the_default_plan():
    counts = {}
    for _, code in asked(Plan(), 60000):
        counts[code] = counts.get(code, 0) + 1
    assert counts[0x24] == counts[0x27] == counts[0x2E] == 60
    assert counts[0x29] == counts[0x2A] == 6
    assert counts[0x28] == 1
    assert set(counts) == set(DEFAULT)


def test_what_is_wanted_most_goes_first():
    plan = Plan()
    assert [plan.due(0) for _ in range(3)] == [0x24, 0x27, 0x2E]


def test_as_fast_as_the_line_allows_takes_turns():
    plan = Plan({0x24: 0, 0x27: 0, 0x28: 1000})
    first = [plan.due(5) for _ in range(9)]
    assert first.count(0x28) == 1
    assert first.count(0x24) == first.count(0x27) == 4
    assert plan.deadline(5) == 0


def test_missed_beats_are_not_made_up_for():
    plan = Plan({0x24: 1000})
    assert plan.due(0) == 0x24
    assert plan.due(10500) == 0x24
    assert plan.due(10500) is None
    assert plan.deadline(10500) == 1000


def test_another_plan_is_in_force_at_once():
    plan = Plan({0x24: 300000, 0x27: 1000})
    assert plan.due(0) is not None and plan.due(0) is not None
    plan.set({0x24: 1000, 0x27: 1000, 0x29: 1000})
    assert sorted([plan.due(10), plan.due(10)]) == [0x24, 0x29]
    assert plan.due(10) is None
    plan.set({})
    assert plan.due(99999) is None
    assert plan.deadline(99999) is None


def test_refuses_what_is_no_plan():
    plan = Plan({0x24: 1000})
    for periods in ({0x10: 1000}, {0x80: 1000}, {"24": 1000}, {0x24: -1}, {0x24: 1.5}):
        try:
            plan.set(periods)
        except ValueError:
            continue
        raise AssertionError(periods)
    assert plan.periods == {0x24: 1000}


def test_restart_and_want():
    plan = Plan({0x24: 1000, 0x28: 300000})
    assert plan.due(0) and plan.due(0)
    plan.want(0x28)
    assert plan.due(1) == 0x28
    plan.want(0x29)
    assert plan.due(1) is None
    plan.restart()
    assert sorted([plan.due(2), plan.due(2)]) == [0x24, 0x28]
