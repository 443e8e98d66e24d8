"""neonat import-legacy: old files into both databases."""

import sqlite3
from pathlib import Path

import pytest

from histories import READER
from medibus.frame import frame_of
from neonat.cli import main as cli
from neonat.store import open_store
from originals import RECORDED, original, sliced

BED = "e89f6dd0edd8"


def rows(*dropped: str) -> list[tuple]:
    """A row a minute, each without one code ('' for none)."""
    return [
        (BED, f"2023/07/07 16:{n:02}:41", sliced({k: v for k, v in RECORDED.items() if k != code}))
        for n, code in enumerate(dropped)
    ]


def imported(db, file: Path, *words: str) -> int:
    return cli.main(["import-legacy", str(file), "--db", db.url, *words])


def test_rows_come_as_readings_and_as_they_were(db, tmp_path: Path, capsys) -> None:
    file = original(tmp_path / "old.db", rows("", "6C", "65"))
    assert imported(db, file) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"3  {BED}  2023/07/07 16:02:41  partly: 31.6 is 65 or 66"
    assert out[1] == (
        "3 rows, 3 of them new: 1 as they were, 1 repaired, 1 certain in part,"
        " 0 kept as they were without a reading"
    )
    shown = sorted(db.rows("donnees"), key=lambda row: row["timestamp"])
    assert [row["timestamp"] for row in shown] == [
        "2023-07-07T14:00:41.000Z", "2023-07-07T14:01:41.000Z", "2023-07-07T14:02:41.000Z",
    ]  # fmt: skip
    assert [float(row["T_periph"] or 0) for row in shown] == [30.8, 30.8, 0]
    assert [row["humidite"] for row in shown] == [18, None, 18]
    assert [float(row["t_air"]) for row in shown] == [33.3] * 3
    kept = sorted(db.rows("donnees_original"), key=lambda row: row["id"])
    assert [row["state"] for row in kept] == ["whole", "repaired", "partly"]
    assert [row["humidite"] for row in kept] == [" 18 ", "33.3", "33.3"]
    assert kept[1]["absent"] == "6C"
    assert kept[1]["W_date"] == "'"
    assert kept[0]["source"] == "old.db"
    assert {row["at"] for row in kept} == {row["timestamp"] for row in shown}


def test_the_frame_of_a_whole_row_is_the_one_that_was_sent(db, tmp_path: Path) -> None:
    assert imported(db, original(tmp_path / "old.db", rows(""))) == 0
    (frame,) = db.rows("frames")
    data = bytes(frame["data"])
    assert data == b"\x01$6530.86631.66C 18 6D33.36E   0C2 0.8E4 183EC  53F1   4F3 101C1"
    assert frame_of(data).code == 0x24


def test_a_second_import_adds_nothing(db, tmp_path: Path, capsys) -> None:
    file = original(tmp_path / "old.db", rows(*["", "6C", "65", "F3"] * 10))
    assert imported(db, file) == 0
    before = [db.rows(view) for view in ("donnees", "donnees_original", "readings")]
    copy = tmp_path / "copy.db"
    copy.write_bytes(file.read_bytes())
    for again in (file, copy):
        capsys.readouterr()
        assert imported(db, again) == 0
        assert "40 rows, 0 of them new" in capsys.readouterr().out
    assert [db.rows(view) for view in ("donnees", "donnees_original", "readings")] == before
    original(file, [(BED, "2023/07/08 10:00:00", sliced(RECORDED))])
    assert imported(db, file) == 0
    assert "41 rows, 1 of them new" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["REAL", "NUMERIC", "VARCHAR(10)"])
def test_columns_of_any_type(db, kind: str, tmp_path: Path, capsys) -> None:
    assert imported(db, original(tmp_path / "old.db", rows("", "6C"), kind)) == 0
    shown = sorted(db.rows("donnees"), key=lambda row: row["timestamp"])
    assert [float(row["t_air"]) for row in shown] == [33.3, 33.3]
    assert [row["humidite"] for row in shown] == [18, None]


def test_what_nobody_can_read_is_kept_and_listed(db, tmp_path: Path, capsys) -> None:
    file = original(
        tmp_path / "old.db",
        [
            ("no gateway", "2023/07/07 16:00:00", sliced(RECORDED)),
            (BED, "yesterday", sliced(RECORDED)),
            (BED, "2023-07-07 16:00:00.25", sliced(RECORDED)),
            (BED, "2023/07/07 16:00:00", ("?",) * 10),
        ],
    )
    assert imported(db, file) == 0
    out = capsys.readouterr().out
    assert "1  no gateway  2023/07/07 16:00:00  kept: unique_id 'no gateway' is no" in out
    assert "kept: timestamp 'yesterday' is no time" in out
    assert len(db.rows("donnees_original")) == 4
    assert len(db.rows("donnees")) == 1
    assert cli.main(["export", "--db", db.url, "--what", "donnees_original"]) == 0
    assert capsys.readouterr().out.count("\n") == 5


def test_the_hour_that_comes_twice_goes_on_from_the_row_before(db, tmp_path: Path) -> None:
    stamps = ["2023/10/29 01:59:00", "2023/10/29 02:30:00", "2023/10/29 02:59:00",
              "2023/10/29 02:10:00", "2023/10/29 03:00:00"]  # fmt: skip
    file = original(tmp_path / "old.db", [(BED, stamp, sliced(RECORDED)) for stamp in stamps])
    assert imported(db, file) == 0
    kept = sorted(db.rows("donnees_original"), key=lambda row: row["id"])
    assert [row["at"][11:16] for row in kept] == ["23:59", "00:30", "00:59", "01:10", "02:00"]


@pytest.mark.parametrize(
    ("make", "words", "code", "says"),
    [
        (lambda path: None, (), 1, "there is no file"),
        (lambda path: path.write_text("no database, but long enough to be read"), (), 1, "cannot"),
        (
            lambda path: sqlite3.connect(path).execute("CREATE TABLE x(a)"),
            (),
            1,
            "no table donnees",
        ),
        (
            lambda path: sqlite3.connect(path).execute("CREATE TABLE donnees(id)"),
            (),
            1,
            "no column unique_id",
        ),
        (
            lambda path: open_store(f"sqlite:///{path}", reader=READER).close(),
            (),
            1,
            "a database of neonat itself",
        ),
        (lambda path: original(path, []), ("--also", "99"), 2, "--also is some of"),
        (lambda path: original(path, []), ("--legacy-timezone", "Mars"), 2, "no time zone"),
    ],
)
def test_what_cannot_be_imported_is_one_line(make, words, code, says, tmp_path, capsys) -> None:
    path = tmp_path / "old.db"
    make(path)
    url = f"sqlite:///{tmp_path}/n.db"
    assert cli.main(["import-legacy", str(path), "--db", url, *words]) == code
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
