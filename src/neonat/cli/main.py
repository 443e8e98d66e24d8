"""The `neonat` command."""

import argparse
import errno
import importlib
import os
import signal
import sys
from importlib.metadata import version
from typing import NoReturn

from neonat.cli.output import CommandError, UsageError

COMMANDS = (
    "demo",
    "decode",
    "simulate",
    "gateway",
    "serve",
    "ingest",
    "web",
    "export",
    "audit",
    "import-legacy",
    "init",
    "doctor",
    "board",
    "db",
    "redecode",
    "user",
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the whole usage is in `--help`."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


# What a full or broken disk under standard output says.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

NOTICE = "For documentation and research, not for alarming."


def parser(commands: tuple[str, ...] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of all commands; each command's module adds its own part."""
    top = _Parser(
        prog="neonat",
        description="A newborn's incubator data, from the device into a database. " + NOTICE,
        epilog="Start with: neonat demo",
    )
    top.add_argument("--version", action="version", version="neonat " + version("neonat"))
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in commands:
        importlib.import_module("neonat.cli." + name.replace("-", "_")).add(subparsers)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 could not, 2 wrong usage."""
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return 0


def _run(words: list[str]) -> int:
    wanted = tuple(name for name in COMMANDS if words[:1] == [name])
    args = parser(wanted or COMMANDS).parse_args(words)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        code = args.run(args)
        sys.stdout.flush()
        return code
    except CommandError as error:
        print(f"neonat {args.command}: {error}", file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"neonat {args.command}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        if error.filename is not None or error.errno not in _FULL:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        reason = os.strerror(error.errno)
        print(f"neonat {args.command}: cannot write the output: {reason}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
