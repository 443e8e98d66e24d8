"""Rows of the original project's database as they were: the table behind `donnees_original`."""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from collections.abc import Sequence

from neonat.store.base import Base
from neonat.store.records import OriginalRow
from neonat.store.views import ORIGINAL_COLUMNS, Views

_KEPT = ("source", "row_id", "unique_id", "timestamp")
_FOUND = ("at", "state", "absent", "note")


def originals_script(views: Views, whole: str, blob: str) -> str:
    """The statements that create the table and the view."""
    values = ", ".join(f'"{name}" TEXT' for name in ORIGINAL_COLUMNS)
    shown = ", ".join(f'o."{name}" AS "{name}"' for name in ORIGINAL_COLUMNS)
    return f"""
CREATE TABLE original(
  key {blob} PRIMARY KEY, source TEXT NOT NULL, row_id {whole} NOT NULL, unique_id TEXT NOT NULL,
  timestamp TEXT NOT NULL, {values}, at {whole}, state TEXT NOT NULL, absent TEXT NOT NULL,
  note TEXT NOT NULL);
CREATE INDEX original_at ON original(unique_id, at);
CREATE VIEW donnees_original AS
SELECT o.source AS source, o.row_id AS id, o.unique_id AS unique_id, o.timestamp AS timestamp,
  {shown}, {views.iso("o.at")} AS at, o.state AS state, o.absent AS absent, o.note AS note
FROM original o;
"""


def keep(base: Base, rows: Sequence[OriginalRow]) -> int:
    """Write those that are not there yet; how many."""
    columns = ("key", *_KEPT, *(f'"{name}"' for name in ORIGINAL_COLUMNS), *_FOUND)
    sql = (
        f"INSERT INTO original({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        " ON CONFLICT DO NOTHING"
    )
    new = 0
    for row in rows:
        told = (row.key, row.source, row.row_id, row.unique_id, row.timestamp)
        found = (row.at, row.state, row.absent, row.note)
        new += base.execute(sql, (*told, *row.values, *found)).rowcount
    return new
