"""Drifting values and their fields."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neonat.simulator import payloads
from neonat.simulator.models import MODELS, TN500, find
from neonat.simulator.physiology import Physiology

models = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.key)


def answers(state):
    return (
        payloads.measured(state),
        payloads.settings(state),
        payloads.texts(state),
        payloads.alarms(state, 0x27),
        payloads.alarms(state, 0x2E),
    )


@models
@given(seed=st.integers(0, 10_000), steps=st.integers(1, 200))
@settings(max_examples=30, deadline=None)
def test_fields_keep_their_width_and_hold_numbers(model, seed, steps):
    state = Physiology(model, seed)
    for _ in range(steps):
        state.step()
    measured, set_points, _, page_1, page_2 = answers(state)
    assert len(measured) % 6 == len(set_points) % 7 == len(page_1) % 15 == len(page_2) % 15 == 0
    for at in range(0, len(measured), 6):
        float(measured[at + 2 : at + 6])
    for at in range(0, len(set_points), 7):
        float(set_points[at + 2 : at + 7])


@models
def test_everything_changes_within_an_hour(model):
    state = Physiology(model, 7)
    seen = [set() for _ in answers(state)]
    alarms_ended = False
    for _ in range(3600):
        before = set(state.alarms)
        state.step()
        alarms_ended |= bool(before - set(state.alarms))
        for kind, answer in zip(seen, answers(state), strict=True):
            kind.add(answer)
    assert all(len(kind) > 3 for kind in seen)
    assert alarms_ended


def test_values_drift_slowly():
    state = Physiology(TN500, 3)
    for _ in range(600):
        before = dict(state.values)
        state.step()
        assert abs(state.values[0x65] - before[0x65]) < 0.2


def test_what_was_asked_does_not_change_what_comes():
    seldom, often = Physiology(TN500, 5), Physiology(TN500, 5)
    seldom.advance(1000)
    for now in range(1000, 90_001, 130):
        often.advance(now)
    often.advance(90_001)
    seldom.advance(90_001)
    assert answers(seldom) == answers(often)


def test_a_long_sleep_is_caught_up_at_once():
    state = Physiology(TN500, 5)
    state.advance(0)
    state.advance(10**12)


@pytest.mark.parametrize("words", ["TN500", "tn500", "5700", "Babyleo", "Babyleo TN500"])
def test_models_are_found_by_key_id_and_name(words):
    assert find(words) is TN500


@pytest.mark.parametrize("words", ["TN", "", "Babylog"])
def test_an_unclear_model_is_answered_with_the_choices(words):
    with pytest.raises(LookupError, match="isolette"):
        find(words)
