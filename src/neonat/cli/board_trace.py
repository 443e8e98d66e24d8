"""`neonat board trace`: what a board says of an error, with the names of the sources."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from neonat.cli.board_port import parser
from neonat.cli.output import CommandError

if TYPE_CHECKING:
    from neonat.cli.board_port import Actions


def add(actions: "Actions") -> None:
    """Add the action."""
    found = parser(
        actions,
        "trace",
        "put the names of the sources into the trace of a board that runs this version",
        "trace.txt",
    )
    found.add_argument(
        "file",
        nargs="?",
        default="-",
        metavar="FILE",
        help="the trace, or an `!error` record with one (default: standard input)",
    )
    found.set_defaults(act=trace)


def trace(args: argparse.Namespace) -> int:
    """Read all, print it translated."""
    from neonat.board.tracing import Tracing

    try:
        text = sys.stdin.read() if args.file == "-" else Path(args.file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {args.file}: {error}") from error
    print(Tracing().translated(text), end="")
    return 0
