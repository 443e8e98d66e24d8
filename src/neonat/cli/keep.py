"""How long data is kept, on the command line: `--keep KIND=AGE`."""

import argparse
import re

from neonat.cli.output import UsageError
from neonat.store import StoreError
from neonat.store.kinds import KINDS, checked

_AGE = re.compile(r"(\d{1,5})([hdwy])", re.ASCII)
_HOUR_MS = 3_600_000
_UNITS = {"h": _HOUR_MS, "d": 24 * _HOUR_MS, "w": 168 * _HOUR_MS, "y": 8760 * _HOUR_MS}


def add_keep(parser: argparse.ArgumentParser, needed: bool = False) -> None:
    """Add `--keep`."""
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        required=needed,
        metavar="KIND=AGE",
        help="take away what is older, such as frames=2y, refusals=90d (h, d, w, y);"
        f" KIND is one of {', '.join(KINDS)}; may be repeated; what is not named is kept for ever",
    )


def keep(words: list[str]) -> dict[str, int]:
    """Ages in ms by kind; UsageError for what is none."""
    out: dict[str, int] = {}
    for word in words:
        kind, _, age = word.partition("=")
        found = _AGE.fullmatch(age)
        if kind not in KINDS or found is None or int(found[1]) == 0:
            raise UsageError(
                f"--keep {word!r}: write KIND=AGE, such as frames=2y; KIND is one of"
                f" {', '.join(KINDS)}, AGE a number of h, d, w or y"
            )
        out[kind] = int(found[1]) * _UNITS[found[2]]
    try:
        checked(out)
    except StoreError as error:
        raise UsageError(f"--keep: {error}") from error
    return out
