"""`neonat ingest`: from the broker into the database."""

import argparse
import os
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from neonat.cli.keep import add_keep, keep
from neonat.cli.output import CommandError, UsageError, stop_event
from neonat.logs import add_log_option, to_stderr

DB_VARIABLE = "NEONAT_DB"
BROKER_VARIABLE = "NEONAT_BROKER"


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
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes (SQLite: 1, the default)"
    )
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
    parser.add_argument("--verbose", action="store_true", help="log more")
    add_log_option(parser)


def run(args: argparse.Namespace) -> int:
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
            Worker(
                store,
                reader,
                broker,
                zone(args.legacy_timezone),
                args.topic_prefix,
                args.broker_ca,
                keep=keep(args.keep),
            ).run(stop)
        finally:
            store.close()
    except (BrokerUrlError, StoreError, LinkError) as error:
        raise CommandError(str(error)) from error
    return 0


def given(option: str | None, variable: str, name: str) -> str:
    """An option's value, else its environment variable's; UsageError when neither is there."""
    value = option or os.environ.get(variable)
    if not value:
        raise UsageError(f"give {name} URL (or set {variable})")
    return value


def check_options(args: argparse.Namespace) -> None:
    """UsageError for options of ingest that cannot be."""
    if getattr(args, "workers", 1) != 1:
        raise UsageError("--workers is 1 with SQLite: one process writes, it is fast enough")
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
