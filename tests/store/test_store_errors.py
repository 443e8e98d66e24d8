"""What cannot be opened or written says why in one line."""

import sqlite3
from pathlib import Path

import pytest

from histories import MEASURED, READER, T0, made
from neonat.store import StoreError, open_store


def refused(url: str, **options: object) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(url, **{"reader": READER, **options})  # type: ignore[arg-type]
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_urls_that_name_no_database() -> None:
    assert "not the URL" in refused("neonat.db")
    assert "not the URL" in refused("sqlite:///")
    assert "URL" in refused("postgresql://[host/db")
    for url in ("geh/eim@h/db", "geh%zzeim@h/db"):
        text = refused(f"postgresql://u:{url}")
        assert "URL" in text and "geh" not in text, "a password is shown"


def test_files_that_are_no_database(tmp_path: Path) -> None:
    assert "is a directory" in refused(f"sqlite:///{tmp_path}")
    assert "no directory" in refused(f"sqlite:///{tmp_path}/there/n.db")
    assert "no such file" in refused(f"sqlite:///{tmp_path}/n.db", create=False)
    text = tmp_path / "text.db"
    text.write_bytes(b"not a database at all, but long enough to have a header" * 40)
    assert "no database" in refused(f"sqlite:///{text}")
    assert "no database" in refused(f"sqlite:///{text}", reader=None, create=False)
    other = tmp_path / "other.db"
    base = sqlite3.connect(other)
    base.execute("CREATE TABLE mine(x)")
    base.close()
    assert "not a database of neonat" in refused(f"sqlite:///{other}")


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/n.db"
    open_store(url, reader=READER).close()
    base = sqlite3.connect(tmp_path / "n.db")
    base.execute("PRAGMA user_version = 9999")
    base.close()
    assert "newer neonat" in refused(url)
    assert "newer neonat" in refused(url, reader=None, create=False)


def test_a_locked_database_says_so_and_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neonat.store.sqlite.BUSY_S", 0.1)
    store = open_store(f"sqlite:///{tmp_path}/n.db", reader=READER)
    other = sqlite3.connect(tmp_path / "n.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    record = made("g", 1, 1, MEASURED[0], T0, 0)
    with pytest.raises(StoreError, match="another program"):
        store.write([record])
    assert store.gateways() == []
    other.execute("ROLLBACK")
    other.close()
    assert store.write([record]).stored == 1
    store.close()


def test_a_full_disk_says_so_and_loses_nothing(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/n.db", reader=READER)
    records = [made("g", 1, n, MEASURED[0], T0 + n, n) for n in range(1, 4001)]
    store.write(records[:100])
    base = store._base  # type: ignore[attr-defined]
    pages = base.execute("PRAGMA page_count").fetchone()[0]
    base.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="disk is full"):
        store.write(records)
    assert len(list(store.rows("frames"))) == 100
    base.execute("PRAGMA max_page_count = 1000000")
    written = store.write(records)
    assert (written.stored, written.repeated) == (3900, 100)
    assert store.gaps("g") == []
    store.close()


def test_a_reader_does_not_write_and_a_closed_store_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/n.db"
    open_store(url, reader=READER).close()
    store = open_store(url, create=False)
    with pytest.raises(StoreError, match="reading only"):
        store.write([])
    with pytest.raises(StoreError, match="no view"):
        list(store.rows("gateway"))
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.gateways()
