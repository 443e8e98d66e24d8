"""Parquet and pseudonyms: the same rows as the other formats, with what they mean beside."""

import csv
import io
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from databases import Database
from histories import ALARMS, MEASURED, OTHERS, STEADY, T0, made, made_legacy
from medibus.catalog import COLUMNS as CATALOG_COLUMNS
from medibus.escape import escape
from neonat.cli import main as cli
from neonat.export.columns import DICTIONARY, columns
from neonat.export.dictionary import dictionary
from neonat.export.pseudonym import Pseudonyms
from neonat.store import COLUMNS, WHAT, OriginalRow, Refusal
from neonat.store.originals import keep

parquet = pytest.importorskip("pyarrow.parquet")
dataset = pytest.importorskip("pyarrow.dataset")

OLD = OriginalRow(
    b"k", "old.db", 7, "g1", "2026/11/18 12:00:00", ("30.8", None, *("1",) * 8), T0, "whole", "", ""
)
POOL = (*MEASURED, *ALARMS, *STEADY, *OTHERS)
HOUR = 3_600_000
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def filled(db: Database) -> Database:
    """Three days of two gateways, with something in every view."""
    store = db.open()
    for gateway in ("g1", "g2"):
        store.write(
            [
                made(gateway, 1, n, POOL[n % len(POOL)], T0 + n * HOUR, n * HOUR)
                for n in range(1, 72)
                if n != 7
            ],
            [made_legacy(gateway, T0 - n * HOUR, MEASURED[0], T0) for n in range(1, 4)],
        )
    store.write([], (), (), [Refusal(T0, "neonat/1/g1/frames", "envelope", b"g1|\xff|\n")])
    store.change(partial(keep, rows=[OLD]))
    return db


def export(db: Database, *words: str) -> int:
    return cli.main(["export", "--db", db.url, *words])


def plain(value: object) -> object:
    """A value of Parquet as JSON lines have it."""
    if isinstance(value, bytes):
        return escape(value)
    if hasattr(value, "isoformat"):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
    return value


