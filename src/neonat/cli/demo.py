"""`neonat demo`: everything on one machine, from a simulated incubator to the page."""

import argparse
import contextlib
import fcntl
import sys
from collections.abc import Iterator
from pathlib import Path

from neonat.broker import BrokerError, check_free
from neonat.cli.gateway import find_micropython
from neonat.cli.output import CommandError
from neonat.cli.serve import LISTEN_DEFAULT, neonat, reachable, supervise
from neonat.cli.web import HTTP_DEFAULT, add_http_option, address
from neonat.supervisor import Child

GATEWAY_ID = "demo"


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `demo`."""
    parser = subparsers.add_parser(
        "demo",
        help="everything on one machine, with a simulated incubator",
        description="A simulated incubator, a gateway under MicroPython, broker, ingest, database"
        " and page, all on this machine; Ctrl-C ends all of it.",
        epilog="example: neonat demo --data ./data",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_http_option(
        parser, None, f"where the page is (default: {HTTP_DEFAULT}, or a free port when taken)"
    )
    parser.add_argument(
        "--data", default="./data", metavar="DIR", help="where data goes (default: ./data)"
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demonstration until told to stop."""
    data = Path(args.data).resolve()
    with alone(data):
        args.http = args.http or free(HTTP_DEFAULT)
        listen = free(LISTEN_DEFAULT)
        args.db = f"sqlite:///{data / 'neonat.db'}"
        args.broker, args.broker_listen = "embedded", listen
        args.broker_users, args.broker_open, args.broker_ca = None, False, None
        args.broker_password_file = None
        args.topic_prefix, args.legacy_timezone = "neonat/1", "Europe/Paris"
        return supervise(args, line(data, listen), lambda: tell(args, data))


@contextlib.contextmanager
def alone(data: Path) -> Iterator[None]:
    """Keep other demonstrations out of `data`; CommandError when one is there already."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = open(data / "demo.lock", "a", encoding="ascii")  # noqa: SIM115
    except OSError as error:
        raise CommandError(
            f"cannot write in {data}: {error.strerror}; choose another place with --data DIR"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(
                f"another demo runs in {data}: end that one, or choose another --data DIR"
            ) from None
        yield


def free(wanted: str) -> str:
    """`wanted` (HOST:PORT), or with a free port when it is taken."""
    import socket

    host, port = address(wanted, "--http")
    try:
        check_free(host, port, "--http")
    except BrokerError:
        with socket.create_server((host, 0)) as found:
            port = found.getsockname()[1]
    return f"{host}:{port}"


def line(data: Path, listen: str) -> list[Child]:
    """The incubator and the gateway at its line."""
    link = data / "incubator"
    if link.is_symlink():
        link.unlink()
    host, port = address(listen, "--broker-listen")
    board = find_micropython()
    if not board:
        print("no micropython on this machine: the gateway runs under CPython", file=sys.stderr)
    gateway = neonat(
        *(
            "gateway",
            *(["--micropython"] if board else []),
            "--id",
            GATEWAY_ID,
            "--serial",
            str(link),
        ),
        *("--broker", f"mqtt://{reachable(host)}:{port}", "--spool", str(data / "spool")),
    )
    return [
        Child("incubator", neonat("simulate", "--pty", str(link)), ready=link.exists),
        Child("gateway", gateway),
    ]


def tell(args: argparse.Namespace, data: Path) -> None:
    """Say where to look and how to stop."""
    print(f"\n  Open  http://{args.http}/", file=sys.stderr)
    print(f"  Data  {data}", file=sys.stderr)
    print("  Stop  Ctrl-C\n", file=sys.stderr, flush=True)
