"""`neonat board` through the broker: config, shell, logs, restart."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from neonat.cli.board_broker import desk, remote
from neonat.cli.board_port import parser, secrets_option
from neonat.cli.output import UsageError, stop_event

if TYPE_CHECKING:
    from neonat.cli.board_port import Actions

FOLLOW_S = 2.0


def add(actions: "Actions") -> None:
    """Add what manages one gateway."""
    found = parser(
        actions,
        "config",
        "read or change a gateway's configuration",
        "set bed-1 broker.host=server --broker URL",
    )
    found.add_argument("what", choices=("get", "set"))
    remote(found)
    found.add_argument(
        "words", nargs="*", metavar="KEY[=VALUE]", help="such as broker.host, broker.port=8883"
    )
    found.set_defaults(act=config)
    found = parser(actions, "shell", "open WebREPL for some minutes", "bed-1 --broker URL")
    remote(found)
    secrets_option(found)
    found.add_argument("--minutes", type=int, default=10, help="1 to 60; 0 closes it (default: 10)")
    found.set_defaults(act=shell)
    found = parser(actions, "logs", "the end of a gateway's log", "bed-1 --follow --broker URL")
    remote(found)
    found.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    found.set_defaults(act=logs)
    found = parser(actions, "restart", "start a gateway again", "bed-1 --broker URL")
    remote(found)
    found.set_defaults(act=restart)


def config(args: argparse.Namespace) -> int:
    """Show it without its secrets, or try a change until the gateway confirms it."""
    from neonat.board import settings

    if args.what == "set":
        if not args.words:
            raise UsageError("say what to set: KEY=VALUE, such as broker.host=server")
        change = settings.patch(args.words)
        with desk(args) as connection:
            print(f"{args.gateway} starts again with it", file=sys.stderr)
            settings.apply(connection, args.gateway, change)
        print(f"{args.gateway} is back with it and has confirmed it", file=sys.stderr)
        return 0
    with desk(args) as connection:
        connection.listen(args.gateway, "reply")
        found = connection.ask(args.gateway, "get-config").get("config", {})
    for path in args.words or [None]:
        print(json.dumps(settings.picked(found, path), indent=2, ensure_ascii=False))
    return 0


def shell(args: argparse.Namespace) -> int:
    """Open it and say how to get in."""
    if not 0 <= args.minutes <= 60:
        raise UsageError("--minutes is 1 to 60, or 0 to close it")
    with desk(args) as connection:
        connection.listen(args.gateway, "reply")
        connection.ask(args.gateway, "webrepl", minutes=args.minutes)
        if not args.minutes:
            print("closed", file=sys.stderr)
            return 0
        host = connection.ask(args.gateway, "status").get("address")
        if not host:
            config = connection.ask(args.gateway, "get-config").get("config", {})
            host = config.get("network", {}).get("host_name") or "the address your router shows"
    print(
        f"WebREPL of {args.gateway} is open for {args.minutes} min at ws://{host}:8266/\n"
        f"connect: open http://micropython.org/webrepl/#{host}:8266/ in a browser\n"
        f"password: webrepl_password of {args.gateway} in {args.secrets}\n"
        f"close: neonat board shell {args.gateway} --minutes 0"
    )
    return 0


def logs(args: argparse.Namespace) -> int:
    """The lines that the gateway has kept: seconds since its start, and what it said."""
    stop = stop_event()
    seen: list[str] = []
    with desk(args) as connection:
        connection.listen(args.gateway, "reply")
        while not stop.is_set():
            lines = [str(line) for line in connection.ask(args.gateway, "log").get("lines", [])]
            for line in readable(fresh(seen, lines)):
                print(line, flush=True)
            seen = lines
            if not args.follow:
                break
            stop.wait(FOLLOW_S)
    return 0


def readable(lines: list[str]) -> list[str]:
    """Lines of a log, with the names of the sources where a trace is among them."""
    if not any('File "' in line for line in lines):
        return lines
    from neonat.board.tracing import Tracing

    return Tracing().translated("\n".join(lines)).split("\n")


def fresh(seen: list[str], lines: list[str]) -> list[str]:
    """Those of `lines` that follow what was `seen`; both are ends of one log."""
    for count in range(min(len(seen), len(lines)), 0, -1):
        if seen[-count:] == lines[:count]:
            return lines[count:]
    return lines


def restart(args: argparse.Namespace) -> int:
    """Start it again."""
    with desk(args) as connection:
        connection.listen(args.gateway, "reply")
        connection.ask(args.gateway, "restart")
    print(f"{args.gateway} starts again", file=sys.stderr)
    return 0
