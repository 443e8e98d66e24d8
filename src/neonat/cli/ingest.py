"""`neonat ingest`: from the broker into the database."""

import argparse
import contextlib
import hashlib
import logging
import os
import re
import socket
import sys
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from neonat.cli.keep import add_keep, keep
from neonat.cli.output import CommandError, UsageError, stop_event
from neonat.logs import add_log_option, to_stderr

if TYPE_CHECKING:
    from neonat.ingest.broker_url import BrokerUrl
    from neonat.ingest.intake import Share

DB_VARIABLE = "NEONAT_DB"
BROKER_VARIABLE = "NEONAT_BROKER"
WORKERS_MAX = 64

_log = logging.getLogger(__name__)


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `ingest`."""
    parser = subparsers.add_parser(
        "ingest",
        help="store what gateways send to a broker",
        description="Store what gateways send to a broker, and acknowledge it once it is stored.",
        epilog="example: neonat ingest --db sqlite:///data/neonat.db --broker mqtt://127.0.0.1\n\n"
        "URLs and passwords can come from the environment instead: NEONAT_DB, NEONAT_BROKER,\n"
        "NEONAT_BROKER_PASSWORD.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--db", metavar="URL", help="sqlite:///FILE or postgresql://…")
    parser.add_argument(
        "--broker", metavar="URL", help="mqtt://[USER:PASSWORD@]HOST[:1883] or mqtts://…[:8883]"
    )
    add_broker_options(parser)
    add_ingest_options(parser)
    parser.add_argument("--worker", type=int, metavar="I", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def add_broker_options(parser: argparse.ArgumentParser) -> None:
    """Add what is needed to log in to a broker."""
    parser.add_argument(
        "--broker-password-file", metavar="FILE", help="the first line is the broker's password"
    )
    parser.add_argument(
        "--broker-ca", metavar="FILE", help="certificates to trust with mqtts:// (PEM)"
    )
    parser.add_argument(
        "--broker-cert", metavar="FILE", help="log in by this certificate (PEM), with --broker-key"
    )
    parser.add_argument("--broker-key", metavar="FILE", help="the certificate's key (PEM)")


def add_ingest_options(parser: argparse.ArgumentParser) -> None:
    """Add what ingest does with messages."""
    parser.add_argument(
        "--topic-prefix", default="neonat/1", metavar="TOPIC", help="default: neonat/1"
    )
    parser.add_argument(
        "--legacy-timezone",
        default="Europe/Paris",
        metavar="ZONE",
        help="of the original firmware's timestamps (default: Europe/Paris)",
    )
    add_keep(parser)
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes that share the work (default: 1; more are of use with PostgreSQL)",
    )
    parser.add_argument(
        "--group",
        metavar="NAME",
        help="share the messages with the ingest of other machines that have the same --group"
        " (with --workers: one that its database has for itself)",
    )
    parser.add_argument(
        "--home-assistant",
        nargs="?",
        const="homeassistant",
        metavar="PREFIX",
        help="describe gateways and values to Home Assistant on the broker (MQTT discovery;"
        " PREFIX is its discovery prefix, homeassistant unless said)",
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    add_log_option(parser)


def run(args: argparse.Namespace) -> int:
    """Store until told to stop, alone or by workers."""
    if args.workers > 1 and args.worker is None:
        return run_workers(args)
    return work(args)


def run_workers(args: argparse.Namespace) -> int:
    """Keep the workers alive until told to stop."""
    from neonat.ingest.broker_url import BrokerUrlError, broker_url
    from neonat.supervisor import Child, Supervisor

    stop = stop_event()
    to_stderr(args.verbose, args.log)
    db = given(args.db, DB_VARIABLE, "--db")
    check_options(args)
    if db.startswith("sqlite:"):
        _log.warning("SQLite takes one writer at a time: workers wait for each other")
    try:
        broker = broker_url(
            given(args.broker, BROKER_VARIABLE, "--broker"),
            args.broker_password_file,
            args.broker_cert,
            args.broker_key,
        )
    except BrokerUrlError as error:
        raise CommandError(str(error)) from error
    check_database(db)
    secret = {DB_VARIABLE: db, BROKER_VARIABLE: broker.secret_url()}
    words = [*words_of_ingest(args), "--group", args.group or group_of(db)]
    workers = [
        Child(f"worker {number}", neonat(*words, "--worker", str(number)), secret)
        for number in range(args.workers)
    ]
    supervisor = Supervisor(workers, stop)
    supervisor.start()
    supervisor.run()
    return 0


def group_of(db: str) -> str:
    """The name of the group of a database's workers: those of another must not share with them."""
    if db.startswith("sqlite:///"):
        where = f"{socket.gethostname()}:{os.path.abspath(db.removeprefix('sqlite:///'))}"
    else:
        from neonat.store.postgresql import where_of

        where = where_of(db)
    return f"neonat-{hashlib.sha256(where.encode()).hexdigest()[:12]}"


