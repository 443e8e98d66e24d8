"""`neonat demo`: everything on one machine, from six simulated incubators to the page."""

import argparse
import contextlib
import fcntl
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from neonat.broker import BrokerError, check_free
from neonat.cli.gateway import find_micropython
from neonat.cli.http import HTTP_DEFAULT, add_http_options, address
from neonat.cli.output import CommandError
from neonat.cli.serve import LISTEN_DEFAULT, neonat, reachable, supervise
from neonat.demo.ward import BEDS, Bed
from neonat.supervisor import Child
from neonat.web.address import is_loopback

# The history ends before the gateways begin, so that nothing is in both.
BEFORE_START_MS = 60_000


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `demo`."""
    parser = subparsers.add_parser(
        "demo",
        help="everything on one machine, with six simulated incubators",
        description="Six simulated incubators, one of them misbehaving, each with its gateway (the"
        " first under MicroPython), broker, ingest, database and page, all on this machine, and two"
        " weeks of history; Ctrl-C ends all of it.",
        epilog="example: neonat demo --data ./data",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_http_options(
        parser, None, f"where the page is (default: {HTTP_DEFAULT}, or a free port when taken)"
    )
    parser.add_argument(
        "--data", default="./data", metavar="DIR", help="where data goes (default: ./data)"
    )
    parser.add_argument(
        "--history",
        type=int,
        default=14,
        metavar="DAYS",
        help="how many days to make up before the start of a new DIR (default 14; 0: none)",
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demonstration until told to stop."""
    data = Path(args.data).resolve()
    with alone(data):
        args.http = args.http or free(HTTP_DEFAULT)
        # A demonstration on this machine needs no sign-in.
        args.http_open = args.http_open or is_loopback(address(args.http, "--http")[0])
        listen = free(LISTEN_DEFAULT)
        args.db = f"sqlite:///{data / 'neonat.db'}"
        args.broker, args.broker_listen = "embedded", listen
        args.broker_users, args.broker_open, args.broker_ca = None, False, None
        args.broker_cert = args.broker_key = args.log = None
        args.broker_password_file = None
        args.keep, args.workers, args.group = [], 1, None
        args.home_assistant = None
        args.topic_prefix, args.legacy_timezone = "neonat/1", "Europe/Paris"
        before = History(data, args.history)
        return supervise(args, lines(data, listen), lambda: started(args, data, before))


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


def lines(data: Path, listen: str) -> list[Child]:
    """The incubators and the gateways at their lines."""
    host, port = address(listen, "--broker-listen")
    broker = f"mqtt://{reachable(host)}:{port}"
    board = find_micropython()
    if not board:
        print("no micropython on this machine: all gateways run under CPython", file=sys.stderr)
    incubators, gateways = [], []
    for bed in BEDS:
        first = bed is BEDS[0]
        link = data / ("incubator" if first else f"incubator-{bed.bed}")
        spool = data / ("spool" if first else f"spool-{bed.bed}")
        if link.is_symlink():
            link.unlink()
        count_on(spool)
        line = Child(f"incubator {bed.bed}", incubator(bed, link), ready=link.exists)
        line.together = not first
        incubators.append(line)
        words = ["gateway", "--id", bed.gateway, "--serial", str(link)]
        words += ["--broker", broker, "--spool", str(spool)]
        words += ["--micropython"] if first and board else []
        gateways.append(Child(f"gateway {bed.gateway}", neonat(*words), together=not first))
    return [*incubators, *gateways]


def incubator(bed: Bed, link: Path) -> list[str]:
    """The command that simulates one."""
    faults = [word for fault in bed.faults for word in ("--fault", fault)]
    words = ("--device", bed.device, "--seed", str(bed.seed), "--calm", *faults)
    return neonat("simulate", "--pty", str(link), *words)


def count_on(spool: Path) -> None:
    """Let a gateway that never ran begin after the starts of the history before it."""
    from neonat.demo.history import BOOT
    from neonat.gateway.segment import encode
    from neonat.gateway.spool import BOOT_FILES

    if not spool.exists():
        spool.mkdir(parents=True)
        for name in BOOT_FILES:
            (spool / name).write_bytes(encode(f"boot|{BOOT}.0|"))


class History:
    """How far the history of a ward is made: a note beside the database says so.

    One that was cut short is made again up to the same moment: what is stored already stays.
    """

    def __init__(self, data: Path, days: int) -> None:
        self.days = days
        self._note = data / "history"
        self.end = 0
        if self._note.exists():
            text = self._note.read_text(encoding="ascii").split()
            self.end = int(text[0]) if len(text) == 1 and text[0].isdigit() else 0
        elif days > 0 and not (data / "neonat.db").exists():
            self.end = time.time_ns() // 1_000_000 - BEFORE_START_MS
            self._note.write_text(f"{self.end}\n", encoding="ascii")

    def fill(self, db: str) -> None:
        """Fill the database; a failure is told and ends nothing else."""
        from neonat.demo.history import fill
        from neonat.demo.ward import seat
        from neonat.ingest.reading import FrameReader
        from neonat.store import StoreError, open_store

        progress = Progress(f"history of {self.days} days")
        try:
            store = open_store(db, reader=FrameReader())
            try:
                seat(store, self.end, self.days)
                fill(store, self.end, progress.at, self.days)
            finally:
                store.close()
            self._note.write_text(f"{self.end} done\n", encoding="ascii")
        except (StoreError, OSError) as error:
            print(f"no history: {error}", file=sys.stderr, flush=True)


def started(args: argparse.Namespace, data: Path, before: History) -> None:
    """Tell where to look, and make the history of a new ward beside all else."""
    tell(args, data)
    if before.end:
        threading.Thread(target=before.fill, args=(args.db,), daemon=True, name="history").start()


class Progress:
    """A share on stderr: a line that counts on a terminal, else a line each quarter."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._told = -1
        self._step = 1 if sys.stderr.isatty() else 25

    def at(self, share: float) -> None:
        """Tell it when it has grown enough."""
        percent = int(share * 100) // self._step * self._step
        if percent <= self._told:
            return
        self._told = percent
        end = "\r" if self._step == 1 and percent < 100 else "\n"
        print(f"  {self._what}: {percent:3d} %", end=end, file=sys.stderr, flush=True)


def tell(args: argparse.Namespace, data: Path) -> None:
    """Say where to look and how to stop."""
    print(f"\n  Open  http://{args.http}/", file=sys.stderr)
    print(f"  Data  {data}", file=sys.stderr)
    print("  Stop  Ctrl-C\n", file=sys.stderr, flush=True)
