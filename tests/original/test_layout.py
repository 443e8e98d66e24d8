"""What fixed offsets leave behind, and what of it is certain: never a wrong value."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medibus.item import number
from neonat.original.layout import CODES, KEPT, OTHERS, PARTLY, REPAIRED, WHOLE, repaired
from originals import RECORDED, sliced


def without(*codes: str) -> dict[str, str]:
    return {code: field for code, field in RECORDED.items() if code not in codes}


def test_the_recorded_frame_is_whole() -> None:
    found = repaired(sliced(RECORDED))
    assert found.state == WHOLE
    assert found.cells == RECORDED


@pytest.mark.parametrize("code", ["6C", "6D", "6E", "C2", "F3"])
@pytest.mark.parametrize("quote", ["'", ""])
def test_one_absent_code_that_the_layout_tells(code: str, quote: str) -> None:
    found = repaired(sliced(without(code), quote))
    assert found.state == REPAIRED
    assert found.cells == without(code)
    assert found.absent == (code,)


def test_what_the_layout_does_not_tell_is_left_open() -> None:
    found = repaired(sliced(without("65")))
    assert found.state == PARTLY
    assert found.cells == without("65", "66")
    assert found.note == "31.6 is 65 or 66"
    found = repaired(sliced(without("EC")))
    assert found.state == PARTLY
    assert {"E4", "EC", "F1"}.isdisjoint(found.cells)
    assert found.cells["F3"] == " 101"


@st.composite
def frames(draw) -> dict[str, str]:
    """Any frame of the known codes, fields as a TN500 writes them."""
    tenths = st.integers(100, 420).map(lambda n: f"{n / 10:>4.1f}")
    share = st.integers(0, 100)
    fields = {
        "65": tenths, "66": tenths, "6D": tenths,
        "6C": share.map(lambda n: f"{n:>3} "), "6E": share.map(lambda n: f"{n:>4}"),
        "C2": st.integers(-50, 99).map(lambda n: f"{n / 10:>4.1f}"),
        "E4": st.integers(0, 9999).map(lambda n: f"{n:>4}"),
        "EC": st.integers(20, 120).map(lambda n: f"{n:>4}"),
        "F1": share.map(lambda n: f"{n:>4}"),
        "F3": st.tuples(st.integers(1, 31), st.integers(1, 12)).map(
            lambda day: f"{day[0]:>2}{day[1]:02}"
        ),
    }  # fmt: skip
    codes = draw(st.sets(st.sampled_from(CODES), min_size=1))
    missing = st.sampled_from(("----", " ***", "    "))
    return {
        code: draw(
            st.one_of(fields[code], missing) if draw(st.integers(0, 9)) == 0 else fields[code]
        )
        for code in codes
    }


@given(frames(), st.sampled_from(["'", "", '"']), st.booleans())
def test_what_is_said_is_true(cells: dict[str, str], quote: str, stripped: bool) -> None:
    """Whatever was absent: every value that is called certain is the one that was sent."""
    values = sliced(cells, quote)
    if stripped:
        values = tuple(value.strip() for value in values)
    found = repaired(values)
    for code, field in found.cells.items():
        assert code in cells, found
        assert field.strip() == cells[code].strip(), found
    told = {code for code, field in cells.items() if field.strip()}
    assert not set(found.absent) & told, found
    if found.state == WHOLE:
        assert set(cells) == set(CODES)
    if found.state == REPAIRED:
        assert set(found.cells) >= told


@given(frames())
def test_numbers_say_less_but_nothing_wrong(cells: dict[str, str]) -> None:
    """A database that made numbers of the fields has forgotten their form."""
    values = [
        number(value) if number(value) is not None else value.strip("'") or None
        for value in sliced(cells)
    ]
    values = [int(v) if isinstance(v, float) and v == int(v) else v for v in values]
    found = repaired(values)
    for code, field in found.cells.items():
        assert code in cells, found
        assert (number(field) or 0) == (number(cells[code]) or 0), found


def test_a_code_without_a_column_is_found_or_admitted() -> None:
    cells = {**RECORDED, "6A": "36.5"}
    assert repaired(sliced(cells)).state == KEPT
    found = repaired(sliced(cells), ("6A",))
    assert all(cells[code] == field for code, field in found.cells.items())
    assert found.cells["6C"] == " 18 "


def test_with_all_codes_allowed_nothing_wrong_is_said() -> None:
    fields = {**RECORDED, "6A": "36.5", "C0": "  21", "F2": "1250"}
    for size in range(10, len(fields) + 1):
        for codes in combinations(sorted(fields), size):
            cells = {code: fields[code] for code in codes}
            found = repaired(sliced(cells), OTHERS)
            if found.state != WHOLE:
                assert all(cells.get(code) == f for code, f in found.cells.items()), cells


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ((None,) * 10, "no value at all"),
        (("30.8", "", *("1",) * 8), "an empty column"),
        (("30.8", "x$%!", *("1",) * 8), "T_centr holds what no field"),
        (("30.8", "123456", *("1",) * 8), "T_centr holds what no field"),
        (("   1",) * 10, "no order of the known codes"),
        ((b"1", *("1",) * 9), "T_periph holds what no field"),
    ],
)
def test_what_is_no_frame_is_kept(values, note: str) -> None:
    found = repaired(tuple(v.decode() + "\0" * 9 if isinstance(v, bytes) else v for v in values))
    assert found.state == KEPT
    assert note in found.note
    assert not found.cells