def words_of_ingest(args: argparse.Namespace) -> list[str]:
    """A command of ingest with the options of another; secrets are not among them."""
    words = ["ingest", "--topic-prefix", args.topic_prefix]
    words += ["--legacy-timezone", args.legacy_timezone]
    words += login_words(args)
    words += [word for kept in args.keep for word in ("--keep", kept)]
    words += ["--log", args.log] if args.log else []
    words += ["--home-assistant", args.home_assistant] if args.home_assistant else []
    return words + (["--verbose"] if args.verbose else [])


def login_words(args: argparse.Namespace) -> list[str]:
    """The files by which ingest logs in to the broker."""
    words = []
    for option in ("broker_ca", "broker_cert", "broker_key"):
        path = getattr(args, option)
        words += ["--" + option.replace("_", "-"), path] if path else []
    return words


def check_database(db: str) -> None:
    """Create or upgrade the database now, so that what is wrong with it is said at once."""
    from neonat.ingest.reading import FrameReader
    from neonat.store import StoreError, open_store

    try:
        open_store(db, reader=FrameReader()).close()
    except StoreError as error:
        raise CommandError(str(error)) from error


def neonat(*words: str) -> list[str]:
    """The argument list of a `neonat` command in this interpreter."""
    return [sys.executable, "-P", "-m", "neonat", *words]


def share(args: argparse.Namespace) -> "Share":
    """The part of this process in the work."""
    from neonat.ingest.intake import Share

    if args.group is None:
        return Share()
    # A worker that is started again takes the place of the one before.
    ours = os.getpid() if args.worker is None else os.getppid()
    return Share(args.group, not args.worker, f"{socket.gethostname()}/{ours}/{args.worker or 0}")


def work(args: argparse.Namespace) -> int:
    """Store until told to stop."""
    from neonat.ingest.broker_url import BrokerUrlError, broker_url
    from neonat.ingest.link import LinkError
    from neonat.ingest.reading import FrameReader
    from neonat.ingest.worker import Worker
    from neonat.store import StoreError, open_store

    stop = stop_event()
    to_stderr(args.verbose, args.log)
    db = given(args.db, DB_VARIABLE, "--db")
    check_options(args)
    try:
        broker = broker_url(
            given(args.broker, BROKER_VARIABLE, "--broker"),
            args.broker_password_file,
            args.broker_cert,
            args.broker_key,
        )
        reader = FrameReader()
        store = open_store(db, reader=reader)
        try:
            with home_assistant(args, db, broker):
                Worker(
                    store,
                    reader,
                    broker,
                    zone(args.legacy_timezone),
                    args.topic_prefix,
                    args.broker_ca,
                    keep=keep(args.keep) if not args.worker else {},
                    share=share(args),
                ).run(stop)
        finally:
            store.close()
    except (BrokerUrlError, StoreError, LinkError) as error:
        raise CommandError(str(error)) from error
    return 0


def home_assistant(
    args: argparse.Namespace, db: str, broker: "BrokerUrl"
) -> contextlib.AbstractContextManager[object]:
    """What publishes for Home Assistant, where that was asked for; the first worker does it."""
    if not args.home_assistant or args.worker:
        return contextlib.nullcontext()
    from neonat.homeassistant.publisher import Publisher

    try:
        return Publisher(db, broker, args.topic_prefix, args.broker_ca, args.home_assistant)
    except OSError as error:
        raise CommandError(
            f"cannot use the broker's certificates: {error.strerror or error}"
        ) from error


def given(option: str | None, variable: str, name: str) -> str:
    """An option's value, else its environment variable's; UsageError when neither is there."""
    value = option or os.environ.get(variable)
    if not value:
        raise UsageError(f"give {name} URL (or set {variable})")
    return value


def check_options(args: argparse.Namespace) -> None:
    """UsageError for options of ingest that cannot be."""
    if not 1 <= args.workers <= WORKERS_MAX:
        raise UsageError(f"--workers is a number from 1 to {WORKERS_MAX}")
    if args.group is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", args.group):
        raise UsageError("--group is a word of letters and digits, such as neonat")
    discovery = args.home_assistant or "homeassistant"
    if set(discovery) & set("+#\0") or discovery.startswith("$") or discovery.endswith("/"):
        raise UsageError("--home-assistant takes a topic without + and #, such as homeassistant")
    prefix = args.topic_prefix
    if not prefix or set(prefix) & set("+#\0") or prefix.startswith("$") or prefix.endswith("/"):
        raise UsageError("--topic-prefix is a topic without + and #, such as neonat/1")
    zone(args.legacy_timezone)
    keep(args.keep)


def zone(name: str) -> ZoneInfo:
    """A time zone by its name; UsageError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"no time zone {name!r}: write it like Europe/Paris") from None
