"""Databases of the original project, as its server would have written them."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from neonat.original.layout import COLUMNS

# The codes and fields of the first frame of the recording.
RECORDED = {
    "65": "30.8", "66": "31.6", "6C": " 18 ", "6D": "33.3", "6E": "   0",
    "C2": " 0.8", "E4": " 183", "EC": "  53", "F1": "   4", "F3": " 101",
}  # fmt: skip


def sliced(cells: dict[str, str], quote: str = "'") -> tuple[str, ...]:
    """The ten values that fixed offsets cut out of a frame of these cells."""
    body = "".join(code + cells[code] for code in sorted(cells))
    total = sum(b"\x01$" + body.encode()) & 0xFF
    text = f"{body}{total:02X}{quote}"
    return tuple(text[6 * place + 2 : 6 * place + 6] for place in range(len(COLUMNS)))


def original(path: Path, rows: Iterable[tuple], kind: str = "TEXT") -> Path:
    """A file with rows (unique_id, timestamp, ten values); `kind` is the type of its columns."""
    columns = ", ".join(f"{name} {kind}" for name in COLUMNS)
    with sqlite3.connect(path) as base:
        base.execute(
            "CREATE TABLE IF NOT EXISTS donnees(id INTEGER PRIMARY KEY AUTOINCREMENT,"
            f" unique_id TEXT, timestamp TEXT, {columns})"
        )
        marks = ", ".join("?" * (2 + len(COLUMNS)))
        names = ", ".join(COLUMNS)
        base.executemany(
            f"INSERT INTO donnees(unique_id, timestamp, {names}) VALUES ({marks})",
            [(name, stamp, *values) for name, stamp, values in rows],
        )
    base.close()
    return path
