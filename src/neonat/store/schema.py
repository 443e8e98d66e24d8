"""The SQLite schema by number: `MIGRATIONS[n]` leads from version n to n + 1, forward only.

Tables are private, views are public (commands.md). A run is one boot of one gateway; boot 0 stands
for the frames of the original firmware, which have no numbers and lie in `legacy`.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from neonat.store.originals import originals_script
from neonat.store.packing import FOLLOWERS_MAX
from neonat.store.views import Views
from neonat.store.ward_schema import LINES, ward_script

_TABLES = """
CREATE TABLE gateway(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_seen INTEGER, last_seen INTEGER,
  online INTEGER, state TEXT, state_at INTEGER, change INTEGER NOT NULL);
CREATE TABLE run(
  id INTEGER PRIMARY KEY, gateway INTEGER NOT NULL, boot INTEGER NOT NULL,
  base_at INTEGER, boot_at INTEGER, clock_seq INTEGER, back INTEGER NOT NULL DEFAULT 0,
  stamps INTEGER NOT NULL DEFAULT 0, reported INTEGER NOT NULL DEFAULT 0,
  UNIQUE(gateway, boot));
CREATE TABLE shape(
  id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, request TEXT NOT NULL,
  tracked INTEGER NOT NULL, device TEXT, device_name TEXT, revision TEXT);
CREATE TABLE cell(
  shape INTEGER NOT NULL, pos INTEGER NOT NULL, item INTEGER NOT NULL,
  kind TEXT NOT NULL, code TEXT NOT NULL,
  codepage INTEGER, side TEXT, priority TEXT, raw TEXT, value, text TEXT,
  PRIMARY KEY(shape, pos)) WITHOUT ROWID;
CREATE TABLE item(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, codepage INTEGER NOT NULL, code TEXT NOT NULL,
  UNIQUE(kind, codepage, code));
CREATE TABLE model(id INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE);
CREATE TABLE catalog(
  model INTEGER NOT NULL, item INTEGER NOT NULL, name TEXT, unit TEXT,
  PRIMARY KEY(model, item)) WITHOUT ROWID;
CREATE TABLE frame(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, lag INTEGER NOT NULL, shape INTEGER NOT NULL,
  body BLOB, more TEXT NOT NULL);
CREATE TABLE step(i INTEGER PRIMARY KEY);
CREATE TABLE legacy(
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL, at INTEGER NOT NULL, received_at INTEGER NOT NULL,
  shape INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE(run, at, shape, body));
CREATE TABLE span(
  run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY(run, first)) WITHOUT ROWID;
CREATE TABLE dropped(
  run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY(run, first, last)) WITHOUT ROWID;
CREATE TABLE held(
  run INTEGER NOT NULL, by_boot INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY(run, by_boot, first, last)) WITHOUT ROWID;
CREATE TABLE gap(
  run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY(run, first)) WITHOUT ROWID;
CREATE TABLE stretch(
  gateway INTEGER NOT NULL, request TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL,
  last_boot INTEGER NOT NULL, last_seq INTEGER NOT NULL, shape INTEGER NOT NULL,
  at INTEGER NOT NULL, unset INTEGER NOT NULL, last_at INTEGER NOT NULL,
  last_unset INTEGER NOT NULL,
  PRIMARY KEY(gateway, request, boot, seq)) WITHOUT ROWID;
CREATE TABLE tenure(
  gateway INTEGER NOT NULL, boot INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  run INTEGER NOT NULL, device TEXT NOT NULL, model INTEGER NOT NULL,
  PRIMARY KEY(gateway, boot, first)) WITHOUT ROWID;
CREATE TABLE latest(
  gateway INTEGER NOT NULL, request TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL,
  at INTEGER NOT NULL, unset INTEGER NOT NULL, received_at INTEGER NOT NULL,
  shape INTEGER NOT NULL, body BLOB, PRIMARY KEY(gateway, request)) WITHOUT ROWID;
