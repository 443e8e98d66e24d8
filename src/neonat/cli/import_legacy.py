"""`neonat import-legacy`: the original project's database into this one."""

import argparse
import os
import signal
import threading
from typing import Any

from neonat.cli.ingest import DB_VARIABLE, given, zone
from neonat.cli.output import CommandError, UsageError, writing_stdout


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `import-legacy`."""
    parser = subparsers.add_parser(
        "import-legacy",
        help="the original project's database into this one",
        description="Read the table donnees of the original project's SQLite file. Rows whose"
        " values were sliced at wrong offsets are repaired where the layout of the frame proves"
        " them; those that are not certain in every value are listed. The view donnees_original"
        " keeps every row as it was. A second import of the same rows adds nothing.",
        epilog="example: neonat import-legacy old.db --db sqlite:///ward.db > not-certain.txt",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE.db", help="the original project's database")
    parser.add_argument(
        "--db", metavar="URL", help="sqlite:///FILE or postgresql://… (or set NEONAT_DB)"
    )
    parser.add_argument(
        "--legacy-timezone",
        default="Europe/Paris",
        metavar="ZONE",
        help="of its timestamps (default: Europe/Paris)",
    )
    parser.add_argument(
        "--also",
        default="",
        metavar="CODES",
        help="codes that the device may have sent though the table has no column for them,"
        " of 6A,C0,F2 (mattress temperature, oxygen, weight): less is certain then",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Import; CommandError when a file or the database cannot be used."""
    from neonat.ingest.reading import FrameReader
    from neonat.original.importing import Told, import_rows
    from neonat.original.layout import KEPT, OTHERS, PARTLY, REPAIRED, WHOLE
    from neonat.original.rows import File, OriginalError
    from neonat.progress import progress
    from neonat.store import StoreError, open_store

    also = tuple(sorted({code.strip().upper() for code in args.also.split(",") if code.strip()}))
    if set(also) - set(OTHERS):
        raise UsageError(f"--also is some of {','.join(OTHERS)}")
    url, place = given(args.db, DB_VARIABLE, "--db"), zone(args.legacy_timezone)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    def tell(told: Told) -> None:
        row, found = told
        print(f"{row.row_id}  {row.unique_id}  {row.timestamp}  {found.state}: {found.note}")

    reader = FrameReader()
    try:
        file = File(args.file)
        store = open_store(url, reader=reader)
        try:
            with progress("import", "rows", file.count()) as tick, writing_stdout():
                source = os.path.basename(args.file)
                counts = import_rows(store, file, source, reader, place, also, tell, tick)
        finally:
            store.close()
            file.close()
    except (StoreError, OriginalError) as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt:
        raise CommandError("stopped before the end: start it again, it goes on") from None
    _sum_up(counts, {WHOLE: "as they were", REPAIRED: "repaired", PARTLY: "certain in part"}, KEPT)
    return 0


def _sum_up(counts: Any, said: dict[str, str], kept: str) -> None:
    parts = [f"{counts[state]} {text}" for state, text in said.items()]
    parts.append(f"{counts[kept]} kept as they were without a reading")
    total = sum(count for state, count in counts.items() if state != "new")
    print(f"{total} rows, {counts['new']} of them new: {', '.join(parts)}", flush=True)
