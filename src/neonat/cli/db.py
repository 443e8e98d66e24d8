"""`neonat db`: the version of a database's schema, and how it gets the newest."""

import argparse

from neonat.cli.ingest import DB_VARIABLE, given
from neonat.cli.output import CommandError


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `db`."""
    parser = subparsers.add_parser(
        "db",
        help="the schema of a database: status, migrate",
        description="Tell the version of a database's schema, or bring it to the newest.",
        epilog="example: neonat db status --db postgresql://neonat@db.example/neonat\n\n"
        "The URL can come from the environment instead: NEONAT_DB. `neonat ingest` and\n"
        "`neonat serve` migrate by themselves when they start.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, does in (
        ("status", "print the version of the schema; exit 1 unless it is the newest"),
        ("migrate", "create the schema or bring it to the newest version, forward only"),
    ):
        action = actions.add_parser(name, help=does, description=does[0].upper() + does[1:] + ".")
        action.add_argument("--db", metavar="URL", help="sqlite:///FILE or postgresql://…")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Tell or migrate; CommandError when the database cannot be used."""
    from neonat.ingest.reading import FrameReader
    from neonat.store import StoreError, open_store, schema_of

    url = given(args.db, DB_VARIABLE, "--db")
    try:
        if args.action == "migrate":
            open_store(url, reader=FrameReader()).close()
        found = schema_of(url)
    except StoreError as error:
        raise CommandError(str(error)) from error
    if found.version < found.newest:
        raise CommandError(
            f"database {found.where}: schema {found.version} of {found.newest}:"
            " run `neonat db migrate`"
        )
    print(f"database {found.where}: schema {found.version}, the newest")
    return 0
