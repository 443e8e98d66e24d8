"""`neonat simulate`: an incubator on a pseudo-terminal or a TCP port."""

import argparse
import contextlib
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from neonat.cli.output import CommandError, UsageError, stop_event
from neonat.simulator.faults import FAULTS, Faults, parse
from neonat.simulator.incubator import Incubator, LiveAnswers
from neonat.simulator.journal import Journal
from neonat.simulator.models import find
from neonat.simulator.pty import PtyPort
from neonat.simulator.replay import RecordedAnswers, Recording
from neonat.simulator.run import Talker, milliseconds
from neonat.simulator.run import run as talk
from neonat.simulator.station import Playback, Station
from neonat.simulator.stay import Stay, character_of
from neonat.simulator.tcp import TcpPort
from neonat.web.address import why

CLOCK_OFFSET_MAX_S = 10 * 366 * 86400

EPILOG = """example:
  neonat simulate --pty /tmp/incubator --fault flip=0.01 --fault silence
  neonat gateway --id bed-1 --serial /tmp/incubator --broker mqtt://localhost --spool /tmp/spool

faults (rate a frame when none is given):
""" + "\n".join(f"  {name:10} {why} ({rate})" for name, (rate, why) in FAULTS.items())


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The words of the command."""
    parser = subparsers.add_parser(
        "simulate",
        help="an incubator on a pseudo-terminal or TCP port",
        description="Answers as a real incubator does, with faults on demand.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pty", metavar="LINK", help="symbolic link to make to a pseudo-terminal")
    where.add_argument("--tcp", metavar="HOST:PORT", help="address to listen on (port 0: any)")
    parser.add_argument(
        "--device",
        metavar="MODEL",
        default="tn500",
        help="tn500 (default), isolette or babyroo; also by id or name",
    )
    parser.add_argument("--replay", metavar="FILE", help="answer with what was recorded")
    parser.add_argument(
        "--verbatim", action="store_true", help="send the recording as it is, again and again"
    )
    parser.add_argument(
        "--interval", metavar="MS", type=int, default=500, help="between frames with --verbatim"
    )
    parser.add_argument("--seed", type=int, help="repeat a run: drift and faults depend on it")
    parser.add_argument(
        "--calm",
        action="store_true",
        help="days, nights and care as on a ward; without it values and alarms change all the time",
    )
    parser.add_argument(
        "--fault",
        metavar="NAME[=RATE]",
        action="append",
        default=[],
        help="see below; may be repeated",
    )
    parser.add_argument("--log", metavar="FILE", help="JSON lines: every frame sent whole, faults")
    opening = parser.add_mutually_exclusive_group()
    opening.add_argument("--opens", action="store_true", help="it sends ICC itself (default)")
    opening.add_argument("--waits", action="store_true", help="it waits for the other side's ICC")
    parser.add_argument(
        "--clock-offset",
        metavar="SECONDS",
        type=float,
        default=-137.0,
        help="how far its own clock is ahead of local time (default %(default)s)",
    )
    parser.add_argument("--baud", type=int, help="garble what a client with another speed sees")
    parser.add_argument("--parity", choices=("odd", "even", "none"), help="as --baud; pty only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Simulate until stopped."""
    if args.tcp and (args.baud or args.parity):
        raise UsageError("--baud and --parity mean something on a --pty only")
    if args.baud is not None and args.baud < 1:
        raise UsageError("--baud is a number such as 38400")
    if not abs(args.clock_offset) <= CLOCK_OFFSET_MAX_S:
        raise UsageError("--clock-offset is a number of seconds, at most ten years")
    if args.verbatim and not args.replay:
        raise UsageError("--verbatim needs --replay FILE")
    seed = random.SystemRandom().randrange(2**32) if args.seed is None else args.seed
    stop = stop_event()
    with contextlib.ExitStack() as stack:
        talker = _talker(args, seed)
        journal = Journal(stack.enter_context(_log(args.log)) if args.log else None)
        port = _port(args)
        stack.callback(port.close)
        print(f"incubator on {port.describe()}, seed {seed}", file=sys.stderr, flush=True)
        try:
            talk(port, talker, journal, stop)
        except OSError as error:
            raise CommandError(f"it had to stop: {error}") from error
    return 0


def _talker(args: argparse.Namespace, seed: int) -> Talker:
    try:
        model = find(args.device)
        rates = parse(args.fault)
    except (LookupError, ValueError) as error:
        raise UsageError(str(error.args[0])) from error
    calm = Stay(model, seed, character_of(seed), _since_1970()) if args.calm else None
    live = LiveAnswers(model, seed, _local_time(args.clock_offset), calm)
    recording = _recording(args.replay) if args.replay else None
    if recording and args.verbatim:
        return Playback(recording.pieces(), Faults(rates, seed), max(args.interval, 1))
    answers = RecordedAnswers(recording, model.identity) if recording else live
    faults = Faults(rates, seed, another=live.another)
    return Station(Incubator(answers, opens=not args.waits), faults)


def _recording(path: str) -> Recording:
    try:
        return Recording(Path(path).read_bytes())
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"{path} is no recording of a line: {error}") from error


def _log(path: str) -> contextlib.AbstractContextManager:
    try:
        return open(path, "a", encoding="ascii")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error


def _port(args: argparse.Namespace) -> PtyPort | TcpPort:
    if args.pty:
        odd = None if args.parity is None else args.parity == "odd"
        try:
            return PtyPort(args.pty, args.baud, odd)
        except FileExistsError as error:
            raise CommandError(str(error)) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"cannot make the link {args.pty}: {error.strerror}; choose another"
            ) from error
    host, port = _address(args.tcp)
    try:
        return TcpPort(host, port)
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"cannot listen on {args.tcp}: {why(error)}; choose another with --tcp HOST:PORT"
        ) from error


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and int(port[:6]) < 65536):
        raise UsageError(f"{text!r} is not HOST:PORT, for example 127.0.0.1:4001")
    return host.strip("[]") or "127.0.0.1", int(port)


def _local_time(offset: float) -> Callable[[int], datetime]:
    """The device's own clock: starts off by `offset` seconds and follows `now` in ms."""
    started = datetime.now(UTC).astimezone().replace(tzinfo=None) + timedelta(seconds=offset)
    origin = milliseconds()
    return lambda now: started + timedelta(milliseconds=now - origin)


def _since_1970() -> int:
    """What makes UTC of the simulator's `now`, in ms."""
    return time.time_ns() // 1_000_000 - milliseconds()
