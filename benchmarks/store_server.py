"""The store in PostgreSQL: records/s beside SQLite, bytes a reading, µs a row read.

The baseline is a bare loop of the same bytes in the same run: one COPY of (id, at, data) and one
commit a batch. The server is one of its own with its usual settings, fsync on.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from neonat.ingest.reading import FrameReader
from neonat.store import Record, open_store
from store import BATCHES, records
from table import Table, times

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

Batches = list[list[Record]]


def speed(server: Any, folder: Path) -> None:
    """Records/s into `write`, one gateway, in batches as ingest makes them."""
    table = Table(
        "store.write: records/s into PostgreSQL; baseline: bare COPY of whole frames",
        *("baseline", "PostgreSQL", "to baseline", "SQLite", "to SQLite"),
    )
    all_of_them = records(1, 16_000)[0][0]
    for size in BATCHES:
        part = all_of_them[: min(len(all_of_them), max(200, size * 40))]
        batches = [part[start : start + size] for start in range(0, len(part), size)]
        url = server.new()
        bare, mine, other = (
            round(len(part) / took)
            for took in (
                copied(server, url, batches),
                written(url, batches),
                written(f"sqlite:///{folder}/s{size}.db", batches),
            )
        )
        server.drop(url)
        label = f"{size:,} record{'s' if size > 1 else ''} a batch"
        table.row(label, bare, mine, times(mine, bare), other, times(mine, other))


def written(url: str, batches: Batches) -> float:
    """Seconds that a store takes for the batches."""
    store = open_store(url, reader=FrameReader())
    begun = time.perf_counter()
    for batch in batches:
        store.write(batch)
    took = time.perf_counter() - begun
    store.close()
    return took


def copied(server: Any, url: str, batches: Batches) -> float:
    """Seconds of the bare loop: a COPY and a commit a batch."""
    with server.raw(url) as base:
        base.execute("CREATE TABLE bare(id bigint PRIMARY KEY, at bigint, data bytea)")
        connection = base.connection
        begun = time.perf_counter()
        for batch in batches:
            with (
                connection.transaction(),
                connection.cursor().copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.set_types(["int8", "int8", "bytea"])
                for record in batch:
                    copy.write_row((record.seq, record.at, record.data))
        return time.perf_counter() - begun


def size(server: Any) -> None:
    """What the tables and indexes of 20 gateways take, one record of each a commit."""
    table = Table(
        "disk and reading: bytes a reading, indexes included; baseline: bare rows of whole frames",
        *("baseline", "bytes", "to baseline", "µs a commit", "µs a row"),
    )
    each, count = records(20, 720)
    turns = max(map(len, each))
    batches = [[mine[turn] for mine in each if turn < len(mine)] for turn in range(turns)]
    url = server.new()
    took = written(url, batches)
    with server.raw(url) as base:
        total = base.execute(
            "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchone()[0]
        begun = time.perf_counter()
        base.execute("SELECT gateway, at, name, value FROM readings").fetchall()
        row = (time.perf_counter() - begun) / count
    numbered = [
        [one._replace(seq=number << 32 | one.seq) for one in mine]
        for number, mine in enumerate(each)
    ]
    copied(server, url, numbered)
    with server.raw(url) as base:
        bare = base.execute("SELECT pg_total_relation_size('bare')").fetchone()[0]
    label = f"20 gateways, 720 s, {count:,} readings"
    figures = (bare / count, total / count, times(total, bare), round(took / turns * 1e6))
    table.row(label, *figures, row * 1e6)


def main() -> None:
    """All of it, where there is a server."""
    from databases import UNAVAILABLE, Postgres, unavailable

    try:
        # On the disk that SQLite has here, not on whatever /tmp is.
        server = Postgres(str(Path.cwd()))
    except UNAVAILABLE as error:
        print(unavailable(error))
        return
    try:
        with tempfile.TemporaryDirectory(dir=".") as name:
            speed(server, Path(name))
        size(server)
    finally:
        server.close()


if __name__ == "__main__":
    main()
