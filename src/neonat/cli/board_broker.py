"""How the actions of `neonat board` reach the broker and a gateway."""

import argparse
import os
from typing import TYPE_CHECKING

from neonat.cli.output import CommandError, UsageError

if TYPE_CHECKING:
    from neonat.board.desk import Desk

BROKER_VARIABLE = "NEONAT_BROKER"


def remote(found: argparse.ArgumentParser) -> None:
    """Add which gateway, and how to reach the broker."""
    found.add_argument("gateway", metavar="ID", help="its name")
    broker(found)


def broker(found: argparse.ArgumentParser) -> None:
    """Add how to reach the broker."""
    found.add_argument(
        "--broker",
        metavar="URL",
        help="mqtt://[USER:PASSWORD@]HOST or mqtts://… (or NEONAT_BROKER)",
    )
    found.add_argument(
        "--broker-password-file", metavar="FILE", help="the first line is the broker's password"
    )
    found.add_argument("--broker-ca", metavar="FILE", help="certificates to trust with mqtts://")
    found.add_argument("--broker-cert", metavar="FILE", help="log in by this certificate (PEM)")
    found.add_argument("--broker-key", metavar="FILE", help="its key")
    found.add_argument("--topic-prefix", default="neonat/1", metavar="TOPIC")


def desk(args: argparse.Namespace) -> "Desk":
    """The connection that the options describe; UsageError, CommandError."""
    from neonat.board.desk import Desk
    from neonat.ingest.broker_url import BrokerUrlError, broker_url

    url = args.broker or os.environ.get(BROKER_VARIABLE)
    if not url:
        raise UsageError(f"give --broker URL (or set {BROKER_VARIABLE})")
    try:
        known = broker_url(url, args.broker_password_file, args.broker_cert, args.broker_key)
        return Desk(known, args.topic_prefix, args.broker_ca)
    except BrokerUrlError as error:
        raise CommandError(str(error)) from error
