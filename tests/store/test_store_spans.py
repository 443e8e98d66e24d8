"""Ranges and the explanation of holes, against sets of numbers."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from neonat.store import spans

RANGES = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 12)).map(lambda pair: (pair[0], sum(pair))),
    max_size=6,
)


def numbers(ranges) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


def is_normal(ranges) -> bool:
    return all(first <= last for first, last in ranges) and all(
        one[1] + 1 < two[0] for one, two in itertools.pairwise(ranges)
    )


@given(RANGES)
def test_ranges_hold_the_same_numbers_in_any_form(ranges) -> None:
    found = spans.normal(ranges)
    assert is_normal(found)
    assert numbers(found) == numbers(ranges)
    grown: list[tuple[int, int]] = []
    for first, last in ranges:
        spans.add(grown, first, last)
    assert grown == found
    assert {number for number in range(60) if spans.holds(found, number)} == numbers(ranges)


@given(RANGES, RANGES)
def test_without_is_the_difference(ranges, taken) -> None:
    found = spans.without(spans.normal(ranges), spans.normal(taken))
    assert is_normal(found)
    assert numbers(found) == numbers(ranges) - numbers(taken)


@given(RANGES, RANGES, st.none() | RANGES, st.booleans(), st.integers(0, 60))
def test_every_hole_has_the_first_reason_that_fits(stored, dropped, held, newest, named) -> None:
    gaps = spans.explain(spans.normal(stored), dropped, held, newest, named)
    assert is_normal([(first, last) for first, last, _ in gaps]) or all(
        one[2] != two[2] or one[1] + 1 < two[0] for one, two in itertools.pairwise(gaps)
    )
    given_up, kept = numbers(dropped), numbers(held or ())
    known = numbers(stored) | given_up | kept
    for number in range(1, max(named, *known, 0) + 1):
        reasons = [reason for first, last, reason in gaps if first <= number <= last]
        if number in numbers(stored):
            assert reasons == []
        elif number in given_up:
            assert reasons == ["dropped"]
        elif number in kept or newest:
            assert reasons == ["in_flight"]
        else:
            assert reasons == ["unknown" if held is None else "restart"]
    assert all(first <= last <= max(named, *known, 0) for first, last, _ in gaps)
