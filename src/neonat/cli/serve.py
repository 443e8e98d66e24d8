"""`neonat serve`: broker, ingest and page in one supervised whole."""

import argparse
import secrets
import socket
import ssl
import sys
from collections.abc import Callable

from neonat.broker import BrokerError, check, check_free, command, environment, users_of
from neonat.cli.http import add_http_options, address, http_address, words_of
from neonat.cli.ingest import (
    BROKER_VARIABLE,
    DB_VARIABLE,
    add_broker_options,
    add_ingest_options,
    check_database,
    check_options,
    given,
    login_words,
    neonat,
    words_of_ingest,
)
from neonat.cli.output import CommandError, stop_event
from neonat.ingest.broker_url import BrokerUrl, BrokerUrlError, broker_url
from neonat.logs import to_stderr, told
from neonat.supervisor import Child, ChildError, Supervisor

LISTEN_DEFAULT = "127.0.0.1:1883"
INGEST_USER = "neonat-ingest"


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `serve`."""
    parser = subparsers.add_parser(
        "serve",
        help="broker, ingest and page in one supervised whole",
        description="Broker, ingest and page in one supervised whole; Ctrl-C ends it.",
        epilog="example: neonat serve --db sqlite:///data/neonat.db --http 127.0.0.1:8080\n"
        "         --broker embedded --broker-listen 0.0.0.0:1883 --broker-users users.txt",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--db", metavar="URL", help="sqlite:///FILE or postgresql://… (or set NEONAT_DB)"
    )
    add_http_options(parser)
    parser.add_argument(
        "--broker",
        default="embedded",
        metavar="embedded|URL",
        help="the broker that comes with neonat (default), or the URL of another",
    )
    add_broker_options(parser)
    parser.add_argument(
        "--broker-listen",
        default=LISTEN_DEFAULT,
        metavar="HOST:PORT",
        help=f"where the embedded broker listens (default: {LISTEN_DEFAULT})",
    )
    parser.add_argument(
        "--broker-users", metavar="FILE", help="lines USER:PASSWORD: who may log in to it"
    )
    parser.add_argument(
        "--broker-open",
        action="store_true",
        help="let everybody who reaches the embedded broker use it",
    )
    add_ingest_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    return supervise(args, [], lambda: print_addresses(args))


def supervise(args: argparse.Namespace, more: list[Child], started: Callable[[], None]) -> int:
    """Run the server's children and `more` of them; `started` is called once all are up."""
    stop = stop_event()
    to_stderr(args.verbose, args.log)
    check_options(args)
    try:
        supervisor = Supervisor([*children(args), *more], stop)
        supervisor.start()
    except (BrokerError, BrokerUrlError, ChildError) as error:
        raise CommandError(str(error)) from error
    if not stop.is_set():
        started()
    supervisor.run()
    return 0


def children(args: argparse.Namespace) -> list[Child]:
    """Broker (when embedded), ingest and web; CommandError and the like for what cannot be."""
    db = given(args.db, DB_VARIABLE, "--db")
    http = http_address(args)
    check_free(*http, "--http")
    family: list[Child] = []
    if args.broker == "embedded":
        broker, child = embedded(args)
        family.append(child)
    else:
        broker = broker_url(
            args.broker, args.broker_password_file, args.broker_cert, args.broker_key
        )
    if args.broker_ca:
        check_authorities(args.broker_ca)
    check_database(db)
    words = [*words_of_ingest(args), "--workers", str(args.workers)]
    words += ["--group", args.group] if args.group else []
    secret = {DB_VARIABLE: db, BROKER_VARIABLE: broker.secret_url()}
    family.append(Child("ingest", neonat(*words), secret))
    page = ["web", *words_of(args), "--topic-prefix", args.topic_prefix, *login_words(args)]
    family.append(Child("web", neonat(*page), secret, accepts(*http)))
    return family


def embedded(args: argparse.Namespace) -> tuple[BrokerUrl, Child]:
    """How ingest reaches the embedded broker, and its process."""
    host, port = address(args.broker_listen, "--broker-listen")
    users = users_of(args.broker_users) if args.broker_users else {}
    check(host, port, users, args.broker_open)
    near = reachable(host)
    broker = BrokerUrl(near, port)
    if users:
        users[INGEST_USER] = secrets.token_urlsafe(24)
        broker = BrokerUrl(near, port, user=INGEST_USER, password=users[INGEST_USER])
    return broker, Child("broker", command(), environment(host, port, users), accepts(near, port))


def check_authorities(path: str) -> None:
    """CommandError for a file of certificates that ingest could not use."""
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        reason = "no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
        raise CommandError(f"cannot read the certificates in {path}: {reason}") from error


def reachable(host: str) -> str:
    """An address of this machine at which what listens on `host` is reached."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def accepts(host: str, port: int) -> Callable[[], bool]:
    """Whether something accepts connections there, as a function."""

    def ask() -> bool:
        try:
            socket.create_connection((reachable(host), port), timeout=0.5).close()
        except OSError:
            return False
        return True

    return ask


def print_addresses(args: argparse.Namespace) -> None:
    """Tell on stderr what listens where."""
    where = args.broker_listen if args.broker == "embedded" else str(broker_url(args.broker))
    page = args.public_url or f"http{'s' if args.http_cert else ''}://{args.http}/"
    for text in (f"page    {page}", f"broker  {where}", "Ctrl-C ends it."):
        print(told(text, "neonat.serve"), file=sys.stderr, flush=True)
