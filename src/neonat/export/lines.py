"""Rows as lines of text: CSV and JSON lines."""

import csv
import json
from collections.abc import Iterator
from typing import Any, TextIO

from medibus.escape import escape
from neonat.export.columns import columns

_BYTES = ("data", "payload")


def write_lines(what: str, form: str, rows: Iterator[dict[str, Any]], out: TextIO) -> None:
    """Write rows as `csv` or `jsonl`; bytes are escaped as on the wire."""
    if form == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(column.name for column in columns(what))
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for row in rows:
        for name in _BYTES:
            if isinstance(row.get(name), bytes):
                row[name] = escape(row[name])
        if form == "csv":
            writer.writerow(row.values())
        else:
            out.write(encode(row) + "\n")
