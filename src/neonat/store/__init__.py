"""Schema, migrations and databases behind one small interface.

One writer, any number of readers; `open_store` is the way in. Imports nothing of the project.
"""

from neonat.store.interface import COLUMNS, WHAT, Store, open_store
from neonat.store.records import (
    BAD,
    CELLS,
    PREFIX,
    WHOLE,
    Boot,
    Cell,
    Clock,
    Drop,
    Identity,
    LegacyRecord,
    Meaning,
    MissingError,
    Name,
    Note,
    Reader,
    Record,
    Refusal,
    Row,
    State,
    StoreError,
    Written,
)

__all__ = [
    "BAD",
    "CELLS",
    "COLUMNS",
    "PREFIX",
    "WHAT",
    "WHOLE",
    "Boot",
    "Cell",
    "Clock",
    "Drop",
    "Identity",
    "LegacyRecord",
    "Meaning",
    "MissingError",
    "Name",
    "Note",
    "Reader",
    "Record",
    "Refusal",
    "Row",
    "State",
    "Store",
    "StoreError",
    "Written",
    "open_store",
]