def order(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


@pytest.mark.parametrize("what", WHAT)
def test_parquet_says_what_json_lines_say(what, filled, tmp_path: Path, capsys) -> None:
    assert export(filled, "--what", what, "--format", "jsonl") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    out = tmp_path / "out"
    assert export(filled, "--what", what, "--format", "parquet", "--out", str(out)) == 0
    files = sorted(out.rglob("*.parquet"))
    assert files
    rows = []
    for file in files:
        table = parquet.read_table(file, partitioning=None)
        assert table.schema.names == list(COLUMNS[what])
        found = [{key: plain(value) for key, value in row.items()} for row in table.to_pylist()]
        rows += found
        if file.parent != out:
            time = next(name for name in ("at", "started_at", "received_at", "timestamp") if
                        name in table.schema.names)  # fmt: skip
            assert {f"day={row[time][:10]}" for row in found} == {file.parent.name}
    numeric = [{key: _same(value) for key, value in row.items()} for row in lines]
    assert order([{key: _same(value) for key, value in row.items()} for row in rows]) == order(
        numeric
    )
    assert capsys.readouterr().err == ""


def _same(value: object) -> object:
    return float(value) if isinstance(value, int | float) else value


def test_days_are_partitions_and_each_gateway_a_file(filled, tmp_path: Path) -> None:
    out = tmp_path / "readings"
    words = ("--what", "readings", "--format", "parquet", "--out", str(out))
    assert export(filled, *words, "--from", "2026-11-19", "--to", "2026-11-21") == 0
    assert {str(path.relative_to(out)) for path in out.rglob("*.parquet")} == {
        "day=2026-11-19/g1.parquet", "day=2026-11-19/g2.parquet",
        "day=2026-11-20/g1.parquet", "day=2026-11-20/g2.parquet",
    }  # fmt: skip
    whole = dataset.dataset(out, partitioning="hive")
    assert whole.count_rows() >= 40
    assert whole.to_table(filter=dataset.field("day") == "2026-11-20").num_rows == 20


def test_the_schema_says_what_it_means(filled, tmp_path: Path) -> None:
    for what in ("readings", "donnees"):
        words = ("--what", what, "--format", "parquet", "--out", str(tmp_path / what))
        assert export(filled, *words, "--from", "2026-11-19") == 0
    schema = parquet.read_schema(next((tmp_path / "readings").rglob("*.parquet")))
    told = {key.decode(): value.decode() for key, value in schema.metadata.items()}
    assert told["neonat.what"] == "readings"
    assert told["neonat.from"] == "2026-11-19T00:00:00.000Z"
    assert told["neonat.pseudonymised"] == "no"
    codes = json.loads(told["neonat.codes"])
    assert {"code": "65", "unit": "Cel", "source": "recording", "certainty": "R"}.items() <= next(
        code for code in codes if code["device_id"] == "5700" and code["code"] == "65"
    ).items()
    assert b"UCUM" in schema.field("unit").metadata[b"description"]
    original = parquet.read_schema(next((tmp_path / "donnees").rglob("*.parquet")))
    assert original.field("t_air").metadata[b"unit"] == b"Cel"
    assert original.field("t_air").metadata[b"certainty"] == b"R"


def test_many_days_stay_in_few_open_files(db: Database, tmp_path: Path) -> None:
    """Days that come back after others have been written get a second file, not a lost first."""
    day = 24 * HOUR
    store = db.open()
    for boot in (1, 2, 3):
        store.write([made("g", boot, n, MEASURED[0], T0 + n * day, n * day) for n in range(1, 13)])
    out = tmp_path / "frames"
    assert export(db, "--what", "frames", "--format", "parquet", "--out", str(out)) == 0
    assert dataset.dataset(out, partitioning="hive").count_rows() == 36
    assert len(list(out.iterdir())) == 12


def test_a_directory_that_holds_something_is_left_alone(filled, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    out.mkdir()
    words = ("--what", "gaps", "--format", "parquet", "--out", str(out))
    assert export(filled, *words) == 0
    assert export(filled, *words) == 1
    assert "is there already" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == ["out"]


def test_without_pyarrow_it_is_one_line(filled, tmp_path: Path) -> None:
    program = "import sys; sys.modules['pyarrow'] = None; from neonat.cli.main import main; main()"
    words = ["--db", filled.url, "--what", "gaps", "--format", "parquet", "--out", "x"]
    code = f"import sys; sys.argv[1:] = {['export', *words]!r}; {program}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert done.stderr == (
        "neonat export: --format parquet needs pyarrow: pip install 'neonat[parquet]',"
        " or use csv or jsonl\n"
    )


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_pseudonyms_leave_no_name(what, form, filled, tmp_path: Path) -> None:
    key = tmp_path / "study.key"
    key.write_text(KEY + "\n")
    out = tmp_path / "out"
    words = ("--what", what, "--format", form, "--out", str(out))
    assert export(filled, *words, "--pseudonym-key-file", str(key)) == 0
    files = [out] if form == "csv" else list(out.rglob("*.parquet"))
    names = Pseudonyms(KEY.encode())
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(out.read_text())))
    else:
        rows = [row for file in files for row in parquet.read_table(file).to_pylist()]
    assert rows
    held = {row.get("gateway") or row.get("unique_id") or row.get("topic") for row in rows}
    assert held <= {names.of("g1"), names.of("g2"), f"neonat/1/{names.of('g1')}/frames"}
    assert not any("g1" in file.name or "g2" in file.name for file in files)
    assert not any(row.get("payload") for row in rows)


def test_pseudonyms_depend_on_the_key_alone(monkeypatch, filled, capsys) -> None:
    assert Pseudonyms(b"k" * 32).of("bed-1") == Pseudonyms(b"k" * 32).of("bed-1")
    assert Pseudonyms(b"k" * 32).of("bed-1") != Pseudonyms(b"l" * 32).of("bed-1")
    monkeypatch.setenv("NEONAT_PSEUDONYM_KEY", KEY)
    assert export(filled, "--what", "gateways", "--pseudonymise") == 0
    assert Pseudonyms(KEY.encode()).of("g1") in capsys.readouterr().out
    monkeypatch.setenv("NEONAT_PSEUDONYM_KEY", "short")
    assert export(filled, "--what", "gateways", "--pseudonymise") == 1
    assert "too short" in capsys.readouterr().err


def test_the_dictionary_needs_no_database(tmp_path: Path, capsys) -> None:
    assert cli.main(["export", "--what", DICTIONARY]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[0].keys() == {column.name for column in columns(DICTIONARY)}
    assert {
        "device_id": "5700", "device_name": "Babyleo TN500", "kind": "reading", "codepage": "1",
        "code": "65", "name": "skin_temperature_peripheral", "unit": "Cel", "low": "20",
        "high": "42", "source": "recording", "certainty": "R",
    } in rows  # fmt: skip
    assert any(row["device_id"] == "" and row["certainty"] == "G" for row in rows)
    out = str(tmp_path / "out")
    assert cli.main(["export", "--what", DICTIONARY, "--format", "parquet", "--out", out]) == 0
    assert parquet.read_table(f"{out}/rows.parquet").to_pylist()[0]["kind"] == "reading"


def test_every_column_is_described() -> None:
    for what in (*WHAT, DICTIONARY):
        for column in columns(what):
            assert len(column.text) > 10, column
    assert list(next(dictionary()))[2:] == list(CATALOG_COLUMNS)
