"""The SQLite schema by number: `MIGRATIONS[n]` leads from version n to n + 1, forward only.

Tables are private, views are public (commands.md). A row of `frame` is a frame and those behind
it (`packing`); `at` there counts from the run's `base_at`, or from the start of the gateway where
`shape` is negative: its clock was not set. A run is one boot of one gateway; boot 0 stands for
the frames of the original firmware, which have no numbers and lie in `legacy`.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from neonat.store.packing import FOLLOWERS_MAX

# Text of a time in ms. Integers this size pass through the division unharmed.
_ISO = "strftime('%Y-%m-%dT%H:%M:%fZ', ({}) / 1000.0, 'unixepoch')"


def iso(ms: str) -> str:
    return _ISO.format(ms)


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

# What a stamp means: `{0}` the row that has it, `{1}` its run.
AT = "CASE WHEN {0}.shape > 0 THEN {1}.base_at ELSE {1}.boot_at END + {0}.at"

_FIELD = "substr({0}.body, c.pos * 4 + 1, 4)"


def value_of(field: str) -> str:
    """The number in a field: sign, digits, at most one point; NULL for anything else.

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


def _value(alias: str) -> str:
    return f"CASE WHEN c.raw IS NULL THEN {value_of(_FIELD.format(alias))} ELSE c.value END"


def _raw(alias: str) -> str:
    return f"CASE WHEN c.raw IS NULL THEN CAST({_FIELD.format(alias)} AS TEXT) ELSE c.raw END"


# A newest answer's field, as the views have it.
LATEST_CELL = f"{_raw('x')} AS raw, {_value('x')} AS value"


def _data(shape: str, body: str) -> str:
    """A frame's bytes from its shape and body, as `packing.assemble`."""
    return f"""CASE substr({shape}.key, 1, 1)
      WHEN x'77' THEN substr({shape}.key, 2)
      WHEN x'63' THEN CAST(substr({shape}.key, 2, 2) || (
        SELECT group_concat(substr({shape}.key, 4 + 2 * c.pos, 2)
                            || substr({body}, 4 * c.pos + 1, 4), '')
        FROM cell c WHERE c.shape = {shape}.id ORDER BY c.pos)
        || substr({body}, -2) AS BLOB)
      ELSE CAST(substr({shape}.key, 2) || {body} AS BLOB) END"""


_NAMES = "LEFT JOIN catalog k ON k.model = {} AND k.item = c.item"


# Both halves of a view have columns of the same affinity: else SQLite works out every column of
# every row, asked for or not.
def _cells_view(name: str, kind: str, extra: str) -> str:
    return f"""
CREATE VIEW {name} AS
SELECT g.name AS gateway, r.boot AS boot, f.id & 4294967295 AS seq,
  {iso(AT.format("f", "r"))} AS at, c.code AS code, c.codepage AS codepage, k.name AS name,
  {_value("f")} AS value,
  k.unit AS unit, {_raw("f")} AS raw{extra}
FROM gateway g CROSS JOIN tenure t ON t.gateway = g.id CROSS JOIN run r ON r.id = t.run
CROSS JOIN frame f ON f.id BETWEEN t.first AND t.last
CROSS JOIN cell c ON c.shape = abs(f.shape) AND c.kind = '{kind}'
{_NAMES.format("t.model")}
WHERE t.boot > 0
UNION ALL
SELECT g.name, CAST(NULL AS INTEGER), NULL, {iso("l.at")}, c.code, c.codepage, k.name,
  {_value("l")}, k.unit,
  {_raw("l")}{extra}
FROM gateway g CROSS JOIN tenure t ON t.gateway = g.id AND t.boot = 0
CROSS JOIN legacy l ON l.run = t.run AND l.at BETWEEN t.first AND t.last
CROSS JOIN cell c ON c.shape = l.shape AND c.kind = '{kind}'
{_NAMES.format("t.model")};"""


