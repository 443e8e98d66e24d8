"""`make soak`: a week of the whole gateway under MicroPython, with outages, in an hour or less.

The board's own compiled modules; incubator and broker answer from RAM, time leaps where nothing
happens. Exits with 1 when the heap grew, starved, or a record was given up.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from runtimes import compiled_command, micropython  # noqa: E402

SCRIPT = ROOT / "tests" / "gateway" / "portable" / "endurance.py"
WEEK = 7 * 285_408
# Some records more or less are in RAM at the moment of measuring.
GROWTH_MAX = 2048
BARE = "import gc; gc.collect(); print(gc.mem_alloc(), gc.mem_free())"


def main() -> int:
    """Print the heap in use per tenth of the run; 1 when it grew or starved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=WEEK, help="default: a week, %(default)s")
    parser.add_argument("--heap", default="128k")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as spool,
        compiled_command(
            SCRIPT,
            str(options.frames),
            spool,
            str(options.frames // 31),
            "week",
            heap=options.heap,
        ) as command,
    ):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        table = Table(
            f"gateway: bytes of a {options.heap} heap after collection, outages in between",
            *("in use", "free", "waiting", "spool"),
        )
        words = [micropython(), "-X", f"heapsize={options.heap}", "-c", BARE]
        bare = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        table.row("baseline: MicroPython alone", *map(int, bare), 0, 0)
        return judge(process, table)


def judge(process: subprocess.Popen, table: Table) -> int:
    """Print the lines of the run; the exit code."""
    quiet = []
    line: dict = {}
    for text in process.stdout or ():
        line = json.loads(text)
        waiting = line.get("records", line.get("left", 0))
        name = f"after {line['frames']:,} frames"
        table.row(name, line["heap"], line["free"], waiting, line.get("bytes", 0))
        if line["frames"] and line.get("records", 50) < 50:
            quiet.append(line["heap"])
    if process.wait() or not quiet:
        print("the gateway did not come to its end")
        return 1
    growth = quiet[-1] - quiet[min(1, len(quiet) - 1)]
    print(f"growth while nothing waits: {growth} bytes; starved {line['starved']} times")
    print(f"{line['seq']} records, {line['acked']} acknowledged, {line['dropped']} given up")
    wrong = growth > GROWTH_MAX or line["starved"] or line["dropped"]
    return 1 if wrong or line["acked"] + line["left"] != line["seq"] else 0


if __name__ == "__main__":
    sys.exit(main())
