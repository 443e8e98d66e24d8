"""`neonat export`: data out, as CSV, JSON lines or Parquet."""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from neonat.cli.audit import check_gateway
from neonat.cli.ingest import DB_VARIABLE, given
from neonat.cli.output import CommandError, UsageError, writing_stdout
from neonat.cli.span import add_span, span
from neonat.export import assigned
from neonat.export.columns import DICTIONARY
from neonat.export.dictionary import dictionary
from neonat.export.lines import write_lines
from neonat.export.parquet import MissingLibraryError, library, write_parquet
from neonat.export.pseudonym import KEY_VARIABLE, KeyProblemError, Pseudonyms, key_of
from neonat.gateway.envelope import stamp
from neonat.progress import progress
from neonat.store import WHAT, Row, Store, StoreError, open_store
from neonat.store.assignments import NAMES

TICK = 1000


def add(subparsers: Any) -> None:
    """The parser of the command."""
    parser = subparsers.add_parser(
        "export",
        help="data out of a database, as CSV, JSON lines or Parquet",
        description="Write a view of the database to standard output or into a file. Rows come"
        " by gateway, each gateway's in the order of time. In CSV and JSON lines the bytes of"
        " frames are escaped as on the wire. Parquet is a directory with a folder for each day"
        " and a file for each gateway in it. `dictionary` is every code that is known, with unit,"
        " source and certainty; it needs no database.",
        epilog="examples:\n  neonat export --db sqlite:///neonat.db --what readings"
        " --from 2026-11-23 --out readings.csv\n"
        "  neonat export --db sqlite:///neonat.db --what readings --format parquet"
        " --out readings/ --pseudonym-key-file study.key\n"
        "  neonat export --what dictionary --out codes.csv",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--db", metavar="URL", help="sqlite:///FILE or postgresql://… (or set NEONAT_DB)"
    )
    choices = (*WHAT, DICTIONARY)
    parser.add_argument(
        "--what", required=True, choices=choices, metavar="VIEW", help=", ".join(choices)
    )
    add_span(parser)
    for name in NAMES:
        parser.add_argument(
            f"--{name}", metavar="NAME", help=f"what was recorded under this {name}, wherever"
        )
    parser.add_argument(
        "--assignment", type=int, metavar="N", help="what was recorded under this assignment"
    )
    parser.add_argument(
        "--format", default="csv", choices=("csv", "jsonl", "parquet"), help="csv unless said"
    )
    parser.add_argument(
        "--out",
        metavar="PATH",
        help="into a file, for parquet a new directory, which appears only when it is complete",
    )
    parser.add_argument(
        "--pseudonymise",
        action="store_true",
        help=f"names of gateways as keyed hashes; the key is in {KEY_VARIABLE}",
    )
    parser.add_argument(
        "--pseudonym-key-file", metavar="FILE", help="the same, with the key in FILE"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the rows; CommandError when the database or the file cannot be used."""
    start, end = span(args)
    if args.format == "parquet" and args.out is None:
        raise UsageError("--format parquet is a directory: name it with --out")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        names = _pseudonyms(args)
        if args.format == "parquet":
            library()
        with contextlib.ExitStack() as stack:
            if args.what == DICTIONARY:
                rows: Iterator[Row] = dictionary()
            else:
                store = open_store(given(args.db, DB_VARIABLE, "--db"), create=False)
                stack.callback(store.close)
                check_gateway(args.gateway, [row["gateway"] for row in store.gateways()])
                rows = _rows(store, args, start, end)
            tick = stack.enter_context(progress(args.what, "rows"))
            rows = _counted(names.rows(rows) if names else rows, tick)
            if args.format == "parquet":
                with _folder(args.out) as folder:
                    write_parquet(args.what, rows, folder, _facts(start, end, names is not None))
            else:
                with _target(args.out) as out:
                    write_lines(args.what, args.format, rows, out)
    except (StoreError, MissingLibraryError, KeyProblemError) as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt:
        raise CommandError("stopped before the end: the rows are not complete") from None
    return 0


def _rows(
    store: Store, args: argparse.Namespace, start: int | None, end: int | None
) -> Iterator[Row]:
    """The rows of the gateway, or of what was assigned."""
    wanted = {name: value for name in NAMES if (value := getattr(args, name)) is not None}
    if not wanted and args.assignment is None:
        return store.rows(args.what, args.gateway, start, end)
    if args.gateway is not None:
        wanted["gateway"] = args.gateway
    where = assigned.spans(store, wanted, args.assignment, start, end)
    return assigned.rows(store, args.what, where)


def _pseudonyms(args: argparse.Namespace) -> Pseudonyms | None:
    if args.pseudonymise or args.pseudonym_key_file is not None:
        return Pseudonyms(key_of(args.pseudonym_key_file))
    return None


def _facts(start: int | None, end: int | None, pseudonyms: bool) -> dict[str, str]:
    """What the metadata of a Parquet file says of the export."""
    facts = {
        "version": version("neonat"),
        "made_at": stamp(time.time_ns() // 1_000_000),
        "pseudonymised": "HMAC-SHA-256" if pseudonyms else "no",
    }
    bounds = {"from": start, "to": end}
    return facts | {name: stamp(at) for name, at in bounds.items() if at is not None}


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
        raise _unwritten(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)


@contextlib.contextmanager
def _folder(path: str) -> Iterator[Path]:
    """A new directory that gets its name when all is in it."""
    place = Path(os.path.realpath(path))
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise CommandError(f"{path} is there already: name a new directory with --out")
        part.mkdir()
        yield part
        # An empty directory may have the name; only an empty one can be replaced.
        os.replace(part, place)
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _unwritten(path: str, error: OSError) -> CommandError:
    return CommandError(
        f"cannot write {path}: {error.strerror or error}; choose another place with --out"
    )


def _counted(rows: Iterator[Row], tick: Any) -> Iterator[Row]:
    """The rows; how many so far is told."""
    count = 0
    for row in rows:
        yield row
        count += 1
        if not count % TICK:
            tick(TICK)
    tick(count % TICK)
