"""Audit and export: records or rows a second, and the memory that each takes at its peak.

Beside them the bare reading of the same table, and the peak of a command that does nothing.
NEONAT_BENCH_GATEWAYS and NEONAT_BENCH_HOURS say how much is stored (default 10 for 3 hours).
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from neonat.ingest.reading import FrameReader
from neonat.store import open_store
from store import records
from table import Table, times

GATEWAYS = int(os.environ.get("NEONAT_BENCH_GATEWAYS", "10"))
HOURS = float(os.environ.get("NEONAT_BENCH_HOURS", "3"))


def filled(url: str) -> tuple[int, int]:
    """A database of some gateways; (records, readings)."""
    store = open_store(url, reader=FrameReader())
    count = 0
    mine, readings = records(GATEWAYS, round(HOURS * 3600))
    for one in mine:
        rows = iter(one)
        while batch := list(islice(rows, 10_000)):
            store.write(batch)
            count += len(batch)
    store.close()
    return count, readings


def command(*words: str) -> tuple[float, float]:
    """Seconds and MiB at the peak of one `neonat` command."""
    code = (
        "import sys; from neonat.cli.main import main; code = main(sys.argv[1:]);"
        "status = open('/proc/self/status').read();"
        "print(status.split('VmHWM:')[1].split()[0], file=sys.stderr); sys.exit(code)"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, check=True,
    )  # fmt: skip
    return time.perf_counter() - began, int(done.stderr.split()[-1]) / 1024


def bare(path: Path) -> float:
    """Seconds to read every row of the table with nothing done to it."""
    base = sqlite3.connect(path)
    began = time.perf_counter()
    for _ in base.execute("SELECT id, at, shape, body, more FROM frame ORDER BY id"):
        pass
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="neonat-bench-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/n.db"
        count, readings = filled(url)
        title = f"audit and export: {GATEWAYS} gateways, {HOURS:g} h, {count:,} records"
        table = Table(title, "rows", "s", "rows/s", "peak MiB", "to reading")
        took = bare(folder / "n.db")
        table.row("baseline: reading the table", count, took, round(count / took))
        idle, memory = command("db", "status", "--db", url)
        table.row("baseline: a command that does nothing", 0, idle, 0, memory)

        def parquet(what: str, out: Path) -> list[str]:
            words = ["export", "--db", url, "--what", what, "--format", "parquet"]
            return [*words, "--out", str(out)]

        jobs: dict[str, tuple[int, list[str]]] = {
            "neonat audit": (count, ["audit", "--db", url]),
            "export readings csv": (
                readings,
                ["export", "--db", url, "--what", "readings", "--out", str(folder / "r.csv")],
            ),
            "export readings parquet": (
                readings,
                parquet("readings", folder / "r"),
            ),
            "export frames parquet": (
                count,
                parquet("frames", folder / "f"),
            ),
        }
        for label, (rows, words) in jobs.items():
            seconds, peak = command(*words)
            table.row(label, rows, seconds, round(rows / seconds), peak, times(seconds, took))
            shutil.rmtree(folder / "r", ignore_errors=True)


if __name__ == "__main__":
    main()
