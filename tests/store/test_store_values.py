"""The number in a field is the same in SQL and in `medibus`; so are the bytes of a frame."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databases import Database, Server
from histories import T0, made
from medibus.frame import response
from medibus.item import number
from neonat.store.postgresql_schema import PostgresDialect
from neonat.store.schema import SqliteDialect
from neonat.store.views import Dialect

FIELDS = st.text(st.sampled_from(" 0123456789+-.*eExX"), min_size=4, max_size=4) | st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=4, max_size=4
)
DIALECTS: dict[str, Dialect] = {"sqlite": SqliteDialect(), "postgresql": PostgresDialect()}
FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def base(server: Server) -> Iterator[Any]:
    with server.raw(server.new()) as connection:
        yield connection


def same(one: object, two: object) -> bool:
    return one == two and type(one) is type(two)


@settings(FEW, max_examples=1000)
@given(field=FIELDS)
def test_a_fields_number_in_sql_is_that_of_medibus(server: Server, base: Any, field: str) -> None:
    sql = DIALECTS[server.kind]
    query = f"SELECT {sql.value_of(sql.field('x', '0'))} FROM (SELECT ?1 AS x) f"
    assert same(base.execute(query, (field.encode(),)).fetchone()[0], number(field)), field


def test_every_field_of_a_small_alphabet(server: Server, base: Any) -> None:
    sql = DIALECTS[server.kind]
    base.execute(f"CREATE TABLE f(x {'BLOB' if server.kind == 'sqlite' else 'bytea'})")
    letters = " 07+-.e"
    fields = [a + b + c + d for a in letters for b in letters for c in letters for d in letters]
    base.executemany("INSERT INTO f VALUES (?)", [(field.encode(),) for field in fields])
    query = f"SELECT x, {sql.value_of(sql.field('x', '0'))} FROM f"
    wrong = [
        (field, value)
        for field, value in base.execute(query)
        if not same(value, number(field.decode()))
    ]
    assert wrong == []


@settings(FEW)
@given(
    many=st.lists(
        st.tuples(st.text(st.sampled_from("0123456789ABCDEF"), min_size=2, max_size=2), FIELDS),
        max_size=12,
    )
)
def test_frames_come_out_of_the_view_as_they_went_in(
    db: Database, many: list[tuple[str, str]]
) -> None:
    data = response(0x24, "".join(code + field for code, field in many).encode())[:-1]
    store = db.open()
    seq = 1 + max((row["seq"] for row in store.rows("frames")), default=0)
    store.write([made("g", 1, seq, data, T0, 0)])
    store.close()
    assert db.ask("SELECT data FROM frames WHERE seq = ?", seq) == [(data,)]
    rows = db.ask("SELECT code, raw, value FROM readings WHERE seq = ?", seq)
    # A view has no order of its own: a server may join it as it likes.
    assert sorted(tuple(row[:2]) for row in rows) == sorted(many)
    assert all(same(value, number(field)) for _, field, value in rows)
