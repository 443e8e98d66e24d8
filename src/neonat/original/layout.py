"""What the original server's slicing left in a row, and which values that proves.

A frame of measured data is a row of cells, a code of 2 characters and a value of 4, in the order of
the codes, and the checksum. The original server took the ten values at the offsets that they have
when all ten codes are there. Where a code was absent, every value behind it lies one column to the
left, and the last columns hold what follows the checksum: nothing, or the quote of `b'…'`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from neonat.store.views import ORIGINAL_CODES

# The original project's columns in their order, and the codes whose values they were meant for.
COLUMNS = dict(ORIGINAL_CODES)
CODES = tuple(COLUMNS.values())
# Codes of a Babyleo TN500 that the table has no column for.
OTHERS = ("6A", "C0", "F2")

# How a value is written, as in the recording of a TN500: tenths, whole, or a date DDMM.
_TENTHS = frozenset(("65", "66", "6A", "6D", "C2"))
_SHARES = frozenset(("6C", "6E", "C0", "F1"))
_DATE = "F3"
_LEFT = "6C"

_NUMBER = re.compile(r"[+-]?(\d+)(\.\d+)?")
_MISSING = re.compile(r"[ ]*[-*]{2,4}[ ]*|[ ]{4}")

WHOLE = "whole"
REPAIRED = "repaired"
PARTLY = "partly"
KEPT = "kept"

Value = str | int | float | None


class Repaired(NamedTuple):
    """What a row proves: its values by code as four characters each, and how it came to them.

    `state` is whole (every value in its own column), repaired (moved, all of them certain), partly
    (those in `cells` are certain, others are not) or kept (nothing is certain). `absent` are the
    codes that brought no value, where that is certain; `note` says what is not.
    """

    state: str
    cells: dict[str, str]
    absent: tuple[str, ...]
    note: str


def repaired(values: Sequence[Value], also: tuple[str, ...] = ()) -> Repaired:
    """What the ten values of a row prove; `also` names codes of OTHERS that the device may send.

    A row whose values all have the form of their own column is taken as it is.
    """
    count = len(values)
    while count and _is_past_the_end(values[count - 1]):
        count -= 1
    found = values[:count]
    if any(_is_past_the_end(value) for value in found):
        return Repaired(KEPT, {}, (), "an empty column before one that is not")
    if not count:
        return Repaired(KEPT, {}, (), "no value at all")
    forms = tuple(_form(value) for value in found)
    if None in forms:
        column = list(COLUMNS)[forms.index(None)]
        return Repaired(KEPT, {}, (), f"{column} holds what no field of a frame can be")
    if count == len(CODES) and all(map(_fits, CODES, forms)):
        return Repaired(WHOLE, dict(zip(CODES, map(_cell, CODES, found), strict=True)), (), "")
    fitting = _layouts(forms, also)
    if not fitting:
        return Repaired(KEPT, {}, (), "no order of the known codes fits these values")
    return _certain(found, fitting)


def _certain(found: Sequence[Value], fitting: tuple[tuple[str, ...], ...]) -> Repaired:
    """What all fitting layouts agree on."""
    cells: dict[str, str] = {}
    open_values = []
    for place, value in enumerate(found):
        codes = sorted({layout[place] for layout in fitting})
        if len(codes) == 1:
            cells[codes[0]] = _cell(codes[0], value)
        else:
            open_values.append(f"{str(value).strip()} is {' or '.join(codes)}")
    present = {code for layout in fitting for code in layout}
    absent = tuple(code for code in CODES if code not in present)
    if not open_values:
        return Repaired(REPAIRED, cells, absent, "")
    note = "; ".join(open_values)
    return Repaired(PARTLY if cells else KEPT, cells, absent, note)


def _is_past_the_end(value: Value) -> bool:
    return value is None or (isinstance(value, str) and value.strip("'\"\r\n\\") == "")


def _form(value: Value) -> tuple[bool | None, float | None, bool | None] | None:
    """(tenths, number, left) of a value: None for what a value does not tell; None for no field.

    A database that made numbers of the fields has forgotten a .0 and the blanks around it.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        fraction = value != int(value) if abs(value) < 1e6 else True
        tenth = abs(value * 10 - round(value * 10)) < 1e-6
        return (True if fraction else None, float(value), None) if tenth else None
    if len(value) > 4:
        return None
    if _MISSING.fullmatch(value):
        return None, None, None
    match = _NUMBER.fullmatch(value.strip())
    if match is None or (match[2] is not None and len(match[2]) != 2):
        return None
    # Only a slice that is still four characters long shows on which side its blanks are.
    left = value.endswith(" ") if len(value) == 4 else None
    return match[2] is not None, float(match[0]), left


def _fits(code: str, form: tuple[bool | None, float | None, bool | None] | None) -> bool:
    """Whether a value of this form can be the one of `code`."""
    if form is None:
        return False
    tenths, number, left = form
    if tenths is not None and tenths != (code in _TENTHS):
        return False
    if number is None:
        return True
    if left is not None and len(_digits(number, code)) < 4 and left != (code == _LEFT):
        return False
    if code in _SHARES:
        return 0 <= number <= 100
    if code == _DATE:
        day, month = divmod(int(number), 100)
        return 1 <= day <= 31 and 1 <= month <= 12
    return number >= 0 or code == "C2"


def _digits(number: float, code: str) -> str:
    return f"{number:.1f}" if code in _TENTHS else f"{number:.0f}"


@lru_cache(maxsize=4096)
def _layouts(
    forms: tuple[tuple[bool | None, float | None, bool | None], ...], also: tuple[str, ...]
) -> tuple[tuple[str, ...], ...]:
    """The first codes of every frame that could have left these values."""
    known = tuple(sorted((*CODES, *also)))
    count = len(forms)
    full = count == len(CODES)
    found = set()
    for size in range(count, len(known) + 1) if full else (count,):
        for codes in combinations(known, size):
            if all(map(_fits, codes[:count], forms)):
                found.add(codes[:count])
    return tuple(sorted(found))


def _cell(code: str, value: Value) -> str:
    """The four characters of a field, as the recording has them where the row does not tell."""
    if isinstance(value, str):
        if len(value) == 4:
            return value
        text = value.strip()
    else:
        text = _digits(float(value or 0), code)
    return f"{text:>3} "[:4] if code == _LEFT and len(text) < 4 else f"{text:>4}"
