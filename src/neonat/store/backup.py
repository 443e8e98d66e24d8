"""A copy of a database while it is written to, and back: a file that is proven before it counts."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neonat.store.records import StoreError

Done = Callable[[int], Any]

# Pages of SQLite that are copied before the progress is told.
PAGES = 2000
_CHUNK = 1 << 20
_POLL_S = 0.2

# What PostgreSQL's own programs say, and what to do about it.
_ADVICE = {
    "version mismatch": ": put the client programs of the server's version first in PATH",
    "unsupported version": ": put the client programs of the server's version first in PATH",
    "appear to be a valid": ": it is no backup of PostgreSQL",
}


def is_file(url: str) -> bool:
    """Whether a URL names a database of SQLite; StoreError where it names no file."""
    if url == "sqlite:///":
        raise StoreError("not the URL of a database: use sqlite:///FILE")
    return url.startswith("sqlite:///")


def backup(url: str, out: Path, done: Done) -> None:
    """Write a database into the file `out` and its SHA-256 beside; `done` is told bytes.

    The file appears when it is whole. StoreError when it is there already or cannot be written.
    """
    if out.exists():
        raise StoreError(f"{out} is there already: name another file")
    part = out.with_name(out.name + ".part")
    try:
        part.unlink(missing_ok=True)
        # It holds people and their password hashes too: for its owner only.
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        if is_file(url):
            _backup_file(url.removeprefix("sqlite:///"), part, done)
        else:
            _run("pg_dump", url, ["--format=custom", f"--file={part}"], lambda: _size(part), done)
        told = digest(part)
        _keep(part)
        os.replace(part, out)
        side = digest_of(out)
        side.write_text(f"{told}  {out.name}\n")
        _keep(side)
    except OSError as error:
        raise StoreError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def restore(file: Path, url: str, done: Done) -> bool:
    """Write a backup into a database that is not there yet, or a server's empty one.

    Tells whether there was a SHA-256 beside to compare it with.
    StoreError when the file is not what was written, or the database is not empty.
    """
    if not file.is_file():
        raise StoreError(f"{file}: there is no such file")
    side = digest_of(file)
    try:
        compared = side.exists()
        if compared and side.read_text(errors="replace").split()[:1] != [digest(file)]:
            raise StoreError(f"{file} is not what was written: its SHA-256 is not that of {side}")
    except OSError as error:
        raise StoreError(f"cannot read {error.filename}: {error.strerror}") from error
    if is_file(url):
        _restore_file(file, Path(url.removeprefix("sqlite:///")), done)
    else:
        words = ["--exit-on-error", "--no-owner", "--single-transaction", str(file)]
        _run("pg_restore", url, words, lambda: 0, done)
    return compared


def digest(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: Path) -> Path:
    """The file that holds the SHA-256 of a backup, as `sha256sum --check` takes it."""
    return path.with_name(path.name + ".sha256")


def _backup_file(path: str, part: Path, done: Done) -> None:
    if not os.path.exists(path):
        raise StoreError(f"database {path}: there is no such file")
    before = size = 0

    def told(_status: int, left: int, total: int) -> None:
        nonlocal before
        done((total - left - before) * size)
        before = total - left

    place = f"{Path(path).absolute().as_uri()}?mode=ro"
    try:
        with (
            contextlib.closing(sqlite3.connect(place, uri=True)) as source,
            contextlib.closing(sqlite3.connect(part)) as target,
        ):
            size = source.execute("PRAGMA page_size").fetchone()[0]
            # One state from the first page to the last: else each commit would begin it anew.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(target, pages=PAGES, progress=told, sleep=0)
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StoreError(f"database {path} cannot be copied: {error}") from error


def _restore_file(file: Path, path: Path, done: Done) -> None:
    others = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    if any(other.exists() for other in others):
        raise StoreError(f"database {path} is there already: move it away, or name another")
    part = path.with_name(path.name + ".part")
    try:
        with open(file, "rb") as source, open(part, "wb") as target:
            if source.read(15) != b"SQLite format 3":
                raise StoreError(f"{file} is no backup of SQLite")
            source.seek(0)
            while chunk := source.read(_CHUNK):
                target.write(chunk)
                done(len(chunk))
        _keep(part)
        os.replace(part, path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _keep(path: Path) -> None:
    """Have it on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _run(program: str, url: str, words: list[str], size: Callable[[], int], done: Done) -> None:
    """Run one of PostgreSQL's own programs; the password goes by its environment."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from neonat.store.postgresql import where_of

    where = where_of(url)
    found = shutil.which(program)
    if found is None:
        raise StoreError(
            f"{program} is not here: install PostgreSQL's client programs, of the server's version"
        )
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    secret = {"PGPASSWORD": str(password)} if password else {}
    call = [found, *words, f"--dbname={make_conninfo('', **parts)}"]
    with subprocess.Popen(
        call,
        env={**os.environ, **secret},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        before = 0
        while process.poll() is None:
            time.sleep(_POLL_S)
            now = size()
            done(now - before)
            before = now
        assert process.stderr is not None
        told = " ".join(process.stderr.read().split()).replace(f"{program}: ", "")
    if process.returncode:
        if "already exists" in told:
            raise StoreError(f"database {where}: it is not empty: name an empty one (createdb)")
        advice = next((text for words, text in _ADVICE.items() if words in told), "")
        raise StoreError(f"{program}: {told.removeprefix('error: ')[:300]}{advice}")
