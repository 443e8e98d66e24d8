"""`neonat export`: data out, as CSV or JSON lines."""

import argparse
import contextlib
import csv
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from medibus.escape import escape
from neonat.cli.audit import check_gateway
from neonat.cli.ingest import DB_VARIABLE, given
from neonat.cli.output import CommandError, UsageError, writing_stdout
from neonat.cli.span import add_span, span
from neonat.store import COLUMNS, WHAT, Row, StoreError, open_store

PROGRESS_EVERY = 5000
PROGRESS_S = 0.5


def add(subparsers: Any) -> None:
    """The parser of the command."""
    parser = subparsers.add_parser(
        "export",
        help="data out of a database, as CSV or JSON lines",
        description="Write a view of the database to standard output or into a file. Rows come"
        " by gateway, each gateway's in the order of time. The bytes of frames are escaped as on"
        " the wire.",
        epilog="example:\n  neonat export --db sqlite:///neonat.db --what readings"
        " --from 2026-11-23 --out readings.csv",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--db", metavar="URL", help="sqlite:///FILE or postgresql://… (or set NEONAT_DB)"
    )
    parser.add_argument("--what", required=True, choices=WHAT, metavar="VIEW", help=", ".join(WHAT))
    add_span(parser)
    parser.add_argument(
        "--format", default="csv", choices=("csv", "jsonl", "parquet"), help="csv unless said"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="into FILE, which appears only when it is complete"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the rows; CommandError when the database or the file cannot be used."""
    if args.format == "parquet":
        raise UsageError("--format parquet is not built yet: use csv or jsonl")
    db = given(args.db, DB_VARIABLE, "--db")
    start, end = span(args)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        store = open_store(db, create=False)
        try:
            check_gateway(args.gateway, [row["gateway"] for row in store.gateways()])
            rows = store.rows(args.what, args.gateway, start, end)
            with _target(args.out) as out:
                _write(args.what, args.format, _counted(rows), out)
        finally:
            store.close()
    except StoreError as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt:
        raise CommandError("stopped before the end: the rows are not complete") from None
    return 0


@contextlib.contextmanager
def _target(path: str | None) -> Iterator[TextIO]:
    """Standard output, or a file that gets its name when all is in it."""
    if path is None:
        with writing_stdout():
            yield sys.stdout
        return
    place = os.path.realpath(path)
    part = f"{place}.{os.getpid()}.part"
    try:
        if os.path.exists(place) and not os.path.isfile(place):
            # A device or a pipe is written into: a rename would put a file in its place.
            with open(place, "w", encoding="utf-8", newline="") as out:
                yield out
            return
        with open(part, "x", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, place)
    except OSError as error:
        raise CommandError(
            f"cannot write {path}: {error.strerror}; choose another place with --out FILE"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)


def _write(what: str, form: str, rows: Iterator[Row], out: TextIO) -> None:
    put = _csv(what, out) if form == "csv" else _jsonl(out)
    for row in rows:
        for name in ("data", "payload"):
            if isinstance(row.get(name), bytes):
                row[name] = escape(row[name])
        put(row)


def _csv(what: str, out: TextIO) -> Callable[[Row], object]:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS[what])
    return lambda row: writer.writerow(row.values())


def _jsonl(out: TextIO) -> Callable[[Row], object]:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return lambda row: out.write(encode(row) + "\n")


def _counted(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; how many so far is told on a terminal."""
    if not sys.stderr.isatty():
        yield from rows
        return
    count = 0
    told = time.monotonic()
    for count, row in enumerate(rows, 1):
        yield row
        if count % PROGRESS_EVERY == 0 and time.monotonic() - told >= PROGRESS_S:
            told = time.monotonic()
            print(f"\r{count} rows", end="", file=sys.stderr, flush=True)
    print(f"\r{count} rows", file=sys.stderr)