CREATE TABLE refusal(
  id INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, topic TEXT NOT NULL,
  reason TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE health(id INTEGER PRIMARY KEY CHECK(id = 1), text TEXT NOT NULL);
"""

_STEPS = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {FOLLOWERS_MAX})
INSERT INTO step SELECT i FROM n;
"""


class SqliteDialect:
    """`neonat.store.views.Dialect` of SQLite: fields are bytes, what is true is 1."""

    join = "CROSS JOIN"

    def iso(self, ms: str) -> str:
        """ISO 8601 text; integers this size pass through the division unharmed."""
        return f"strftime('%Y-%m-%dT%H:%M:%fZ', ({ms}) / 1000.0, 'unixepoch')"

    def field(self, body: str, pos: str) -> str:
        """The four bytes of a cell."""
        return f"substr({body}, {pos} * 4 + 1, 4)"

    def value_of(self, field: str) -> str:
        """The number in a field, NULL for anything else.

        SQLite works out `field` each time that it stands here, so what is common comes first:
        trimmed of blanks and digits, an integer leaves nothing and a plain fraction its point.
        """
        text = f"trim({field})"
        digits = f"ltrim({text}, '+-')"
        return f"""CASE trim({field}, ' 0123456789')
      WHEN '' THEN CASE WHEN {text} = '' OR {text} GLOB '* *' THEN NULL
        ELSE CAST({text} AS INTEGER) END
      WHEN '.' THEN CASE WHEN {text} GLOB '* *' OR {text} NOT GLOB '*[0-9]*' THEN NULL
        ELSE CAST({text} AS REAL) END
      ELSE CASE WHEN {digits} GLOB '*[^0-9.]*' OR {text} GLOB '[+-][+-]*'
          OR {text} NOT GLOB '*[0-9]*' OR {text} GLOB '*.*.*' THEN NULL
        WHEN instr({text}, '.') THEN CAST({text} AS REAL) ELSE CAST({text} AS INTEGER) END END"""

    def raw(self, field: str) -> str:
        """A field as text."""
        return f"CAST({field} AS TEXT)"

    def text(self, data: str) -> str:
        """Bytes as text."""
        return f"CAST({data} AS TEXT)"

    def char(self, text: str, place: str) -> str:
        """The number of a character."""
        return f"unicode(substr({text}, {place}, 1))"

    def data(self, shape: str, body: str) -> str:
        """A frame's bytes."""
        return f"""CASE substr({shape}.key, 1, 1)
      WHEN x'77' THEN substr({shape}.key, 2)
      WHEN x'63' THEN CAST(substr({shape}.key, 2, 2) || (
        SELECT group_concat(substr({shape}.key, 4 + 2 * c.pos, 2)
                            || substr({body}, 4 * c.pos + 1, 4), '')
        FROM cell c WHERE c.shape = {shape}.id ORDER BY c.pos)
        || substr({body}, -2) AS BLOB)
      ELSE CAST(substr({shape}.key, 2) || {body} AS BLOB) END"""

    def told(self, state: str, key: str) -> str:
        """What a state says of the device."""
        return f"CASE WHEN json_valid({state}) THEN json_extract({state}, '$.device.{key}') END"


VIEWS = Views(SqliteDialect())

_ORIGINALS = originals_script(VIEWS, "INTEGER", "BLOB")

_WARD = ward_script(VIEWS, "INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER")

_ROLLUPS = """
CREATE TABLE rollup(
  run INTEGER NOT NULL, part INTEGER NOT NULL, level INTEGER NOT NULL, bucket INTEGER NOT NULL,
  body BLOB NOT NULL, PRIMARY KEY(run, part, level, bucket)) WITHOUT ROWID;
CREATE TABLE rolled(
  run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY(run, first)) WITHOUT ROWID;
ALTER TABLE run ADD COLUMN rolled_at INTEGER;
CREATE INDEX legacy_run ON legacy(run);
"""

_RETENTION = "ALTER TABLE run ADD COLUMN expired_at INTEGER;"

_WORKERS = """
CREATE TABLE worker(name TEXT PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL);
INSERT INTO worker SELECT '', 0, text FROM health;
DROP TABLE health;
"""

MIGRATIONS: list[str] = [
    _TABLES + _STEPS + VIEWS.script(),
    _WARD,
    _ROLLUPS,
    _RETENTION,
    _ORIGINALS,
    _WORKERS,
    LINES,
]
