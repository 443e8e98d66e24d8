"""A span of time on the command line: `--from` and `--to`."""

import argparse
import contextlib
import re
from datetime import UTC, datetime

from neonat.cli.output import UsageError

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


def add_span(parser: argparse.ArgumentParser) -> None:
    """Add `--gateway`, `--from` and `--to`."""
    parser.add_argument("--gateway", metavar="ID", help="only this gateway")
    parser.add_argument(
        "--from", dest="start", metavar="T", help="not before T (ISO 8601, UTC unless it says)"
    )
    parser.add_argument("--to", dest="end", metavar="T", help="before T")


def span(args: argparse.Namespace) -> tuple[int | None, int | None]:
    """The bounds in ms of UTC, None where none was given; UsageError for what is no span."""
    start, end = ms(args.start, "--from"), ms(args.end, "--to")
    if start is not None and end is not None and start >= end:
        raise UsageError(f"--from {args.start} is not before --to {args.end}")
    return start, end


def ms(text: str | None, option: str) -> int | None:
    """Milliseconds of UTC of a time as people write it; UsageError for any other."""
    if text is None:
        return None
    if _TIME.fullmatch(text):
        with contextlib.suppress(ValueError, OverflowError):
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            return round(at.timestamp() * 1000)
    raise UsageError(f"{option} {text!r} is no time: write 2026-11-23T08:45:00Z or 2026-11-23")
