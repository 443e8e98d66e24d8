"""The store under load: a thousand gateways live, the highest rate, and what growth costs.

    load.py live [--seconds 60]     1,000 gateways at a frame a second, then faster until lag grows
    load.py steady [--seconds 600]  the first of them alone
    load.py growth [--rows 10m]     writing and charts at 0, 1, 10 … million readings
    load.py ceiling [--rows 10m]    the highest rate of a thousand gateways at 0, 1, 10 … million

Each beside a bare loop of the same I/O in the same run: rows of whole frames, one commit a batch.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from brokers import Broker
from neonat.cli.serve import neonat
from neonat.ingest.reading import FrameReader
from neonat.store import Record, Store, open_store
from store import bare, poll, write_bare
from store_server import copied
from table import Table, times

GATEWAYS = 1000
READINGS = 10
T0 = 1_795_000_000_000
DAY_MS = 86_400_000
RATES = (2000, 4000, 6000, 8000, 12_000, 16_000)
STEP, RATE_MAX = 2000, 20_000
# Lag grows where after the last frame more than so many seconds of frames wait.
BEHIND_S = 1.0
SIZES = (10**6, 10**7, 10**8)
# The boot under which the measured work is written.
WORK = 1000

Batch = list[Record]


def live(
    servers: dict[str, Callable[[], str]], seconds: float, rates: tuple[int, ...] = RATES
) -> None:
    """A thousand gateways through the embedded broker and ingest; `rates`: faster and faster."""
    table = Table(
        f"live: {GATEWAYS:,} gateways on connections of their own, one frame a message",
        *("frames/s", "p50 ms", "p99 ms", "waiting", "ingest CPU", "workers"),
    )
    with tempfile.TemporaryDirectory(dir=".") as name:
        base = bare(Path(name) / "bare.db")
        one = next(batches(1))
        begun = time.perf_counter()
        for number in range(50):
            write_bare(base, one[:20], number << 32)
        took = (time.perf_counter() - begun) / 50 * 1000
        base.close()
    table.row("baseline: a commit of 20 bare rows, ms", None, took)
    for kind, new in servers.items():
        for workers in (1,) if kind == "SQLite" or not rates else (1, 2):
            for rate in (GATEWAYS, *rates):
                length = seconds if rate == GATEWAYS else min(seconds, 15)
                found, cpu = through(new(), rate, length, workers)
                label = f"{kind}, {rate:,} frames/s for {length:.0f} s"
                table.row(
                    label,
                    round(found["rate"]),
                    found["p50"] * 1000,
                    found["p99"] * 1000,
                    found["waiting"],
                    f"{cpu / length:.0%}",
                    workers,
                )
                if _lags(found, rate):
                    break


def _lags(found: dict[str, Any], rate: float) -> bool:
    return bool(found["waiting"] > rate * BEHIND_S or found["rate"] < 0.9 * rate)


def ceiling(
    servers: dict[str, Callable[[], str]],
    rows: int,
    seconds: float,
    raw: Any,
    more: Callable[[str, int], None],
) -> None:
    """The highest rate before lag grows, at each size; in steps of `STEP` frames a second."""
    table = Table(
        f"ceiling: {GATEWAYS:,} gateways, one frame a message, {seconds:.0f} s each; one worker",
        *("baseline", "frames/s", "to empty", "p50 ms", "p99 ms"),
    )
    for kind, new in servers.items():
        url = new()
        boots = iter(range(WORK, 2 * WORK))
        empty = 0
        for readings in filled(kind, url, rows, more):
            baseline = raw(kind, list(islice(batches(7), 20)))
            best: dict[str, Any] = {"p50": float("nan"), "p99": float("nan")}
            highest = 0
            for rate in range(2 * STEP, RATE_MAX + 1, STEP):
                found, _ = through(url, rate, seconds, 1, next(boots))
                if _lags(found, rate):
                    break
                best, highest = found, rate
            empty = empty or highest
            table.row(
                f"{kind}, {readings:,} readings",
                *(round(baseline), highest, times(highest, empty)),
                *(best["p50"] * 1000, best["p99"] * 1000),
            )


def filled(kind: str, url: str, rows: int, more: Callable[[str, int], None]) -> Iterator[int]:
    """Fill a database to each size up to `rows` readings, with nothing open on it meanwhile."""
    filling = batches(6, measured=True)
    readings = 0
    for step in (0, *(size for size in SIZES if size <= rows)):
        if step == SIZES[-1] and kind == "PostgreSQL":
            more(url, 10)
            readings *= 10
        store = open_store(url, reader=FrameReader())
        while readings < step:
            batch = next(filling)
            store.write(batch)
            readings += READINGS * sum(record.shape[:1] == b"c" for record in batch)
            if readings % 1_000_000 == 0 and sys.stderr.isatty():
                print(f"\r{kind}: {readings:,} readings", end="", file=sys.stderr, flush=True)
        while store.roll(100_000):
            pass
        store.close()
        yield readings


def through(
    url: str, rate: float, seconds: float, workers: int, boot: int = 1
) -> tuple[dict[str, Any], float]:
    """What the fleet measured, and the seconds of CPU that ingest took."""
    with tempfile.TemporaryDirectory(dir=".") as name, ExitStack() as stack:
        broker = Broker("embedded", Path(name)).start()
        stack.callback(broker.kill)
        log = Path(name) / "ingest.log"
        words = ["ingest", "--db", url, "--broker", broker.url, "--workers", str(workers)]
        out = stack.enter_context(open(log, "w"))
        ingest = subprocess.Popen(neonat(*words), stderr=out)
        stack.callback(lambda: (ingest.terminate(), ingest.wait()))
        while log.read_text().count(": connected") < workers:
            time.sleep(0.05)
        call = [sys.executable, str(Path(__file__).parent / "fleet.py"), broker.url.split(":")[-1]]
        call += [str(GATEWAYS), str(rate), str(seconds), str(boot)]
        fleet = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert fleet.stdin is not None
        assert fleet.stdout is not None
        fleet.stdout.readline()
        before = _cpu(ingest.pid)
        fleet.stdin.write("go\n")
        fleet.stdin.flush()
        found = json.loads(fleet.stdout.readline())
        used = _cpu(ingest.pid) - before
        fleet.wait()
        return found, used


def _cpu(pid: int) -> float:
    """Seconds of CPU of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = 0.0
    for one in (pid, *map(int, children)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def batches(seed: int, boot: int = 1, measured: bool = False) -> Iterator[Batch]:
    """Without end: 1,000 records each, 20 each of 50 of a thousand gateways that take turns.

    By the default poll plan, or nothing but measured data.
    """
    import random

    reader = FrameReader()
    plan = poll(random.Random(seed))
    said = [next(plan) for _ in range(9990)]
    frames = [
        (at, data, *reader.split(data)) for at, data in said if not measured or data[1] == 0x24
    ]
    seqs = [0] * GATEWAYS
    per_gateway = 20
    count = 1000 // per_gateway
    first = 0
    while True:
        batch = []
        for number in range(first, first + count):
            gateway = number % GATEWAYS
            name = f"load{gateway:05d}"
            for _ in range(per_gateway):
                seqs[gateway] = seq = seqs[gateway] + 1
                round_, place = divmod(seq + 31 * gateway, len(frames))
                offset, data, shape, body = frames[place]
                at = T0 + round_ * 2_970_000 + offset
                batch.append(Record(name, boot, seq, at, None, at + 40, shape, body, data))
        first = (first + count) % GATEWAYS
        yield batch


# The rows of boot 1 once more, as boot ?1 of the same gateways, ?2 days later.
COPIED = (
    "INSERT INTO run(gateway, boot, base_at, boot_at, clock_seq, back, stamps, reported)"
    " SELECT gateway, ?1, base_at + ?2 * 86400000, boot_at, clock_seq, back, stamps, reported"
    " FROM run WHERE boot = 1",
    "INSERT INTO frame SELECT (n.id << 32) | (f.id & 4294967295), f.at, f.lag, f.shape, f.body,"
    " f.more, f.week FROM run n JOIN run o ON o.gateway = n.gateway AND o.boot = 1"
    " JOIN frame f ON f.id >> 32 = o.id WHERE n.boot = ?1",
    "INSERT INTO span SELECT n.id, s.first, s.last FROM run n JOIN run o ON o.gateway = n.gateway"
    " AND o.boot = 1 JOIN span s ON s.run = o.id WHERE n.boot = ?1",
    "INSERT INTO rolled SELECT n.id, s.first, s.last FROM run n JOIN run o"
    " ON o.gateway = n.gateway AND o.boot = 1 JOIN rolled s ON s.run = o.id WHERE n.boot = ?1",
    "INSERT INTO rollup SELECT n.id, s.part, s.level, s.bucket + ?2 * 1440 / s.level, s.body"
    " FROM run n JOIN run o ON o.gateway = n.gateway AND o.boot = 1"
    " JOIN rollup s ON s.run = o.id WHERE n.boot = ?1",
    "INSERT INTO tenure SELECT t.gateway, ?1, (n.id << 32) | (t.first & 4294967295),"
    " (n.id << 32) | (t.last & 4294967295), n.id, t.device, t.model FROM run n"
    " JOIN tenure t ON t.gateway = n.gateway AND t.boot = 1 WHERE n.boot = ?1",
)


def multiplied(server: Any, url: str, times_more: int) -> None:
    """So many times what is in a database of boot 1, by the server itself: in minutes."""
    with server.raw(url) as base:
        for number in range(1, times_more):
            for sql in COPIED:
                uses_days = "?2" in sql
                base.execute(sql, (1 + number, number) if uses_days else (1 + number,))
            print(f"\r{number + 1} of {times_more}", end="", file=sys.stderr, flush=True)
        base.execute("VACUUM ANALYZE")


def growth(
    servers: dict[str, Callable[[], str]], rows: int, raw: Any, more: Callable[[str, int], None]
) -> None:
    """Fill up to each size; at each, write the same work into it and into an empty one in turn.

    `more` makes a server multiply what it has, where writing all of it would take hours.
    """
    table = Table(
        "growth: 1,000 gateways, records/s by batches of 1,000; a chart of one signal",
        *("baseline", "records/s", "to empty", "day ms", "month ms", "latest ms", "bytes"),
    )
    for kind, new in servers.items():
        url = new()
        made = batches(7, boot=WORK)
        for readings in filled(kind, url, rows, more):
            store = open_store(url, reader=FrameReader())
            beside = open_store(new(), reader=FrameReader())
            rate, empty = best_rates([(store, made), (beside, batches(7, boot=WORK))])
            beside.close()
            baseline = raw(kind, [next(made) for _ in range(20)])
            size = store.size() or 0
            row = (round(baseline), round(rate), times(rate, empty), *charts(store))
            table.row(f"{kind}, {readings:,} readings", *row, f"{size / max(readings, 1):.1f}/r")
            store.close()


def best_rates(stores: list[tuple[Store, Iterator[Batch]]]) -> list[float]:
    """Records a second of each: the best of five turns of 20 batches, rollups included.

    They take turns, so that what else the machine does slows all of them.
    """
    rates: list[list[float]] = [[] for _ in stores]
    for turn in range(6):
        for (store, made), mine in zip(stores, rates, strict=True):
            work = [next(made) for _ in range(20)]
            begun = time.perf_counter()
            for batch in work:
                store.write(batch)
            while store.roll():
                pass
            # In the first one the gateways are new.
            if turn:
                mine.append(sum(map(len, work)) / (time.perf_counter() - begun))
    return [max(mine) for mine in rates]


def charts(store: Store) -> tuple[float, float, float]:
    """ms for a day and a month of one signal of one incubator, and for its newest values."""

    def ms(work: Callable[[], object]) -> float:
        taken = []
        for _ in range(5):
            begun = time.perf_counter()
            work()
            taken.append((time.perf_counter() - begun) * 1000)
        return sorted(taken)[2]

    name = f"load{GATEWAYS // 2:05d}"
    names = ["air_temperature"]
    return (
        ms(lambda: store.history(name, names, T0, T0 + DAY_MS)),
        ms(lambda: store.history(name, names, T0 - 15 * DAY_MS, T0 + 15 * DAY_MS)),
        ms(lambda: store.latest(name)),
    )


def charts_of_a_month(servers: dict[str, Callable[[], str]]) -> None:
    """A month of one incubator, at a frame a second, among a thousand."""
    table = Table(
        "charts: one incubator with a month of data among 1,000; one signal",
        *("day ms", "month ms", "latest ms"),
    )
    for kind, new in servers.items():
        store = open_store(new(), reader=FrameReader())
        others = batches(3)
        for _ in range(20):
            store.write(next(others))
        month(store)
        while store.roll(100_000, now=True):
            pass
        table.row(kind, *charts(store))
        store.close()


def month(store: Store) -> None:
    """One gateway's measured data, one frame a second for 30 days."""
    import random

    reader = FrameReader()
    plan = poll(random.Random(5))
    frames = [data for _, data in (next(plan) for _ in range(30_000)) if data[1] == 0x24]
    split = [(data, *reader.split(data)) for data in frames]
    name = f"load{GATEWAYS // 2:05d}"
    start = T0 - 15 * DAY_MS
    for first in range(1, 30 * 86_400 + 1, 20_000):
        batch = []
        for seq in range(first, min(first + 20_000, 30 * 86_400 + 1)):
            data, shape, body = split[seq % len(split)]
            at = start + seq * 1000
            batch.append(Record(name, 2, seq, at, None, at + 40, shape, body, data))
        store.write(batch)


def main() -> None:
    """What is asked for, on SQLite and, where there is a server, on PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=("live", "steady", "growth", "ceiling", "charts")
    )
    parser.add_argument("--rows", default="1m", help="readings to grow to: 1m, 10m, 100m")
    parser.add_argument("--seconds", type=float, default=30, help="of the live load")
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    args = parser.parse_args()
    from databases import UNAVAILABLE, Postgres, Sqlite, unavailable

    with tempfile.TemporaryDirectory(dir=".") as name, ExitStack() as stack:
        folder = Path(name)
        files = Sqlite(folder)
        servers: dict[str, Callable[[], str]] = {"SQLite": files.new}
        server = None
        try:
            # On the disk that SQLite has here, not on whatever /tmp is.
            server = Postgres(str(Path.cwd()))
            stack.callback(server.close)
            servers["PostgreSQL"] = server.new
        except UNAVAILABLE as error:
            print(unavailable(error))
        if args.only:
            servers = {args.only: servers[args.only]}

        def raw(kind: str, work: list[Batch]) -> float:
            total = sum(map(len, work))
            if kind == "PostgreSQL":
                assert server is not None
                url = server.new()
                numbered = _numbered(work)
                took = copied(server, url, numbered)
                server.drop(url)
                return total / took
            base = bare(folder / f"bare{time.monotonic_ns()}.db")
            begun = time.perf_counter()
            for number, batch in enumerate(_numbered(work)):
                write_bare(base, batch, number << 40)
            took = time.perf_counter() - begun
            base.close()
            return total / took

        def more(url: str, count: int) -> None:
            multiplied(server, url, count)

        millions = int(float(args.rows.rstrip("m")) * 10**6)
        if args.what in (None, "charts"):
            charts_of_a_month(servers)
        if args.what in (None, "live"):
            live(servers, args.seconds)
        if args.what == "steady":
            live(servers, args.seconds, ())
        if args.what in (None, "growth"):
            growth(servers, millions, raw, more)
        if args.what == "ceiling":
            ceiling(servers, millions, args.seconds, raw, more)


def _numbered(work: list[Batch]) -> list[Batch]:
    count = iter(range(1, 1 << 30))
    return [[record._replace(seq=next(count)) for record in batch] for batch in work]


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    main()
