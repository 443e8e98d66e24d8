"""The public views, told once for every database; what differs is a `Dialect`.

`SqliteDialect` lies in `schema`, `PostgresDialect` in `postgresql_schema`. A row of `frame` is a
frame and those behind it (`packing`); `at` there counts from the run's `base_at`, or from the start
of the gateway where `shape` is negative: its clock was not set.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from typing import Protocol


class Dialect(Protocol):
    """How one kind of database says what SQL leaves open; arguments and results are its text."""

    # A join whose order the database keeps, where it can be told to.
    join: str

    def iso(self, ms: str) -> str:
        """ISO 8601 text of a time in ms."""

    def field(self, body: str, pos: str) -> str:
        """The four characters of a cell that lies in a body."""

    def value_of(self, field: str) -> str:
        """The number in a field: sign, digits, at most one point; NULL for anything else."""

    def raw(self, field: str) -> str:
        """A field as text."""

    def text(self, data: str) -> str:
        """The bytes of a gateway's record as text."""

    def char(self, text: str, place: str) -> str:
        """The number of a character of a text."""

    def data(self, shape: str, body: str) -> str:
        """A frame's bytes from its shape and body, as `packing.assemble`."""

    def told(self, state: str, key: str) -> str:
        """What a state says of the device; NULL when it says nothing."""


# What a stamp means: `{0}` the row that has it, `{1}` its run.
AT = "CASE WHEN {0}.shape > 0 THEN {1}.base_at ELSE {1}.boot_at END + {0}.at"

# The time of a row `x` of `latest` or `stretch`, given its run `r`.
STAMP = "x.at + CASE x.unset WHEN 0 THEN 0 ELSE r.boot_at END"

_NAMES = "LEFT JOIN catalog k ON k.model = {} AND k.item = c.item"
POSITION = "CASE x.boot WHEN 0 THEN x.at ELSE (r.id << 32) + x.seq END"
_RUNS = "gateway g {join} run r ON r.gateway = g.id AND r.boot {sign} 0"
_RUN = "run r {join} gateway g ON g.id = r.gateway"

# The kind of item and what makes it the same, of each view of episodes.
EPISODES = {
    "alarms": ("alarm", "c.code"),
    "settings": ("setting", "c.code, c.raw"),
    "texts": ("text", "c.code, c.text"),
}

