"""The watchdog is fed while line and uplink make progress, and never else."""

from hypothesis import given
from hypothesis import strategies as st

from neonat.gateway.watchdog import ACK_MS, LINE_MS, UPLINK_MS, Watchdog

DAY = 86_400_000
gaps = st.lists(st.integers(1, 100_000), min_size=1, max_size=60)


def test_a_broker_that_is_away_for_days_restarts_nothing():
    dog = Watchdog(0)
    for now in range(0, 3 * DAY, 45_000):
        assert dog.judge(now, now, now // 90_000, 5, False) == ""


def test_a_server_that_does_not_acknowledge_is_connected_to_anew_and_no_more():
    dog = Watchdog(0)
    found = [dog.judge(now, now, now, 5, True) for now in range(0, DAY, 1000)]
    assert set(found) == {"", "reconnect"}
    assert found.count("reconnect") <= DAY // ACK_MS


@given(gaps, st.integers(0, 59))
def test_what_stands_still_is_found_in_its_time_and_not_before(steps, stop):
    for stuck, limit in (("line", LINE_MS), ("uplink", UPLINK_MS)):
        dog = Watchdog(0)
        now = moves = 0
        since = None
        for index, step in enumerate(steps + [1000] * (limit // 1000 + 2)):
            now += step
            if index < stop or since is None:
                moves = index
                since = now if index >= stop else None
            still = moves if since is not None else index
            line, uplink = (still, now) if stuck == "line" else (now, still)
            verdict = dog.judge(now, line, uplink, now, True)
            late = since is not None and now - since > limit
            assert verdict == (stuck if late else "")


@given(gaps)
def test_once_stuck_it_is_never_fed_again(steps):
    dog = Watchdog(0)
    dog.judge(0, 1, 1, 1, False)
    assert dog.judge(LINE_MS + 1, 1, 2, 1, False) == "line"
    now = LINE_MS + 1
    for step in steps:
        now += step
        assert dog.judge(now, now, now, now, False) == "line"


@given(st.lists(st.tuples(st.integers(1, 60_000), st.booleans(), st.booleans()), max_size=80))
def test_progress_of_both_within_their_bounds_is_always_fed(steps):
    dog = Watchdog(0)
    now = line = uplink = line_at = uplink_at = 0
    for step, one, other in steps:
        now += step
        if one or now - line_at > LINE_MS // 2:
            line, line_at = line + 1, now
        if other or now - uplink_at > UPLINK_MS // 2:
            uplink, uplink_at = uplink + 1, now
        assert dog.judge(now, line, uplink, 0, False) == ""
