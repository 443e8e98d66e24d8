"""neonat export: what comes out, and how it fails."""

import csv
import io
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from histories import ALARMS, MEASURED, OTHERS, READER, STEADY, T0, made
from neonat.cli import main as cli
from neonat.store import COLUMNS, WHAT, OriginalRow, Refusal, open_store
from neonat.store.originals import keep

OLD = OriginalRow(
    b"k", "old.db", 7, "g1", "2026/11/18 12:00:00", ("30.8", None, *("1",) * 8), T0, "whole", "", ""
)
POOL = (*MEASURED, *ALARMS, *STEADY, *OTHERS)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with something in every view."""
    found = f"sqlite:///{tmp_path}/n.db"
    store = open_store(found, reader=READER)
    for gateway in ("g1", "g2"):
        store.write(
            [
                made(gateway, 1, n, POOL[n % len(POOL)], T0 + n * 1000, n * 1000)
                for n in range(1, 60)
                if n != 7
            ]
        )
    store.write([], (), (), [Refusal(T0, "neonat/1/g1/frames", "envelope", b"\xff|\n")])
    store.change(partial(keep, rows=[OLD]))
    store.close()
    return found


def export(*words: str) -> int:
    return cli.main(["export", *words])


@pytest.mark.parametrize("what", WHAT)
def test_csv_and_json_lines_say_the_same(what: str, url: str, capsys) -> None:
    assert export("--db", url, "--what", what) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert export("--db", url, "--what", what, "--format", "jsonl") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows
    assert [list(line) for line in lines] == [list(COLUMNS[what])] * len(lines)
    assert rows == [
        {key: "" if value is None else str(value) for key, value in line.items()} for line in lines
    ]


def test_frames_are_escaped_as_on_the_wire(url: str, capsys) -> None:
    export("--db", url, "--what", "frames", "--gateway", "g1", "--format", "jsonl")
    data = [json.loads(line)["data"] for line in capsys.readouterr().out.splitlines()]
    assert any(one.startswith("\\x01$6530.866") for one in data)
    assert all(one.isprintable() for one in data)


def test_a_gateway_and_a_time_choose(url: str, capsys) -> None:
    words = ("--db", url, "--what", "frames", "--format", "jsonl", "--gateway", "g2")
    export(*words, "--from", "2026-11-18T11:06:50Z", "--to", "2026-11-18T12:06:53+01:00")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["gateway"], row["seq"]) for row in rows] == [("g2", n) for n in (10, 11, 12)]


def test_a_file_appears_only_when_it_is_complete(url: str, tmp_path: Path, capsys) -> None:
    out = tmp_path / "readings.csv"
    out.write_text("old")
    assert export("--db", url, "--what", "readings", "--out", str(out)) == 0
    assert out.read_text().startswith("gateway,boot,seq,at,code,")
    assert export("--db", url, "--what", "gaps", "--out", str(tmp_path / "no" / "x.csv")) == 1
    assert "cannot write" in capsys.readouterr().err
    assert sorted(path.suffix for path in tmp_path.iterdir() if "readings" in path.name) == [".csv"]


def test_what_is_no_plain_file_is_written_into_and_stays(url: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert export("--db", url, "--what", "gaps", "--out", str(pipe)) == 0
    assert os.read(reader, 4096).startswith(b"gateway,boot,first,last,reason\n")
    os.close(reader)
    assert pipe.is_fifo()
    link, target = tmp_path / "link.csv", tmp_path / "target.csv"
    link.symlink_to(target)
    assert export("--db", url, "--what", "gaps", "--out", str(link)) == 0
    assert link.is_symlink()
    assert target.read_text().startswith("gateway,boot,first,last,reason\n")


def test_the_database_can_come_from_the_environment(url: str, monkeypatch, capsys) -> None:
    monkeypatch.setenv("NEONAT_DB", url)
    assert export("--what", "gaps") == 0
    assert capsys.readouterr().out.startswith("gateway,boot,first,last,reason\n")


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("--db", "sqlite:///no.db", "--what", "gaps"), 1, "no such file"),
        (("--what", "gaps"), 2, "give --db URL (or set NEONAT_DB)"),
        (("--db", "URL", "--what", "gaps", "--gateway", "who"), 1, "there are: g1, g2"),
        (("--db", "URL", "--what", "gaps", "--format", "parquet"), 2, "name it with --out"),
        (("--db", "URL", "--what", "gaps", "--pseudonymise"), 1, "holds no key"),
        (("--db", "URL", "--what", "gaps", "--pseudonym-key-file", "no.key"), 1, "cannot read"),
        (("--db", "URL", "--what", "gaps", "--from", "yesterday"), 2, "is no time"),
        (("--db", "URL", "--what", "gaps", "--to", "2026-13-01"), 2, "is no time"),
        (
            ("--what", "gaps", "--from", "2026-11-24", "--to", "2026-11-23"),
            2,
            "--from 2026-11-24 is not before --to 2026-11-23",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(words, code: int, reason: str, url: str, capsys) -> None:
    assert export(*(url if word == "URL" else word for word in words)) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert reason in captured.err
    assert captured.err.count("\n") == 1


def test_a_reader_that_leaves_early_is_no_error(url: str) -> None:
    command = [sys.executable, "-m", "neonat", "export", "--db", url, "--what", "readings"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_output_that_takes_no_more_is_one_line(url: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "neonat", "export", "--db", url, "--what", "frames"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "neonat export: cannot write the output: No space left on device\n"
