"""Rows as lines of text: CSV and JSON lines."""

import csv
import io
import json
from collections.abc import Generator, Iterator
from typing import Any, TextIO

from medibus.escape import escape
from neonat.export.columns import columns

_BYTES = ("data", "payload")
_PIECE = 1000


def write_lines(what: str, form: str, rows: Iterator[dict[str, Any]], out: TextIO) -> None:
    """Write rows as `csv` or `jsonl`; bytes are escaped as on the wire."""
    if form == "csv":
        for piece in csv_pieces(what, rows):
            out.write(piece)
        return
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for row in rows:
        out.write(encode(_readable(row)) + "\n")


def csv_pieces(what: str, rows: Iterator[dict[str, Any]]) -> Generator[str, None, None]:
    """Rows as CSV, in pieces of some rows; the first begins with the names of the columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(column.name for column in columns(what))
    for count, row in enumerate(rows, 1):
        writer.writerow(_readable(row).values())
        if not count % _PIECE:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    for name in _BYTES:
        if isinstance(row.get(name), bytes):
            row[name] = escape(row[name])
    return row
