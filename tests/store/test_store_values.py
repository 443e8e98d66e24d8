"""The number in a field is the same in SQL and in `medibus`; so are the bytes of a frame."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from histories import READER, T0, made
from medibus.frame import response
from medibus.item import number
from neonat.store import open_store
from neonat.store.schema import value_of

FIELDS = st.text(st.sampled_from(" 0123456789+-.*eExX"), min_size=4, max_size=4) | st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=4, max_size=4
)


@pytest.fixture(scope="module")
def base() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


def same(one: object, two: object) -> bool:
    return one == two and type(one) is type(two)


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=FIELDS)
def test_a_fields_number_in_sql_is_that_of_medibus(base: sqlite3.Connection, field: str) -> None:
    query = f"SELECT {value_of('substr(?1, 1, 4)')}"
    assert same(base.execute(query, (field.encode(),)).fetchone()[0], number(field)), field


def test_every_field_of_a_small_alphabet(base: sqlite3.Connection) -> None:
    base.execute("CREATE TABLE f(x BLOB)")
    letters = " 07+-.e"
    fields = [a + b + c + d for a in letters for b in letters for c in letters for d in letters]
    base.executemany("INSERT INTO f VALUES (?)", [(field.encode(),) for field in fields])
    query = f"SELECT x, {value_of('substr(x, 1, 4)')} FROM f"
    wrong = [
        (field, value)
        for field, value in base.execute(query)
        if not same(value, number(field.decode()))
    ]
    assert wrong == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(st.sampled_from("0123456789ABCDEF"), min_size=2, max_size=2), FIELDS),
        max_size=12,
    )
)
def test_frames_come_out_of_the_view_as_they_went_in(cells: list[tuple[str, str]]) -> None:
    data = response(0x24, "".join(code + field for code, field in cells).encode())[:-1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "n.db"
        store = open_store(f"sqlite:///{path}", reader=READER)
        store.write([made("g", 1, 1, data, T0, 0)])
        base = sqlite3.connect(path)
        assert base.execute("SELECT data FROM frames").fetchall() == [(data,)]
        rows = base.execute("SELECT code, raw, value FROM readings").fetchall()
        base.close()
        store.close()
    assert [row[:2] for row in rows] == cells
    assert all(same(value, number(field)) for _, field, value in rows)
