"""neonat db copy: a file into a server, and everything goes on from there."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from databases import Postgres, Sqlite, database
from histories import IDENTITIES, MEASURED, READER, T0, histories, made
from neonat.cli import main as cli
from neonat.store import COLUMNS, OriginalRow, Refusal, State, StoreError, open_store
from neonat.store.moving import move
from neonat.store.originals import keep

VIEWS = tuple(COLUMNS)


def everything(url: str) -> dict[str, list]:
    """All rows of all views, numbers as numbers."""
    store = open_store(url, create=False)
    try:
        return {
            view: sorted(
                (
                    {
                        key: float(value) if isinstance(value, int | float) else value
                        for key, value in row.items()
                    }
                    for row in store.rows(view)
                ),
                key=repr,
            )
            for view in VIEWS
        }
    finally:
        store.close()


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories())
def test_all_views_say_the_same(postgres: Postgres, tmp_path: Path, history) -> None:
    with database(Sqlite(tmp_path)) as old, database(postgres) as new:
        store = old.open()
        store.write(
            history.records,
            history.legacy,
            [State("g1", T0, '{"online":true}')],
            [Refusal(T0, "t", "envelope", b"\xff\0")],
        )
        row = OriginalRow(b"k", "f", 1, "g1", "x", ("1", *(None,) * 9), T0, "kept", "", "")
        store.change(partial(keep, rows=[row]))
        store.close()
        counts = move(old.url, new.url, READER, lambda count: None)
        assert counts["refusal"] == 1
        assert everything(new.url) == everything(old.url)


def test_ingest_goes_on_in_the_copy(postgres: Postgres, tmp_path: Path) -> None:
    records = [made("g", 1, n, MEASURED[0], T0 + n * 1000, n * 1000) for n in range(2, 400)]
    records[0] = made("g", 1, 2, IDENTITIES[0], T0, 0)
    later = [made("g", 1, n, MEASURED[1], T0 + n * 1000, n * 1000) for n in range(390, 500)]
    with database(Sqlite(tmp_path)) as old, database(postgres) as new:
        store = old.open()
        store.write(records)
        change = store.changes(0)[0]
        store.close()
        move(old.url, new.url, READER, lambda count: None)
        store = new.open()
        assert store.changes(change)[1] == []
        again = store.write(records)
        assert (again.stored, again.repeated, again.conflicts) == (0, 398, [])
        written = store.write([*later, made("h", 1, 1, MEASURED[0], T0, 0)])
        assert written.stored == 101
        assert len(written.conflicts) == 10
        assert store.changes(change)[1] == ["g", "h"]
        assert [(row["first"], row["last"]) for row in store.gaps("g")] == [(1, 1)]


def test_a_server_that_holds_data_is_left_alone(postgres: Postgres, tmp_path: Path, capsys) -> None:
    with database(Sqlite(tmp_path)) as old, database(postgres) as new:
        old.open().write([made("g", 1, 1, MEASURED[0], T0, 0)])
        assert cli.main(["db", "copy", "--db", old.url, "--to", new.url]) == 0
        assert "tables are copied" in capsys.readouterr().out
        assert cli.main(["db", "copy", "--db", old.url, "--to", new.url]) == 1
        assert "it holds data: name an empty one" in capsys.readouterr().err


def test_what_cannot_be_copied_is_one_line(tmp_path: Path) -> None:
    for source, target in (
        (f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"),
        ("postgresql://x/y", "postgresql://x/z"),
        (f"sqlite:///{tmp_path}/no.db", "postgresql://x/z"),
    ):
        with pytest.raises(StoreError):
            move(source, target, READER, lambda count: None)
