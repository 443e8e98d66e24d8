"""`make chaos`: a fixed list of faults, then all of them at random; both ends are compared.

Exits with 1 when one frame was lost, doubled, changed or invented. `NEONAT_CHAOS_SECONDS` (or
--seconds) is the time for each row of the second table; --scale changes the tries of the first.
--only runs the faults whose name holds a word, and nothing else.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from brokers import MOSQUITTO
from system.chain import Chain
from system.chaos import LINE_FAULTS, Chaos
from system.compare import losses
from system.faults import FAULTS, HOSTILE, Options
from table import Cell, Table
from web.test_web_openapi import DOCUMENT

BAD_LINE = (*LINE_FAULTS, "silence", "restart")
REQUESTS = "hostile HTTP requests (Schemathesis)"
COLUMNS = (
    *("killed g/b/i", "cut", "frozen", "doubled", "on the line"),
    *("harmed", "stored", "gaps", "wrong"),
)


def row(counts: Counter, chain: Chain, stored: int, wrong: int) -> list[Cell]:
    """The cells of one line of the table."""
    log = chain.log()
    kills = "/".join(str(counts[f"{what} killed"]) for what in ("gateway", "broker", "ingest"))
    cuts = counts["gateway cut off"] + counts["ingest cut off"] + counts["cut in a message"]
    frozen = counts["gateway frozen"] + counts["ingest frozen"]
    doubled = counts["twin of the gateway"] + counts["messages repeated"]
    whole = sum("raw" in line for line in log)
    harmed = sum(len(line.get("harmed", ())) for line in log)
    numbers = (cuts, frozen, doubled, whole, harmed, stored, len(chain.gaps()), wrong)
    return [kills, *numbers]


def trial(
    broker: str, micropython: bool, faults: tuple[str, ...], seconds: float, seed: int
) -> tuple[list[Cell], list[str]]:
    """One combination: the cells of its line, and what was wrong."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Chain(Path(folder), broker, micropython, faults, seed) as chain,
    ):
        chain.await_first()
        chaos = Chaos(chain, seed)
        chaos.run(seconds)
        chain.settle(180)
        frames, records = chain.stored(), chain.stored("records")
        wrong = losses(chain.log(), chain.lives, frames, records, chain.spooled)
        return row(chaos.counts, chain, len(frames), len(wrong)), wrong


def fixed_list(scale: float, seed: int, only: str = "") -> list[str]:
    """Every fault whose name holds `only` many times, a line each; what was wrong."""
    title = f"faults: seed {seed}, {time.strftime('%Y-%m-%d')}"
    table = Table(title, "tries", "lost", "s", "")
    bad = []
    for name, (fault, _, tries) in FAULTS.items():
        if only not in name:
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            outcome = fault(Path(folder), max(1, round(tries * scale)), Options(seed=seed))
        table.row(
            name, outcome.tries, len(outcome.lost), time.monotonic() - began, f"  {outcome.note}"
        )
        bad += [f"{name}: {line}" for line in outcome.lost]
    if only in REQUESTS:
        began = time.monotonic()
        asked, failed = hostile_requests(max(1, round(HOSTILE * scale)))
        table.row(REQUESTS, asked, failed, time.monotonic() - began)
        bad += ["hostile HTTP requests: see above"] if failed else []
    return bad


def hostile_requests(wanted: int) -> tuple[int, int]:
    """(so many requests at least, 1 when an answer was wrong): the page's own test, for long."""
    operations = sum(len(methods) for methods in DOCUMENT["paths"].values()) - 1
    each = -(-wanted // operations)
    root = Path(__file__).parents[1]
    words = ["-m", "pytest", "-n", "0", "-k", "answers_fit", "--timeout", "7200"]
    done = subprocess.run(
        [sys.executable, *words, "tests/web/test_web_openapi.py"], cwd=root, capture_output=True,
        text=True, env={**os.environ, "NEONAT_HTTP_EXAMPLES": str(each)}, check=False,
    )  # fmt: skip
    if done.returncode:
        print(done.stdout[-3000:], file=sys.stderr)
    return each * operations, int(done.returncode != 0)


def main() -> int:
    """Print both tables; 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    seconds = float(os.environ.get("NEONAT_CHAOS_SECONDS", "300"))
    parser.add_argument("--seconds", type=float, default=seconds, help="for each row")
    parser.add_argument("--scale", type=float, default=1.0, help="of the tries (default: 1)")
    parser.add_argument("--only", default="", metavar="WORD", help="faults with it in their name")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    bad = fixed_list(args.scale, args.seed, args.only)
    if args.only:
        return told(bad)
    title = f"chaos: {args.seconds:.0f} s each, seed {args.seed}, {time.strftime('%Y-%m-%d')}"
    table = Table(title, *COLUMNS)
    for broker in ("embedded", "mosquitto") if MOSQUITTO else ("embedded",):
        for micropython in (False, True):
            for faults in ((), BAD_LINE):
                cells, wrong = trial(broker, micropython, faults, args.seconds, args.seed)
                name = f"{broker}, {'MicroPython' if micropython else 'CPython'}"
                name += ", bad line" if faults else ""
                table.row(name, *cells)
                bad += [f"{name}: {reason}" for reason in wrong]
    return told(bad)


def told(bad: list[str]) -> int:
    """Say what was wrong; 1 when something was."""
    for reason in bad[:20]:
        print(reason, file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