ORIGINAL_CODES = (
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
ORIGINAL_COLUMNS = tuple(name for name, _ in ORIGINAL_CODES)


class Views:
    """The text of the views and of what `queries` asks, in one dialect.

    Parameters are written `?` or `?1`, as SQLite has them.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._sql = dialect
        self.iso = dialect.iso
        self.join = dialect.join
        self.text = dialect.text
        # A newest answer's field, as the views have it.
        self.latest_cell = f"{self._raw('x')} AS raw, {self._value('x')} AS value"

    def script(self) -> str:
        """The statements that create all views."""
        return self.of_frames() + self._episodes() + self._others()

    def of_frames(self) -> str:
        """The statements that create those that read the table `frame`."""
        return (
            self._cells_view("readings", "reading", "")
            + self._cells_view("limits", "limit", ", c.side AS side")
            + self._frames()
            + self._donnees()
        )

    def _field(self, alias: str) -> str:
        return self._sql.field(f"{alias}.body", "c.pos")

    def _value(self, alias: str) -> str:
        value = self._sql.value_of(self._field(alias))
        return f"CASE WHEN c.raw IS NULL THEN {value} ELSE c.value END"

    def _raw(self, alias: str) -> str:
        return f"CASE WHEN c.raw IS NULL THEN {self._sql.raw(self._field(alias))} ELSE c.raw END"

    # Both halves of a view have columns of the same affinity: else SQLite works out every column
    # of every row, asked for or not.
    def _cells_view(self, name: str, kind: str, extra: str) -> str:
        join = self._sql.join
        return f"""
CREATE VIEW {name} AS
SELECT g.name AS gateway, r.boot AS boot, f.id & 4294967295 AS seq,
  {self.iso(AT.format("f", "r"))} AS at, c.code AS code, c.codepage AS codepage, k.name AS name,
  {self._value("f")} AS value,
  k.unit AS unit, {self._raw("f")} AS raw{extra}
FROM gateway g {join} tenure t ON t.gateway = g.id {join} run r ON r.id = t.run
{join} frame f ON f.id BETWEEN t.first AND t.last
{join} cell c ON c.shape = abs(f.shape) AND c.kind = '{kind}'
{_NAMES.format("t.model")}
WHERE t.boot > 0
UNION ALL
SELECT g.name, CAST(NULL AS INTEGER), NULL, {self.iso("l.at")}, c.code, c.codepage, k.name,
  {self._value("l")}, k.unit,
  {self._raw("l")}{extra}
FROM gateway g {join} tenure t ON t.gateway = g.id AND t.boot = 0
{join} legacy l ON l.run = t.run AND l.at BETWEEN t.first AND t.last
{join} cell c ON c.shape = l.shape AND c.kind = '{kind}'
{_NAMES.format("t.model")};"""

    def cells_of(self, kind: str, legacy: bool, order: str) -> str:
        """The rows of `readings` or `limits` of one tenure, in the order of the frames.

        Parameters: gateway's name, model, run, lowest and highest id (times for `legacy`), name of
        the quantity twice (NULL: all), first time and time to stop before, most rows.
        """
        alias, place, seq, at, shape = (
            ("l", "l.at", "NULL", "l.at", "l.shape")
            if legacy
            else ("f", "f.id", "f.id & 4294967295", AT.format("f", "r"), "abs(f.shape)")
        )
        join = self._sql.join
        source = "legacy l ON l.run = r.id AND" if legacy else "frame f ON"
        ties = f"{alias}.id {order}, " if legacy else ""
        side = ", c.side AS side" if kind == "limit" else ""
        return f"""
SELECT CAST(?1 AS TEXT) AS gateway, nullif(r.boot, 0) AS boot, {seq} AS seq, {self.iso(at)} AS at,
  c.code AS code, c.codepage AS codepage, k.name AS name, {self._value(alias)} AS value,
  k.unit AS unit, {self._raw(alias)} AS raw{side}
FROM run r {join} {source} {place} BETWEEN ?4 AND ?5
{join} cell c ON c.shape = {shape} AND c.kind = '{kind}'
{_NAMES.format("?2")}
WHERE r.id = ?3 AND (CAST(?6 AS TEXT) IS NULL OR k.name = ?7) AND {at} >= ?8 AND {at} < ?9
ORDER BY {place} {order}, {ties}c.pos {order} LIMIT ?10"""

    def _frame(self, runs: str, low: str, high: str) -> str:
        join = self._sql.join

        def follower(back: int) -> str:
            return self._sql.char("f.more", f"3 * n.i - {back}") + " - 1"

        return f"""
SELECT g.name AS gateway, r.boot AS boot, (f.id & 4294967295) + n.i AS seq,
  {AT.format("f", "r")} + CASE n.i WHEN 0 THEN 0 ELSE {follower(2)} END AS at,
  CASE WHEN f.shape > 0 THEN 'set' WHEN r.clock_seq IS NULL THEN 'unset' ELSE 'corrected' END
    AS clock,
  r.base_at + f.at + f.lag + CASE n.i WHEN 0 THEN 0 ELSE {follower(2)}
    + CASE ({follower(1)}) & 1 WHEN 0 THEN ({follower(1)}) / 2
      ELSE -(({follower(1)} + 1) / 2) END END AS received_at,
  s.request AS request, {self._sql.data("s", "f.body")} AS data
FROM {runs.format(join=join, sign=">")}
{join} frame f ON f.id BETWEEN {low} AND {high}
{join} step n ON n.i <= length(f.more) / 3
{join} shape s ON s.id = CASE n.i WHEN 0 THEN abs(f.shape) ELSE {follower(0)} END
"""

    def _legacy_frame(self, runs: str) -> str:
        join = self._sql.join
        return f"""
SELECT g.name AS gateway, CAST(NULL AS INTEGER) AS boot, NULL AS seq, +l.at AS at, 'set' AS clock,
  +l.received_at AS received_at, s.request AS request, {self._sql.data("s", "l.body")} AS data
FROM {runs.format(join=join, sign="=")}
{join} legacy l ON l.run = r.id {join} shape s ON s.id = l.shape
"""

    def frames_of_run(self, legacy: bool) -> str:
        """The rows of `record` of one run: of this protocol, of the original one.

        Parameters: run, lowest and highest id (times for the original firmware's).
        """
        if legacy:
            return (
                self._legacy_frame(_RUN)
                + "WHERE r.id = ?1 AND l.at BETWEEN ?2 AND ?3 ORDER BY l.at, l.id"
            )
        return self._frame(_RUN, "?2", "?3") + "WHERE r.id = ?1 ORDER BY f.id, n.i"

    def _frames(self) -> str:
        times = f"{self.iso('at')} AS at, clock, {self.iso('received_at')} AS received_at"
        return f"""
CREATE VIEW record AS
{self._frame(_RUNS, "r.id << 32", "(r.id << 32) + 4294967295")}
UNION ALL
{self._legacy_frame(_RUNS)};
CREATE VIEW frames AS
SELECT gateway, boot, seq, {times}, data
FROM record WHERE request <> '!';
CREATE VIEW records AS
SELECT gateway, boot, seq, {times}, {self.text("data")} AS data
FROM record WHERE request = '!';
"""

    def episodes(self, kind: str, key: str, where: str = "") -> str:
        """Stretches that follow each other and all hold the same item, as one.

        `where` chooses among the rows `x` of the table `stretch`. An episode is told by its last
        stretch, and a stretch by the first of its cells that are the same.
        """
        island = f"PARTITION BY gateway, request, codepage, {key}, island"
        return f"""
SELECT g.name AS gateway, e.code AS code, e.codepage AS codepage, e.priority AS priority,
  e.text AS text, e.raw AS raw, e.value AS value, k.name AS name, k.unit AS unit,
  e.started AS started, e.seen AS seen, e.over AS over
FROM (
  SELECT c.*, first_value(began) OVER w AS started, first_value(model) OVER w AS named,
    lead(n) OVER w AS next
  FROM (
    SELECT s.gateway, s.request, s.n, s.began, s.seen, s.over, s.model, c.item, c.code, c.codepage,
      c.priority, c.raw, c.value, c.text, s.n - row_number() OVER (
        PARTITION BY s.gateway, s.request, c.codepage, {key} ORDER BY s.n) AS island
    FROM ({self._stretches(where)}) s JOIN (
      SELECT c.*, row_number() OVER (PARTITION BY shape, codepage, {key} ORDER BY pos) AS place
      FROM cell c WHERE kind = '{kind}') c
    ON c.shape = s.shape AND c.place = 1) c
  WINDOW w AS ({island} ORDER BY n)) e
JOIN gateway g ON g.id = e.gateway
LEFT JOIN catalog k ON k.model = e.named AND k.item = e.item
WHERE e.next IS NULL"""

    def _stretches(self, where: str) -> str:
        """Stretches in order: the n-th of its request, its begin, last sight and end."""
        return f"""
SELECT y.*, row_number() OVER w AS n, lead(began) OVER w AS over
FROM (
  SELECT x.gateway AS gateway, x.request AS request, x.boot AS boot, x.seq AS seq,
    x.shape AS shape, (
      SELECT t.model FROM tenure t
      WHERE t.gateway = x.gateway AND t.boot = x.boot AND t.first <= {POSITION}
      ORDER BY t.first DESC LIMIT 1) AS model,
    x.at + CASE x.unset WHEN 0 THEN 0 ELSE r.boot_at END AS began,
    x.last_at + CASE x.last_unset WHEN 0 THEN 0 ELSE l.boot_at END AS seen
  FROM stretch x JOIN run r ON r.gateway = x.gateway AND r.boot = x.boot
  JOIN run l ON l.gateway = x.gateway AND l.boot = x.last_boot {where}) y
WINDOW w AS (PARTITION BY gateway, request ORDER BY boot, seq)"""

    def _episodes(self) -> str:
        iso = self.iso
        views = "".join(
            f"CREATE VIEW {kind}_episode AS {self.episodes(kind, key)};"
            for kind, key in EPISODES.values()
        )
        return f"""{views}
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

    def _donnees(self) -> str:
        """The table of the original system; `place` says where in a shape each code lies."""
        join, iso = self._sql.join, self.iso
        places = ", ".join(
            f"max(CASE WHEN code = '{code}' AND raw IS NULL THEN pos END) AS p{code}, "
            f"max(CASE WHEN code = '{code}' THEN value END) AS v{code}"
            for _, code in ORIGINAL_CODES
        )

        def columns(alias: str) -> str:
            return ", ".join(
                f"CASE WHEN p{code} IS NULL THEN v{code} ELSE "
                + self._sql.value_of(self._sql.field(f"{alias}.body", f"p{code}"))
                + f' END AS "{name}"'
                for name, code in ORIGINAL_CODES
            )

        return f"""
CREATE VIEW place AS
SELECT s.id AS shape, {places}
FROM shape s LEFT JOIN cell c ON c.shape = s.id AND c.kind = 'reading'
WHERE s.request = '24' GROUP BY s.id;
CREATE VIEW donnees AS
SELECT f.id AS id, g.name AS unique_id, {iso(AT.format("f", "r"))} AS timestamp, {columns("f")}
FROM {_RUNS.format(join=join, sign=">")}
{join} frame f ON f.id BETWEEN r.id << 32 AND (r.id << 32) + 4294967295
JOIN place p ON p.shape = abs(f.shape)
UNION ALL
SELECT l.id, g.name, {iso("l.at")}, {columns("l")}
FROM {_RUNS.format(join=join, sign="=")}
{join} legacy l ON l.run = r.id JOIN place p ON p.shape = l.shape;
"""

    def _others(self) -> str:
        iso, told = self.iso, self._sql.told
        return f"""
CREATE VIEW gateways AS
SELECT g.name AS gateway, {iso("g.first_seen")} AS first_seen, {iso("g.last_seen")} AS last_seen,
  CASE WHEN s.id IS NULL THEN {told("g.state", "id")} ELSE s.device END AS device_id,
  CASE WHEN s.id IS NULL THEN {told("g.state", "name")} ELSE s.device_name END AS device_name,
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
