"""Rows as Parquet: a directory with a folder for each day and a file for each gateway in it.

Needs pyarrow, the extra `parquet`. One batch of rows and a few open files are all that is held.
"""

import contextlib
import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from neonat.export.columns import (
    BYTES,
    DAY_OF,
    NUMBER,
    ORIGINAL,
    TEXT,
    TIME,
    TRUTH,
    WHOLE,
    Column,
    columns,
)
from neonat.export.dictionary import dictionary

BATCH = 20_000
OPEN_MAX = 8

Row = dict[str, Any]


class MissingLibraryError(Exception):
    """pyarrow is not installed: one line that says how to get it."""


def library() -> Any:
    """pyarrow; MissingLibraryError when it is not there."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingLibraryError(
            "--format parquet needs pyarrow: pip install 'neonat[parquet]', or use csv or jsonl"
        ) from error
    return pyarrow


def write_parquet(what: str, rows: Iterator[Row], folder: Path, facts: dict[str, str]) -> None:
    """Write rows below `folder`, which is there; OSError.

    What of a gateway and a day comes together is in one file, `day=2026-11-23/bed-1.parquet`.
    `facts` go into the schema's metadata, beside units, sources and the meaning of each column.
    """
    _Writer(what, folder, facts).write(rows)


class _Writer:
    def __init__(self, what: str, folder: Path, facts: dict[str, str]) -> None:
        self._arrow = library()
        self._columns = columns(what)
        self._day = DAY_OF.get(what)
        self._folder = folder
        self._schema = self._schema_of(what, facts)
        self._open: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._count: dict[str, int] = {}

    def write(self, rows: Iterator[Row]) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self._close_all)
            wrote = False
            while batch := list(islice(rows, BATCH)):
                wrote = True
                for place, part in self._parted(batch).items():
                    self._writer(place).write_batch(self._batch(part))
            if not wrote:
                self._writer(("", "")).write_batch(self._batch([]))

    def _parted(self, batch: list[Row]) -> dict[tuple[str, str], list[Row]]:
        parts: dict[tuple[str, str], list[Row]] = {}
        for row in batch:
            day = (row[self._day] or "unknown")[:10] if self._day else ""
            name = row.get("gateway") or row.get("unique_id") or ""
            parts.setdefault((day, name if self._day else ""), []).append(row)
        return parts

    def _writer(self, place: tuple[str, str]) -> Any:
        found = self._open.get(place)
        if found is None:
            if len(self._open) >= OPEN_MAX:
                self._open.popitem(last=False)[1].close()
            found = self._open[place] = self._arrow.parquet.ParquetWriter(
                self._path(place), self._schema, compression="zstd"
            )
        self._open.move_to_end(place)
        return found

    def _path(self, place: tuple[str, str]) -> Path:
        day, name = place
        folder = self._folder / f"day={day}" if day else self._folder
        folder.mkdir(exist_ok=True)
        stem = re.sub(r"[^A-Za-z0-9_-]", "_", name) or "rows"
        path = folder / f"{stem}.parquet"
        if str(path) in self._count or path.exists():
            self._count[str(path)] = number = self._count.get(str(path), 0) + 1
            return folder / f"{stem}.{number}.parquet"
        self._count[str(path)] = 0
        return path

    def _close_all(self) -> None:
        with contextlib.ExitStack() as stack:
            for writer in self._open.values():
                stack.callback(writer.close)

    def _batch(self, rows: list[Row]) -> Any:
        arrays = [
            self._array(column, [row[column.name] for row in rows]) for column in self._columns
        ]
        return self._arrow.record_batch(arrays, schema=self._schema)

    def _array(self, column: Column, values: list[Any]) -> Any:
        arrow = self._arrow
        if column.kind == TIME:
            return arrow.array(values, arrow.string()).cast(self._type(TIME))
        if column.kind == NUMBER:
            values = [None if value is None else float(value) for value in values]
        elif column.kind == TRUTH:
            values = [None if value is None else bool(value) for value in values]
        return arrow.array(values, self._type(column.kind))

    def _type(self, kind: str) -> Any:
        arrow = self._arrow
        return {
            TIME: lambda: arrow.timestamp("ms", tz="UTC"),
            WHOLE: arrow.int64,
            NUMBER: arrow.float64,
            TEXT: arrow.string,
            BYTES: arrow.binary,
            TRUTH: arrow.bool_,
        }[kind]()

    def _schema_of(self, what: str, facts: dict[str, str]) -> Any:
        fields = [
            self._arrow.field(
                column.name,
                self._type(column.kind),
                metadata={"description": column.text, **_unit(column.name)},
            )
            for column in self._columns
        ]
        codes = json.dumps(list(dictionary()), ensure_ascii=False, separators=(",", ":"))
        told = {f"neonat.{key}": value for key, value in facts.items()}
        return self._arrow.schema(fields, {"neonat.what": what, **told, "neonat.codes": codes})


def _unit(name: str) -> dict[str, str]:
    """Unit and source of one of the original project's columns, as of a Babyleo TN500."""
    code = ORIGINAL.get(name)
    for row in dictionary("5700") if code else ():
        if (row["kind"], row["codepage"], row["code"]) == ("reading", 1, code):
            told = {"code": code, "name": row["name"], "unit": row["unit"]}
            told |= {"source": row["source"], "certainty": row["certainty"]}
            return {key: value for key, value in told.items() if value}
    return {}
