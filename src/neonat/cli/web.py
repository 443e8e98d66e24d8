"""`neonat web`: the page and the HTTP interface."""

import argparse
import sys

from neonat.cli.ingest import DB_VARIABLE, given
from neonat.cli.output import CommandError, UsageError, stop_event

HTTP_DEFAULT = "127.0.0.1:8080"


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `web`."""
    parser = subparsers.add_parser(
        "web",
        help="show a database as a page and over HTTP",
        description="Show a database as a live page and over HTTP.",
        epilog="example: neonat web --db sqlite:///data/neonat.db --http 127.0.0.1:8080",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--db", metavar="URL", help="sqlite:///FILE (or set NEONAT_DB)")
    add_http_option(parser)
    parser.set_defaults(run=run)


def add_http_option(
    parser: argparse.ArgumentParser,
    default: str | None = HTTP_DEFAULT,
    says: str = f"where the page is (default: {HTTP_DEFAULT})",
) -> None:
    """Add where the page is, and who may see it."""
    parser.add_argument("--http", default=default, metavar="HOST:PORT", help=says)
    parser.add_argument(
        "--http-open",
        action="store_true",
        help="let everybody who reaches that address see the page; it has no sign-in",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from neonat.logs import to_stderr
    from neonat.web.address import is_loopback
    from neonat.web.options import Options
    from neonat.web.server import ServeError, serve

    stop = stop_event()
    to_stderr()
    host, port = http_address(args)
    db = given(args.db, DB_VARIABLE, "--db")
    note = check_database(db)
    try:
        options = Options(db, local=is_loopback(host))
        serve(options, host, port, stop, lambda _: print(note, end="", file=sys.stderr, flush=True))
    except ServeError as error:
        raise CommandError(str(error)) from error
    return 0


def check_database(db: str) -> str:
    """What to tell of a database that is still to come; CommandError for one that never will do."""
    from neonat.store import MissingError, StoreError, open_store

    try:
        open_store(db, create=False).close()
    except MissingError as error:
        return f"neonat web: {error}; waiting for it\n"
    except StoreError as error:
        raise CommandError(str(error)) from error
    return ""


def http_address(args: argparse.Namespace) -> tuple[str, int]:
    """Where the page listens; CommandError for an open address that nobody asked for."""
    from neonat.web.address import is_loopback

    host, port = address(args.http, "--http")
    if not (is_loopback(host) or args.http_open):
        raise CommandError(
            f"--http {args.http} is reached by others and the page has no sign-in: put a proxy"
            " with authentication before a loopback address, or add --http-open"
        )
    return host, port


def address(text: str, option: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` or `[IPv6]:PORT`; UsageError for anything else."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise UsageError(f"{option} is HOST:PORT, such as 127.0.0.1:8080, not {text!r}")
    return host, int(port)
