"""`neonat redecode`: what is stored, read again."""

import argparse

from neonat.cli.ingest import DB_VARIABLE, given
from neonat.cli.output import CommandError


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `redecode`."""
    parser = subparsers.add_parser(
        "redecode",
        help="read stored frames again, after an update that knows more codes",
        description="Read stored frames again, after an update that knows more codes.",
        epilog="example: neonat redecode --db sqlite:///data/neonat.db\n\n"
        "Names and units are new as soon as an updated `neonat ingest` or `neonat serve` starts;\n"
        "this is for frames that were not understood when they came. Nothing else changes. Stop\n"
        "ingest before, or start it again afterwards.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--db", metavar="URL", help="sqlite:///FILE or postgresql://…")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read again, then sum up what changed; CommandError when the database cannot be used."""
    from neonat.ingest.reading import FrameReader
    from neonat.progress import progress
    from neonat.store import StoreError, open_store

    try:
        store = open_store(given(args.db, DB_VARIABLE, "--db"), create=False, reader=FrameReader())
        try:
            with progress("redecode", "frames") as done:
                found = store.redecode(done)
            with progress("sum up", "records") as done:
                while store.roll(ROLL, now=True):
                    done(ROLL)
        finally:
            store.close()
    except StoreError as error:
        raise CommandError(str(error)) from error
    print(f"{found.shapes:,} kinds of frames read otherwise, {found.frames:,} frames stored anew")
    return 0


ROLL = 20_000
