"""`neonat board` at the serial port: flash, provision, deploy."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from neonat.cli.output import UsageError

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]


def add(actions: "Actions") -> None:
    """Add what is done at a serial port."""
    _flash(actions)
    _provision(actions)
    _deploy(actions)


def parser(actions: "Actions", name: str, says: str, example: str) -> argparse.ArgumentParser:
    """The parser of one action."""
    return actions.add_parser(
        name,
        help=says,
        description=says[0].upper() + says[1:] + ".",
        epilog=f"example: neonat board {name} {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def secrets_option(found: argparse.ArgumentParser) -> None:
    """Add where the operator's secrets are."""
    found.add_argument(
        "--secrets",
        default="board-secrets.json",
        metavar="FILE",
        help="the secrets of all boards, for the operator only (default: board-secrets.json)",
    )


def _port(found: argparse.ArgumentParser) -> None:
    found.add_argument("--port", help="its serial port (default: the only board plugged in)")


def _flash(actions: "Actions") -> None:
    found = parser(
        actions,
        "flash",
        "erase a board, write MicroPython, verify",
        "--port /dev/ttyUSB0 --image ESP32_GENERIC-20260829-v1.29.0.bin",
    )
    _port(found)
    found.add_argument("--image", required=True, metavar="FILE", help="MicroPython for the board")
    found.add_argument("--files", metavar="FILE", help="what `deploy --image` has made, too")
    found.add_argument("--chip", default="esp32", help="default: esp32, of the ESP32-POE-ISO")
    found.add_argument("--baud", type=int, default=460800, help="default: %(default)s")
    found.set_defaults(act=flash)


def flash(args: argparse.Namespace) -> int:
    """Erase, write, verify."""
    from neonat.board import flash as work
    from neonat.board import ports
    from neonat.board.progress import Bar

    with Bar() as bar:
        port = ports.chosen(args.port)
        work.flash(port, args.image, args.files, args.chip, args.baud, bar.at)
    print(f"MicroPython is on the board at {port}", file=sys.stderr)
    return 0


def _provision(actions: "Actions") -> None:
    found = parser(
        actions,
        "provision",
        "say who boards are: identity, network, broker, keys",
        "--from boards.csv --out boards/",
    )
    _port(found)
    found.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="CSV or JSON with a board a row: id, broker, … (default: it asks)",
    )
    found.add_argument(
        "--out", default="boards", metavar="DIR", help="a folder a board (default: boards)"
    )
    secrets_option(found)
    found.add_argument(
        "--replace", action="store_true", help="new secrets for boards that have some already"
    )
    found.set_defaults(act=provision)


def provision(args: argparse.Namespace) -> int:
    """Write each board's files, and with --port put them on the board."""
    from neonat.board import provision as work
    from neonat.board import vault

    if args.source and args.port:
        raise UsageError("--port is for one board: give --from or --port")
    boards = work.rows(args.source) if args.source else [asked(args.port)]
    made = work.provision(boards, args.secrets, args.out, args.replace)
    for name in made:
        print(Path(args.out) / name)
    print(
        f"secrets of {len(vault.load(args.secrets))} boards: {args.secrets};"
        f" users for the broker: {Path(args.out) / work.USERS}",
        file=sys.stderr,
    )
    if args.port:
        _put(args.port, work.made_files(str(Path(args.out) / made[0])))
    return 0


def asked(port: str | None) -> "dict[str, str]":
    """The answers of the person at the terminal, empty ones taken from the defaults."""
    from neonat.board import deploy
    from neonat.board import provision as work

    facts: dict[str, str] = {}
    for name, question, _ in work.FIELDS:
        if not work.wanted(name, facts):
            continue
        default = work.default(name, facts) if name != "id" else None
        if name == "id" and port:
            default = deploy.unique_id(port)
        while True:
            facts[name] = answer(question, default, hidden=name == "wifi_password")
            wrong = work.objection(name, facts[name])
            if not wrong:
                break
            print(wrong, file=sys.stderr)
    return facts


def answer(question: str, default: str | None, hidden: bool = False) -> str:
    """One answer, asked for until there is one; UsageError at the end of the input."""
    import getpass

    text = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        try:
            if hidden and sys.stdin.isatty():
                found = getpass.getpass(text)
            else:
                print(text, end="", file=sys.stderr, flush=True)
                found = input()
        except EOFError:
            raise UsageError("no answers: give --from FILE where nobody can be asked") from None
        if found.strip() or default:
            return found.strip() or str(default)


def _deploy(actions: "Actions") -> None:
    found = parser(
        actions,
        "deploy",
        "compile the gateway and put it on a board, or into an image",
        "--config boards/bed-1 --image bed-1.bin",
    )
    _port(found)
    found.add_argument(
        "--image", metavar="FILE", help="write all files of a board into this image instead"
    )
    found.add_argument(
        "--config", metavar="DIR", help="the board's folder that `provision` has written"
    )
    found.add_argument(
        "--flash-size",
        type=int,
        choices=(4, 8, 16),
        default=4,
        metavar="MIB",
        help="with --image, the flash of the board's module: 4 (default), 8 or 16 MiB",
    )
    found.set_defaults(act=deploy)


def deploy(args: argparse.Namespace) -> int:
    """Compile; then to the board, or into the image."""
    from neonat.board import files, image, ports, vault
    from neonat.board import provision as work
    from neonat.board.progress import Bar

    if args.image and args.port:
        raise UsageError("give --port to write to a board, or --image to write a file")
    everything = work.made_files(args.config) if args.config else {}
    port = None if args.image else ports.chosen(args.port)
    if port:
        ports.check(port)
    with Bar() as bar:
        everything |= files.program(bar.counting("compile", len(files.sources())))
    if port:
        _put(port, everything)
        return 0
    whole = image.build(everything, (args.flash_size << 20) - image.PROGRAM)
    vault.save_bytes(args.image, whole)
    size = sum(map(len, everything.values()))
    print(f"{args.image}: {len(everything)} files, {size} bytes of {len(whole)}", file=sys.stderr)
    return 0


def _put(port: str, files: "dict[str, bytes]") -> None:
    from neonat.board import deploy as work
    from neonat.board.progress import Bar

    with Bar() as bar:
        work.put(port, files, lambda done, total: bar.at("copy", done, total))
    print(f"{len(files)} files are on the board at {port}; it starts again", file=sys.stderr)
