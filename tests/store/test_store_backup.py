"""Backup while it is written to, restore, check; and what is read again after an update."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from databases import Database, Postgres, Server, Sqlite, database
from histories import ALARMS, MEASURED, STEADY, frame, made, made_legacy
from neonat.ingest.reading import FrameReader
from neonat.store import WHAT, Meaning, Name, open_store
from store.test_store_history import DAY, M0, MINUTE

STEADY_MODE = STEADY[4]


def neonat(*words: str, path: str = "") -> subprocess.CompletedProcess:
    """The command, with PostgreSQL's programs where `path` says."""
    env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    call = [sys.executable, "-m", "neonat", *words]
    return subprocess.run(call, capture_output=True, text=True, check=False, env=env)


@pytest.fixture
def path(server: Server) -> str:
    return str(server.bin) if isinstance(server, Postgres) else ""


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """The URL of a database to restore into."""
    if isinstance(server, Sqlite):
        yield server.new()
        return
    with server.raw(server.url("postgres")) as base:
        base.execute("DROP DATABASE IF EXISTS restored")
        base.execute("CREATE DATABASE restored")
    yield server.url("restored")
    server.drop(server.url("restored"))


def test_what_is_written_meanwhile_is_whole_in_the_backup(
    db: Database, empty: str, path: str, tmp_path: Path
) -> None:
    store = db.open()
    store.write([made("g", 1, n, MEASURED[n % 5], M0 + n * 1000, 0) for n in range(1, 20_000)])
    stop = Event()

    def write() -> None:
        seq = 20_000
        while not stop.is_set():
            store.write([made("g", 1, seq, ALARMS[seq % 7], M0 + seq, 0)])
            seq += 1

    thread = Thread(target=write)
    thread.start()
    out = tmp_path / "backup"
    try:
        told = neonat("db", "backup", "--db", db.url, "--out", str(out), path=path)
    finally:
        stop.set()
        thread.join()
    assert (told.returncode, told.stderr) == (0, "")
    assert "SHA-256" in told.stdout and not list(tmp_path.glob("*.part"))
    again = neonat("db", "backup", "--db", db.url, "--out", str(out), path=path)
    assert again.returncode == 1 and "is there already" in again.stderr
    told = neonat("db", "restore", "--db", empty, "--file", str(out), path=path)
    assert (told.returncode, told.stderr) == (0, "")
    assert "the database is whole" in told.stdout
    restored = open_store(empty, create=False)
    frames = [row["seq"] for row in restored.rows("frames")]
    assert frames == list(range(1, len(frames) + 1)) and len(frames) >= 19_999
    restored.close()
    # Nothing that is there is written over.
    told = neonat("db", "restore", "--db", empty, "--file", str(out), path=path)
    assert told.returncode == 1 and len(told.stderr.splitlines()) == 1
    assert "is there already" in told.stderr or "not empty" in told.stderr
    with open(out, "r+b") as file:
        file.seek(5000)
        file.write(b"\0\1\2")
    told = neonat("db", "restore", "--db", f"{empty}x", "--file", str(out), path=path)
    assert told.returncode == 1 and "not what was written" in told.stderr


def test_a_backup_is_for_its_owner_and_says_when_it_is_without_proof(tmp_path: Path) -> None:
    source = Sqlite(tmp_path)
    with database(source) as db:
        db.open().close()
        out = tmp_path / "backup"
        assert neonat("db", "backup", "--db", db.url, "--out", str(out)).returncode == 0
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        for bad in (tmp_path / "none/x", out / "x"):
            told = neonat("db", "backup", "--db", db.url, "--out", str(bad))
            assert (told.returncode, len(told.stderr.splitlines())) == (1, 1)
        with open("/dev/full", "w") as full:
            call = [sys.executable, "-m", "neonat", "db", "check", "--db", db.url]
            ended = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, check=False)
        assert ended.returncode == 1 and ended.stderr.startswith(b"neonat db: cannot write the")
        (tmp_path / "backup.sha256").unlink()
        told = neonat("db", "restore", "--db", source.new(), "--file", str(out))
        assert told.returncode == 0 and "cannot be told" in told.stderr


def test_a_program_that_is_missing_is_named(postgres: Postgres, tmp_path: Path) -> None:
    env = {**os.environ, "PATH": ""}
    call = [sys.executable, "-m", "neonat", "db", "backup", "--db", postgres.url("empty")]
    call += ["--out", str(tmp_path / "x")]
    told = subprocess.run(call, capture_output=True, text=True, check=False, env=env)
    assert told.returncode == 1 and "pg_dump is not here: install" in told.stderr