def cells_of(kind: str, legacy: bool, order: str) -> str:
    """The rows of `readings` or `limits` of one tenure, in the order of the frames.

    Parameters: gateway's name, model, run, lowest and highest id (times for `legacy`), name of
    the quantity twice (NULL: all), first time and time to stop before, most rows (-1: all).
    """
    alias, place, seq, at, shape = (
        ("l", "l.at", "NULL", "l.at", "l.shape")
        if legacy
        else ("f", "f.id", "f.id & 4294967295", AT.format("f", "r"), "abs(f.shape)")
    )
    source = "legacy l ON l.run = r.id AND" if legacy else "frame f ON"
    ties = f"{alias}.id {order}, " if legacy else ""
    side = ", c.side AS side" if kind == "limit" else ""
    return f"""
SELECT ?1 AS gateway, nullif(r.boot, 0) AS boot, {seq} AS seq, {iso(at)} AS at,
  c.code AS code, c.codepage AS codepage, k.name AS name, {_value(alias)} AS value,
  k.unit AS unit, {_raw(alias)} AS raw{side}
FROM run r CROSS JOIN {source} {place} BETWEEN ?4 AND ?5
CROSS JOIN cell c ON c.shape = {shape} AND c.kind = '{kind}'
{_NAMES.format("?2")}
WHERE r.id = ?3 AND (?6 IS NULL OR k.name = ?7) AND {at} >= ?8 AND {at} < ?9
ORDER BY {place} {order}, {ties}c.pos {order} LIMIT ?10"""


_FOLLOWER = "unicode(substr(f.more, 3 * n.i - {}, 1)) - 1"

_FRAME = f"""
SELECT g.name AS gateway, r.boot AS boot, (f.id & 4294967295) + n.i AS seq,
  {AT.format("f", "r")} + CASE n.i WHEN 0 THEN 0 ELSE {_FOLLOWER.format(2)} END AS at,
  CASE WHEN f.shape > 0 THEN 'set' WHEN r.clock_seq IS NULL THEN 'unset' ELSE 'corrected' END
    AS clock,
  r.base_at + f.at + f.lag + CASE n.i WHEN 0 THEN 0 ELSE {_FOLLOWER.format(2)}
    + CASE ({_FOLLOWER.format(1)}) & 1 WHEN 0 THEN ({_FOLLOWER.format(1)}) / 2
      ELSE -(({_FOLLOWER.format(1)} + 1) / 2) END END AS received_at,
  s.request AS request, {_data("s", "f.body")} AS data
FROM {{runs}}
CROSS JOIN frame f ON f.id BETWEEN {{low}} AND {{high}}
CROSS JOIN step n ON n.i <= length(f.more) / 3
CROSS JOIN shape s ON s.id = CASE n.i WHEN 0 THEN abs(f.shape) ELSE {_FOLLOWER.format(0)} END
"""

_LEGACY_FRAME = f"""
SELECT g.name AS gateway, CAST(NULL AS INTEGER) AS boot, NULL AS seq, +l.at AS at, 'set' AS clock,
  +l.received_at AS received_at, s.request AS request, {_data("s", "l.body")} AS data
FROM {{runs}}
CROSS JOIN legacy l ON l.run = r.id CROSS JOIN shape s ON s.id = l.shape
"""

_RUNS = "gateway g CROSS JOIN run r ON r.gateway = g.id AND r.boot {} 0"
_RUN = "run r CROSS JOIN gateway g ON g.id = r.gateway"

# The rows of `record` of one run: of this protocol, of the original one.
# Parameters: run, lowest and highest id (times for the original firmware's).
FRAME_OF_RUN = (
    _FRAME.format(runs=_RUN, low="?2", high="?3") + "WHERE r.id = ?1 ORDER BY f.id, n.i",
    _LEGACY_FRAME.format(runs=_RUN)
    + "WHERE r.id = ?1 AND l.at BETWEEN ?2 AND ?3 ORDER BY l.at, l.id",
)

