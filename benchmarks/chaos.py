"""`make chaos`: kills, cuts and line faults for a long time; both ends of the chain compared.

Exits with 1 when one frame was lost, doubled, changed or invented. `NEONAT_CHAOS_SECONDS` (or
--seconds) is the time for each row of the table.
"""

import argparse
import os
import random
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
from table import Cell, Table

BAD_LINE = (*LINE_FAULTS, "silence", "restart")
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


def main() -> int:
    """Print one table; 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    seconds = float(os.environ.get("NEONAT_CHAOS_SECONDS", "300"))
    parser.add_argument("--seconds", type=float, default=seconds, help="for each row")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    title = f"chaos: {args.seconds:.0f} s each, seed {args.seed}, {time.strftime('%Y-%m-%d')}"
    table = Table(title, *COLUMNS)
    bad = []
    for broker in ("embedded", "mosquitto") if MOSQUITTO else ("embedded",):
        for micropython in (False, True):
            for faults in ((), BAD_LINE):
                cells, wrong = trial(broker, micropython, faults, args.seconds, args.seed)
                name = f"{broker}, {'MicroPython' if micropython else 'CPython'}"
                name += ", bad line" if faults else ""
                table.row(name, *cells)
                bad += [f"{name}: {reason}" for reason in wrong]
    for reason in bad[:20]:
        print(reason, file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