def test_check_finds_what_does_not_agree(db: Database) -> None:
    store = db.open()
    numbers = [n for n in range(1, 200) if n not in (50, 51)]
    store.write([made("g", 1, n, (MEASURED + ALARMS)[n % 13], M0 + n * 1000, 0) for n in numbers])
    store.roll(now=True)
    told = store.verify(lambda _: None)
    assert told.faults == [] and told.counts["records"] == 197
    for change, words in (
        ("DELETE FROM gap", "numbers 50 to 51 are neither stored nor in a gap"),
        ("DELETE FROM frame WHERE id & 4294967295 = 13", "are counted and not there"),
        ("UPDATE span SET last = last - 1 WHERE first = 52", "frames 199 to 199 are there and not"),
        ("DELETE FROM shape WHERE request = '24'", "shapes of frames are missing"),
    ):
        db.change(change)
        assert any(words in fault for fault in store.verify(lambda _: None).faults), words
    assert neonat("db", "check", "--db", db.url).returncode == 1


def test_check_finds_rollups_that_differ(db: Database) -> None:
    store = db.open()
    numbers = range(1, 60)
    store.write([made("g", 1, n, MEASURED[n % 5], M0 + n * DAY // 20, 0) for n in numbers])
    while store.roll(now=True):
        pass
    assert store.verify(lambda _: None).faults == []
    for level in (10, 1440):
        db.change(f"DELETE FROM rollup WHERE level = {level}")
        faults = store.verify(lambda _: None).faults
        assert any("and of a day differ on" in fault for fault in faults), level


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    with database(Sqlite(tmp_path)) as db:
        store = db.open()
        store.write([made("g", 1, n, MEASURED[0], M0 + n * 1000, 0) for n in range(1, 5000)])
        store.close()
        with open(db.url.removeprefix("sqlite:///"), "r+b") as file:
            file.seek(200 * 1024)
            file.write(b"\xff" * 8192)
        told = neonat("db", "check", "--db", db.url)
        assert told.returncode == 1 and "Traceback" not in told.stderr


class Younger(FrameReader):
    """A neonat that knew neither texts nor code page 1, nor what 6D is called."""

    def split(self, data: bytes) -> tuple[bytes, bytes | None]:
        if data[:1] == b"\x01" and data[1:2] in (b"\x24", b"\x2a"):
            return b"p" + data[:2], data[2:]
        return super().split(data)

    def meaning(self, shape: bytes) -> Meaning:
        found = super().meaning(shape)
        return Meaning(found.request, False, ()) if found.request == "29" else found

    def names(self) -> Iterator[Name]:
        return (one for one in super().names() if one.code != "6D")


def as_by(reader: FrameReader, one: Any) -> Any:
    """A record as another reader splits it."""
    shape, body = reader.split(one.data)
    return one._replace(shape=shape, body=body)


def test_what_was_not_understood_is_read_again(db: Database) -> None:
    said = [*MEASURED, STEADY_MODE, STEADY[0], STEADY[1], frame(0x2A), *ALARMS]
    records = [
        made("g", 1 + n // 60, 1 + n % 60, said[n % len(said)], M0 + n * MINUTE, 0)
        for n in range(100)
    ]
    legacy = [made_legacy("g", M0 + n * 1000, said[n % 8], M0) for n in range(30)]
    old = Younger()
    store = db.open(reader=old)
    store.write([as_by(old, one) for one in records], [as_by(old, one) for one in legacy])
    store.close()
    call = neonat("redecode", "--db", db.url)
    assert (call.returncode, call.stderr) == (0, "")
    store = db.open()
    assert store.verify(lambda _: None).faults == []
    found = {what: sorted(store.rows(what), key=str) for what in WHAT}
    charts = store.history("g", ["air_temperature"], M0, M0 + DAY)
    latest = store.latest("g")
    with database(db.server) as other:
        wanted = other.open()
        wanted.write(records, legacy)
        for what in ("frames", "readings", "settings", "texts", "alarms", "gaps", "limits"):
            assert found[what] == sorted(wanted.rows(what), key=str), what
        assert charts == wanted.history("g", ["air_temperature"], M0, M0 + DAY)
        assert latest == wanted.latest("g")
    again = neonat("redecode", "--db", db.url)
    assert again.stdout.startswith("0 kinds of frames read otherwise, 0 frames")