_FRAMES = f"""
CREATE VIEW record AS
{_FRAME.format(runs=_RUNS.format(">"), low="r.id << 32", high="(r.id << 32) + 4294967295")}
UNION ALL
{_LEGACY_FRAME.format(runs=_RUNS.format("="))};
CREATE VIEW frames AS
SELECT gateway, boot, seq, {iso("at")} AS at, clock, {iso("received_at")} AS received_at, data
FROM record WHERE request <> '!';
CREATE VIEW records AS
SELECT gateway, boot, seq, {iso("at")} AS at, clock, {iso("received_at")} AS received_at,
  CAST(data AS TEXT) AS data
FROM record WHERE request = '!';
"""

_POSITION = "CASE x.boot WHEN 0 THEN x.at ELSE (r.id << 32) + x.seq END"

# Stretches in order: the n-th of its request, when it began and was last seen, when it was over.
_STRETCHES = f"""
SELECT *, row_number() OVER w AS n, lead(began) OVER w AS over
FROM (
  SELECT x.gateway AS gateway, x.request AS request, x.boot AS boot, x.seq AS seq,
    x.shape AS shape, (
      SELECT t.model FROM tenure t
      WHERE t.gateway = x.gateway AND t.boot = x.boot AND t.first <= {_POSITION}
      ORDER BY t.first DESC LIMIT 1) AS model,
    x.at + CASE x.unset WHEN 0 THEN 0 ELSE r.boot_at END AS began,
    x.last_at + CASE x.last_unset WHEN 0 THEN 0 ELSE l.boot_at END AS seen
  FROM stretch x JOIN run r ON r.gateway = x.gateway AND r.boot = x.boot
  JOIN run l ON l.gateway = x.gateway AND l.boot = x.last_boot {{where}})
WINDOW w AS (PARTITION BY gateway, request ORDER BY boot, seq)"""


def episodes(kind: str, key: str, where: str = "") -> str:
    """Stretches that follow each other and all hold the same item, as one.

    `where` chooses among the rows `x` of the table `stretch`. A bare column beside max(n) is that
    of the last stretch, beside min(pos) that of the first cell.
    """
    return f"""
SELECT g.name AS gateway, e.code AS code, e.codepage AS codepage, e.priority AS priority,
  e.text AS text, e.raw AS raw, e.value AS value, k.name AS name, k.unit AS unit,
  e.started AS started, e.seen AS seen, e.over AS over
FROM (
  SELECT *, max(n) FROM (
    SELECT *, first_value(began) OVER w AS started, first_value(model) OVER w AS named
    FROM (
      SELECT s.*, c.*, s.n - row_number() OVER (
        PARTITION BY s.gateway, s.request, c.codepage, {key} ORDER BY s.n) AS island
      FROM ({_STRETCHES.format(where=where)}) s JOIN (
        SELECT shape AS of_shape, item, code, codepage, priority, raw, value, text, min(pos)
        FROM cell c WHERE kind = '{kind}' GROUP BY shape, codepage, {key}) c
      ON c.of_shape = s.shape) c
    WINDOW w AS (PARTITION BY gateway, request, codepage, {key}, island ORDER BY n)) c
  GROUP BY gateway, request, codepage, {key}, island) e
JOIN gateway g ON g.id = e.gateway
LEFT JOIN catalog k ON k.model = e.named AND k.item = e.item"""


# The kind of item and what makes it the same, of each view of episodes.
EPISODES = {
    "alarms": ("alarm", "c.code"),
    "settings": ("setting", "c.code, c.raw"),
    "texts": ("text", "c.code, c.text"),
}

_EPISODES = (
    "".join(
        f"CREATE VIEW {kind}_episode AS {episodes(kind, key)};" for kind, key in EPISODES.values()
    )
    + f"""
CREATE VIEW alarms AS
SELECT gateway, code, codepage, priority, text AS phrase, {iso("started")} AS started_at,
  {iso("seen")} AS last_seen_at, {iso("over")} AS ended_at
FROM alarm_episode;
CREATE VIEW settings AS
SELECT gateway, {iso("started")} AS at, {iso("over")} AS until, code, name, value, unit
FROM setting_episode;
CREATE VIEW texts AS
SELECT gateway, {iso("started")} AS at, {iso("over")} AS until, code, name, text
FROM text_episode;
"""
)

