"""Old rows into the store: what they prove as readings, what they were beside it."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from medibus.frame import response
from medibus.requests import DATA
from neonat.original.layout import KEPT, PARTLY, Repaired, repaired
from neonat.original.rows import File, Original
from neonat.store import LegacyRecord, OriginalRow, Reader, Store
from neonat.store.originals import keep

BATCH = 2000
_REQUEST = next(code for code, page in DATA.items() if page == 1)


class Told(NamedTuple):
    """A row that is not certain in all its values, and why."""

    row: Original
    found: Repaired


def import_rows(
    store: Store,
    file: File,
    source: str,
    reader: Reader,
    zone: ZoneInfo,
    also: tuple[str, ...],
    tell: Callable[[Told], object],
    tick: Callable[[int], object],
) -> Counter[str]:
    """Import all rows; how many of each state, and under `new` how many were not there before.

    The frame of a row is put together from its certain values in the layout of a frame, so that
    views, charts and exports have it; `donnees_original` keeps what the row was. Rows that are
    there already change nothing. StoreError, OriginalError.
    """
    counts: Counter[str] = Counter()
    rows = file.rows(zone)
    while batch := list(islice(rows, BATCH)):
        judged = [(row, _judged(row, also)) for row in batch]
        legacy = list(_records(judged, reader))
        if legacy:
            store.write([], legacy)
        kept = [_kept(source, row, found) for row, found in judged]
        counts["new"] += store.change(partial(keep, rows=kept))
        for row, found in judged:
            counts[found.state] += 1
            if found.state in (PARTLY, KEPT):
                tell(Told(row, found))
        tick(len(batch))
    return counts


def _judged(row: Original, also: tuple[str, ...]) -> Repaired:
    if row.gateway is None:
        return Repaired(KEPT, {}, (), f"unique_id {row.unique_id[:40]!r} is no gateway's name")
    if row.at is None:
        return Repaired(KEPT, {}, (), f"timestamp {row.timestamp[:40]!r} is no time")
    return repaired(row.values, also)


def _records(judged: list[tuple[Original, Repaired]], reader: Reader) -> Iterator[LegacyRecord]:
    for row, found in judged:
        if found.cells and row.gateway is not None and row.at is not None:
            cells = "".join(code + found.cells[code] for code in sorted(found.cells))
            data = response(_REQUEST, cells.encode("latin-1"))[:-1]
            yield LegacyRecord(row.gateway, row.at, row.at, *reader.split(data), data)


def _kept(source: str, row: Original, found: Repaired) -> OriginalRow:
    return OriginalRow(
        row.key,
        source,
        row.row_id,
        row.unique_id,
        row.timestamp,
        tuple(None if value is None else str(value) for value in row.values),
        row.at,
        found.state,
        " ".join(found.absent),
        found.note,
    )
