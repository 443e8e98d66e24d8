"""The store: records/s written, bytes a reading on disk, µs a row read.

Each beside a bare loop of the same bytes in the same run: `executemany` of (id, at, data) into a
table, in batches of the same size, with the same settings of SQLite.
"""

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from medibus.frame import response
from neonat.ingest.reading import FrameReader
from neonat.store import Record, open_store
from table import Table, times

T0 = 1_795_000_000_000
READINGS = 10
BATCHES = (1, 50, 500, 2000, 10_000)


def poll(rng: random.Random) -> Iterator[tuple[int, bytes]]:
    """(ms since the start, frame): one a request, by the default plan, values that drift."""
    level = [30.8, 31.6, 45.0, 33.3, 20.0, 0.8, 183.0, 53.0, 4.0]
    widths = ("%4.1f", "%4.1f", "%3d ", "%4.1f", "%4d", "%4.1f", "%4d", "%4d", "%4d")
    codes = ("65", "66", "6C", "6D", "6E", "C2", "E4", "EC", "F1")
    second = 0
    while True:
        at = second * 1000
        level = [abs(value + rng.uniform(-0.1, 0.1)) for value in level]
        fields = [
            code + width % value for code, width, value in zip(codes, widths, level, strict=True)
        ]
        yield at + 80 + rng.randrange(20), _frame(0x24, "".join([*fields, "F3 101"]).encode())
        alarms = b"C43O2 SENS ERR " if second // 300 % 4 == 1 else b""
        yield at + 200 + rng.randrange(20), _frame(0x27, alarms)
        yield at + 320 + rng.randrange(20), _frame(0x2E, b"")
        if second % 10 == 0:
            yield at + 500, _frame(0x29, b"1A %4.1f" % (31.5 + second // 3600 % 3))
            yield at + 620, _frame(0x2A, b"138Air Mode\x0316GHumidity Control active\x03")
        if second % 60 == 0:
            yield at + 700, _frame(0x25, b"6536.06636.06D20.0")
            yield at + 780, _frame(0x2B, b"")
            yield at + 850, _frame(0x23, b"")
        if second % 300 == 0:
            clock = time.strftime("%H:%M:%S%d-APR-19", time.gmtime(second)).encode()
            yield at + 930, _frame(0x28, clock)
        second += 1


def _frame(code: int, data: bytes) -> bytes:
    return response(code, data)[:-1]


def records(gateways: int, seconds: int) -> tuple[list[list[Record]], int]:
    """What each gateway sends, a record at a time, and the readings in it."""
    reader = FrameReader()
    out = []
    count = 0
    for number in range(gateways):
        rng = random.Random(number)
        # A gateway has been up for a day: times take the bytes that they take in real life.
        shift = 86_400_000 + 37 * number
        mine = []
        for seq, (at, data) in enumerate(poll(rng), 1):
            if at >= seconds * 1000:
                break
            shape, body = reader.split(data)
            count += READINGS * (data[1] == 0x24)
            received = T0 + shift + at + 25 + rng.randrange(40)
            name = f"e89f6dd0{number:04x}"
            mine.append(Record(name, 1, seq, T0 + shift + at, None, received, shape, body, data))
        out.append(mine)
    return out, count


def bare(path: Path) -> sqlite3.Connection:
    """The baseline's database."""
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("CREATE TABLE bare(id INTEGER PRIMARY KEY, at INTEGER, data BLOB)")
    return base


def write_bare(base: sqlite3.Connection, batch: list[Record], shift: int = 0) -> None:
    """One transaction of the baseline."""
    base.execute("BEGIN")
    base.executemany(
        "INSERT INTO bare VALUES (?, ?, ?)",
        [(shift + record.seq, record.at, record.data) for record in batch],
    )
    base.execute("COMMIT")


def speed(folder: Path) -> None:
    """Records/s into `write`, one gateway, in batches as ingest makes them."""
    table = Table(
        "store.write: records/s into SQLite; baseline: bare rows of whole frames",
        *("baseline", "records/s", "to baseline"),
    )
    all_of_them = records(1, 16_000)[0][0]
    for size in BATCHES:
        part = all_of_them[: min(len(all_of_them), max(200, size * 40))]
        batches = [part[start : start + size] for start in range(0, len(part), size)]
        store = open_store(f"sqlite:///{folder}/s{size}.db", reader=FrameReader())
        begun = time.perf_counter()
        for batch in batches:
            store.write(batch)
        mine = len(part) / (time.perf_counter() - begun)
        store.close()
        base = bare(folder / f"b{size}.db")
        begun = time.perf_counter()
        for batch in batches:
            write_bare(base, batch)
        other = len(part) / (time.perf_counter() - begun)
        base.close()
        label = f"{size:,} record{'s' if size > 1 else ''} a batch"
        table.row(label, round(other), round(mine), times(mine, other))


def size(table: Table, folder: Path, gateways: int, seconds: int) -> Path:
    """Bytes a reading of the whole file, gateways taking turns as they do when live."""
    each, count = records(gateways, seconds)
    path = folder / f"size{gateways}.db"
    store = open_store(f"sqlite:///{path}", reader=FrameReader())
    base = bare(folder / f"bare{gateways}.db")
    begun = time.perf_counter()
    for turn in range(max(map(len, each))):
        # Each record is a message of its own; what all gateways sent meanwhile is one batch.
        batch = [mine[turn] for mine in each if turn < len(mine)]
        store.write(batch)
    took = time.perf_counter() - begun
    for turn in range(0, max(map(len, each)), 50):
        for number, mine in enumerate(each):
            write_bare(base, mine[turn : turn + 50], number << 32)
    store.close()
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.close()
    total = path.stat().st_size
    other = (folder / f"bare{gateways}.db").stat().st_size
    turns = max(map(len, each))
    label = f"{gateways} gateway{'s' if gateways > 1 else ''}, {seconds:,} s, {count:,} readings"
    table.row(label, other / count, total / count, times(total, other), round(took / turns * 1e6))
    shares(table, path, count)
    return path


def shares(table: Table, path: Path, count: int) -> None:
    """What takes the bytes."""
    base = sqlite3.connect(path)
    try:
        rows = base.execute(
            "SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY name ORDER BY 2 DESC"
        ).fetchall()
    except sqlite3.Error:
        rows = []
    for name, taken, unused in rows[:4]:
        table.row(f"  table {name}, {1 - unused / taken:.0%} full", None, taken / count)
    rest = sum(taken for _, taken, _ in rows[4:])
    if rows:
        table.row("  the others", None, rest / count)
    base.close()


def reading(path: Path, count: int) -> None:
    """µs a row through the view, beside the bare loop's rows cut up in Python."""
    table = Table("reading: µs a row of the view readings", "µs a row", "to baseline")
    base = sqlite3.connect(path.with_name(path.name.replace("size", "bare")))
    bare_took = best(lambda: cut(base)) / count * 1e6
    base.close()
    table.row("baseline: fields cut in Python, no numbers", bare_took, times(1, 1))
    base = sqlite3.connect(path)
    for columns in ("count(*)", "name, value", "gateway, at, name, value", "*"):
        took = best(lambda sql=f"SELECT {columns} FROM readings": drain(base, sql)) / count * 1e6
        table.row(f"SELECT {columns}", took, times(took, bare_took))
    base.close()


def drain(base: sqlite3.Connection, sql: str) -> None:
    """Fetch every row."""
    for _ in base.execute(sql):
        pass


def cut(base: sqlite3.Connection) -> None:
    """The baseline: codes and fields of every measured frame."""
    for (data,) in base.execute("SELECT data FROM bare"):
        if data[1] == 0x24:
            _ = [(data[at : at + 2], data[at + 2 : at + 6]) for at in range(2, len(data) - 2, 6)]


def best(work: Callable[[], None]) -> float:
    """Seconds of the quickest of three tries: the other core is seldom idle."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def main() -> None:
    """All of it; a number on the command line makes it longer."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        speed(folder)
        table = Table(
            "disk: bytes a reading, archive and indexes included; baseline: rows of whole frames",
            *("baseline", "bytes", "to baseline", "µs a commit"),
        )
        seconds = int(7200 * scale)
        path = size(table, folder, 1, seconds)
        size(table, folder, 20, seconds // 10)
        reading(path, READINGS * seconds)


if __name__ == "__main__":
    main()