_COLUMNS = (
    ("T_periph", "65"),
    ("T_centr", "66"),
    ("humidite", "6C"),
    ("t_air", "6D"),
    ("rwp", "6E"),
    ("d_skin", "C2"),
    ("lum", "E4"),
    ("NL", "EC"),
    ("CHP", "F1"),
    ("W_date", "F3"),
)


def _donnees() -> str:
    """The table of the original system; `place` says where in a shape each code lies."""
    places = ", ".join(
        f"max(CASE WHEN code = '{code}' AND raw IS NULL THEN pos END) AS p{code}, "
        f"max(CASE WHEN code = '{code}' THEN value END) AS v{code}"
        for _, code in _COLUMNS
    )

    def columns(alias: str) -> str:
        return ", ".join(
            f"CASE WHEN p{code} IS NULL THEN v{code} ELSE "
            + value_of(f"substr({alias}.body, p{code} * 4 + 1, 4)")
            + f" END AS {name}"
            for name, code in _COLUMNS
        )

    return f"""
CREATE VIEW place AS
SELECT s.id AS shape, {places}
FROM shape s LEFT JOIN cell c ON c.shape = s.id AND c.kind = 'reading'
WHERE s.request = '24' GROUP BY s.id;
CREATE VIEW donnees AS
SELECT f.id AS id, g.name AS unique_id, {iso(AT.format("f", "r"))} AS timestamp, {columns("f")}
FROM gateway g CROSS JOIN run r ON r.gateway = g.id AND r.boot > 0
CROSS JOIN frame f ON f.id BETWEEN r.id << 32 AND (r.id << 32) + 4294967295
JOIN place p ON p.shape = abs(f.shape)
UNION ALL
SELECT l.id, g.name, {iso("l.at")}, {columns("l")}
FROM gateway g CROSS JOIN run r ON r.gateway = g.id AND r.boot = 0
CROSS JOIN legacy l ON l.run = r.id JOIN place p ON p.shape = l.shape;
"""


_STATE = "CASE WHEN json_valid(g.state) THEN json_extract(g.state, '$.device.{}') END"

_OTHERS = f"""
CREATE VIEW gateways AS
SELECT g.name AS gateway, {iso("g.first_seen")} AS first_seen, {iso("g.last_seen")} AS last_seen,
  CASE WHEN s.id IS NULL THEN {_STATE.format("id")} ELSE s.device END AS device_id,
  CASE WHEN s.id IS NULL THEN {_STATE.format("name")} ELSE s.device_name END AS device_name,
  g.online AS online
FROM gateway g LEFT JOIN shape s ON s.id = (
  SELECT x.shape FROM stretch x WHERE x.gateway = g.id AND x.request = '52'
  ORDER BY x.boot DESC, x.seq DESC LIMIT 1);
CREATE VIEW gaps AS
SELECT g.name AS gateway, r.boot AS boot, p.first AS first, p.last AS last, p.reason AS reason
FROM gateway g JOIN run r ON r.gateway = g.id JOIN gap p ON p.run = r.id;
CREATE VIEW refusals AS
SELECT {iso("received_at")} AS received_at, topic, reason, payload FROM refusal;
"""

_STEPS = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {FOLLOWERS_MAX})
INSERT INTO step SELECT i FROM n;
"""

_VIEWS = (
    _cells_view("readings", "reading", "")
    + _cells_view("limits", "limit", ", c.side AS side")
    + _FRAMES
    + _EPISODES
    + _donnees()
    + _OTHERS
)

MIGRATIONS: list[str] = [_TABLES + _STEPS + _VIEWS]
