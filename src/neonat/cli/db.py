"""`neonat db`: the version of a database's schema, and how it gets the newest."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from neonat.cli.ingest import DB_VARIABLE, given
from neonat.cli.keep import add_keep, keep
from neonat.cli.output import CommandError


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `db`."""
    parser = subparsers.add_parser(
        "db",
        help="look after a database: status, migrate, check, backup, restore, expire, copy",
        description="Look after a database: the version of its schema, what is kept of it.",
        epilog="example: neonat db status --db postgresql://neonat@db.example/neonat\n\n"
        "The URL can come from the environment instead: NEONAT_DB. `neonat ingest` and\n"
        "`neonat serve` migrate by themselves when they start.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, does in (
        ("status", "print the version of the schema; exit 1 unless it is the newest"),
        ("migrate", "create the schema or bring it to the newest version, forward only"),
        ("copy", "copy a SQLite file into an empty PostgreSQL database, whole"),
        ("backup", "write it into a file, also while it is written to"),
        ("restore", "make a database from a backup, and check it"),
        ("check", "tell whether it is whole; exit 1 when not"),
        ("expire", "take away what is older than --keep says, as ingest does in its spare time"),
    ):
        action = actions.add_parser(name, help=does, description=does[0].upper() + does[1:] + ".")
        action.add_argument("--db", metavar="URL", help="sqlite:///FILE or postgresql://…")
        if name == "expire":
            add_keep(action, needed=True)
        if name == "backup":
            action.add_argument("--out", required=True, metavar="FILE", help="where to")
        if name == "restore":
            action.add_argument("--file", required=True, metavar="FILE", help="the backup")
        if name == "copy":
            action.add_argument(
                "--to", required=True, metavar="URL", help="postgresql://…, an empty database"
            )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do one of the actions; CommandError when the database cannot be used."""
    from neonat.store import StoreError

    try:
        return ACTIONS[args.action](given(args.db, DB_VARIABLE, "--db"), args)
    except StoreError as error:
        raise CommandError(str(error)) from error


def migrate(url: str, args: argparse.Namespace) -> int:
    """Bring the schema to the newest version."""
    from neonat.ingest.reading import FrameReader
    from neonat.store import open_store

    open_store(url, reader=FrameReader()).close()
    return status(url, args)


def status(url: str, _args: argparse.Namespace) -> int:
    """Print the version of the schema; CommandError unless it is the newest."""
    from neonat.store import schema_of

    found = schema_of(url)
    if found.version < found.newest:
        raise CommandError(
            f"database {found.where}: schema {found.version} of {found.newest}:"
            " run `neonat db migrate`"
        )
    print(f"database {found.where}: schema {found.version}, the newest")
    return 0


def expire(url: str, args: argparse.Namespace) -> int:
    """Take away what is too old until nothing is."""
    from neonat.ingest.reading import FrameReader
    from neonat.progress import progress
    from neonat.store import open_store

    ages = keep(args.keep)
    store = open_store(url, create=False, reader=FrameReader())
    gone = 0
    try:
        with progress("expire", "rows") as more:
            while went := store.expire(ages):
                gone += went
                more(went)
    finally:
        store.close()
    print(f"{gone:,} rows were too old and are gone")
    return 0


def copy(url: str, args: argparse.Namespace) -> int:
    """Copy a file into a server."""
    from neonat.ingest.reading import FrameReader
    from neonat.progress import progress
    from neonat.store.moving import move

    with progress("copy", "rows") as tick:
        counts = move(url, args.to, FrameReader(), tick)
    print(f"{sum(counts.values()):,} rows of {len(counts)} tables are copied")
    return 0


def backup(url: str, args: argparse.Namespace) -> int:
    """Write it into a file."""
    from neonat.progress import progress
    from neonat.store import backup as copies

    out = Path(args.out)
    with progress("backup", "B") as done:
        copies.backup(url, out, done)
    print(f"{out}: {out.stat().st_size:,} bytes, SHA-256 in {copies.digest_of(out).name}")
    return 0


def restore(url: str, args: argparse.Namespace) -> int:
    """Make a database from a backup and check it."""
    from neonat.progress import progress
    from neonat.store import backup as copies

    file = Path(args.file)
    with progress("restore", "B") as done:
        compared = copies.restore(file, url, done)
    if not compared:
        side = copies.digest_of(file)
        print(
            f"neonat db: there is no {side}: whether the file is as it was written cannot be told",
            file=sys.stderr,
        )
    return check(url, args)


def check(url: str, _args: argparse.Namespace) -> int:
    """Tell what is wrong with it; CommandError when something is."""
    from neonat.progress import progress
    from neonat.store import open_store

    store = open_store(url, create=False)
    try:
        with progress("check", "boots") as done:
            found = store.verify(done)
    finally:
        store.close()
    for text in found.faults:
        print(text)
    print(", ".join(f"{count:,} {name}" for name, count in found.counts.items()))
    if found.faults:
        raise CommandError("the database is not whole: restore a backup")
    print("the database is whole")
    return 0


ACTIONS: dict[str, Callable[[str, argparse.Namespace], int]] = {
    "status": status,
    "migrate": migrate,
    "backup": backup,
    "restore": restore,
    "check": check,
    "expire": expire,
    "copy": copy,
}
