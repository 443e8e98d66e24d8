"""`neonat board`: flash, provision and manage gateways on boards, from the desk."""

import argparse
import importlib

from neonat.cli.output import CommandError

EPILOG = """a new board, plugged in:
  neonat board flash --image ESP32_GENERIC.bin
  neonat board provision --port /dev/ttyUSB0
  neonat board deploy --port /dev/ttyUSB0

then from the desk:
  neonat board list --broker mqtts://desk@server --broker-ca ca.pem
  neonat board status bed-1 --broker mqtts://desk@server --broker-ca ca.pem"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the parser of `board` and of what it can do."""
    parser = subparsers.add_parser(
        "board",
        help="flash, provision and manage gateways on boards",
        description="From a new board to a gateway that nobody has to visit.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for module in ("board_port", "board_remote", "board_trace"):
        importlib.import_module(f"neonat.cli.{module}").add(actions)


def run(args: argparse.Namespace) -> int:
    """Do it; CommandError for what cannot be done."""
    from neonat.board.problem import BoardError

    try:
        return args.act(args)
    except BoardError as error:
        raise CommandError(f"{args.action}: {error}") from error
