"""What codes are called: the tables `model`, `item` and `catalog`."""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from neonat.store.base import Base
from neonat.store.records import Reader

# The model whose catalog names a device's codes: its own, or the one of all that are not known.
MODEL_OF = (
    "coalesce((SELECT id FROM model WHERE device = {}), (SELECT id FROM model WHERE device = ''))"
)


def item_of(base: Base, kind: str, codepage: int | None, code: str) -> int:
    """The number of what a catalog can name, written when it is new."""
    key = (kind, codepage or 0, code)
    row = base.execute(
        "SELECT id FROM item WHERE kind = ? AND codepage = ? AND code = ?", key
    ).fetchone()
    if row is None:
        row = base.execute(
            "INSERT INTO item(kind, codepage, code) VALUES (?, ?, ?) RETURNING id", key
        ).fetchone()
    return row[0]


def write_catalog(base: Base, reader: Reader) -> None:
    """Make the catalog what the reader says; history shows its names at once."""
    models = dict(base.execute("SELECT device, id FROM model"))
    items = {
        tuple(key): ident
        for *key, ident in base.execute("SELECT kind, codepage, code, id FROM item")
    }
    new: dict[tuple[int, int], tuple] = {}
    for device in ("", *dict.fromkeys(row.device for row in reader.names())):
        if device not in models:
            models[device] = base.execute(
                "INSERT INTO model(device) VALUES (?) RETURNING id", (device,)
            ).fetchone()[0]
    for row in reader.names():
        key = (row.kind, row.codepage or 0, row.code)
        if key not in items:
            items[key] = item_of(base, row.kind, row.codepage, row.code)
        new[models[row.device], items[key]] = (row.name, row.unit)
    rows = {(*key, *named) for key, named in new.items()}
    old = {tuple(row) for row in base.execute("SELECT model, item, name, unit FROM catalog")}
    if rows == old:
        return
    base.execute("DELETE FROM catalog")
    base.executemany("INSERT INTO catalog VALUES (?, ?, ?, ?)", sorted(rows, key=str))
    base.execute(f"UPDATE tenure SET model = {MODEL_OF.format('tenure.device')}")
