"""`neonat web`: the page and the HTTP interface."""

import argparse
import os
import sys

from neonat.cli.http import add_http_options, http_address, options_of
from neonat.cli.ingest import (
    BROKER_VARIABLE,
    DB_VARIABLE,
    add_broker_options,
    given,
)
from neonat.cli.output import CommandError, stop_event
from neonat.logs import add_log_option, to_stderr, told


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `web`."""
    parser = subparsers.add_parser(
        "web",
        help="show a database as a page and over HTTP",
        description="Show a database as a live page and over HTTP.",
        epilog="example: neonat web --db sqlite:///data/neonat.db --http 127.0.0.1:8080\n\n"
        "The broker is what actions on gateways go through; without one they cannot be asked.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--db", metavar="URL", help="sqlite:///FILE or postgresql://… (or set NEONAT_DB)"
    )
    add_http_options(parser)
    parser.add_argument(
        "--broker", metavar="URL", help="for actions on gateways (or set NEONAT_BROKER)"
    )
    add_broker_options(parser)
    parser.add_argument(
        "--topic-prefix", default="neonat/1", metavar="TOPIC", help="default: neonat/1"
    )
    add_log_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from neonat.web.server import ServeError, serve

    stop = stop_event()
    to_stderr(form=args.log)
    host, port = http_address(args)
    db = given(args.db, DB_VARIABLE, "--db")
    note = check_database(db)
    options = options_of(args, db, operator_of(args))
    certificate = (args.http_cert, args.http_key) if args.http_cert else None

    def ready(address: str) -> None:
        text = note + first_steps(args, db, options.public_url or address, options.sign_in)
        for line in text.splitlines():
            print(told(line, "neonat.web", speaker="neonat web"), file=sys.stderr, flush=True)

    try:
        serve(options, host, port, stop, ready, certificate)
    except ServeError as error:
        raise CommandError(str(error)) from error
    return 0


def operator_of(args: argparse.Namespace):
    """What carries actions to gateways, None without a broker; CommandError."""
    from neonat.board.operator import BrokerOperator
    from neonat.ingest.broker_url import BrokerUrlError, broker_url

    url = args.broker or os.environ.get(BROKER_VARIABLE)
    if not url:
        return None
    try:
        broker = broker_url(url, args.broker_password_file, args.broker_cert, args.broker_key)
    except BrokerUrlError as error:
        raise CommandError(str(error)) from error
    return BrokerOperator(broker, args.topic_prefix, args.broker_ca)


def first_steps(args: argparse.Namespace, db: str, address: str, sign_in: str) -> str:
    """The one-time link where nobody can sign in yet and somebody might."""
    from neonat.web.first import offer_link

    if args.http_open:
        return ""
    link = offer_link(db, address)
    if link is None:
        return ""
    told = f"neonat web: make the first administrator, within a day: {link}\n"
    if sign_in == "users":
        told += "neonat web: until then nobody has to sign in on this machine\n"
    return told


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
