"""`neonat board` through the broker: list, status, update and the rest."""

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from neonat.cli import board_manage as manage
from neonat.cli.board_broker import BROKER_VARIABLE, broker, desk, remote
from neonat.cli.board_port import parser, secrets_option

if TYPE_CHECKING:
    from neonat.cli.board_port import Actions

LIST_S = 2.0


def add(actions: "Actions") -> None:
    """Add what is done through the broker."""
    _list(actions)
    found = parser(actions, "status", "what a gateway says of itself", "bed-1 --broker URL")
    remote(found)
    found.add_argument("--json", action="store_true", help="as it comes")
    found.set_defaults(act=status)
    _update(actions)
    manage.add(actions)


def _list(actions: "Actions") -> None:
    found = parser(
        actions, "list", "boards at serial ports and gateways at the broker", "--broker URL"
    )
    broker(found)
    found.set_defaults(act=listed)


def listed(args: argparse.Namespace) -> int:
    """Two tables: ports, and gateways when a broker is named."""
    from neonat.board.ports import ports

    row = "{:<24} {:<10} {}"
    print(row.format("PORT", "BOARD", "DESCRIPTION"))
    for port in ports():
        print(row.format(port.device, port.bridge or "-", port.description))
    if not (args.broker or os.environ.get(BROKER_VARIABLE)):
        return 0
    with desk(args) as connection:
        found = connection.gateways(LIST_S)
    row = "{:<32} {:<8} {:<10} {:<11} {}"
    print("\n" + row.format("GATEWAY", "ONLINE", "VERSION", "LINE", "DEVICE"))
    for name, state in found.items():
        online = "yes" if state.get("online") else "no"
        device = (state.get("device") or {}).get("name", "-")
        print(row.format(name, online, state.get("version", "-"), state.get("link", "-"), device))
    return 0


def status(args: argparse.Namespace) -> int:
    """Ask for the status and show it."""
    with desk(args) as connection:
        connection.listen(args.gateway, "reply")
        reply = connection.ask(args.gateway, "status")
    if args.json:
        print(json.dumps(reply, indent=2))
        return 0
    facts = {key: value for key, value in reply.items() if key not in ("id", "command", "ok")}
    state = facts.pop("state", {})
    for name, value in {**state, **facts}.items():
        print(f"{name:<14} {shown(value)}")
    return 0


def shown(value: Any) -> str:
    """A value of a reply in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(each)}" for key, each in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "-"
    return "-" if value is None else str(value)


def _update(actions: "Actions") -> None:
    found = parser(
        actions,
        "update",
        "send this version of the program to a gateway",
        "bed-1 --broker URL",
    )
    remote(found)
    secrets_option(found)
    found.add_argument("--version", help="what to call it (default: the version of neonat)")
    found.add_argument("--out", metavar="FILE", help="write the bundle here and send nothing")
    found.set_defaults(act=update)


def update(args: argparse.Namespace) -> int:
    """Build, sign, send, wait until the gateway confirms."""
    from importlib.metadata import version

    from neonat.board import files, vault
    from neonat.board import update as work
    from neonat.board.progress import Bar

    key = vault.secret(args.secrets, args.gateway, "update_key")
    name = args.version or version("neonat")
    with Bar() as bar:
        whole = work.bundle(files.program(bar.counting("compile", len(files.sources()))), key, name)
    if args.out:
        vault.save_bytes(args.out, whole)
        return 0
    with desk(args) as connection, Bar() as bar:
        work.send(connection, args.gateway, whole, bar.at)
    print(f"{args.gateway} runs {name} and has confirmed it", file=sys.stderr)
    return 0
