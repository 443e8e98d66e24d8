"""The table `frame` of PostgreSQL in pieces of four weeks, by the week of receipt.

By receipt, since that is the server's own time: what is received in a week is never older than the
partition says, however wrong a gateway's clock is. That a number is stored once is `span`'s, across
all of them. Where TimescaleDB is installed it makes the pieces, and compresses those that are done.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

import re
import time
from collections.abc import Iterable

from psycopg import errors

from neonat.store.postgresql_base import PostgresBase
from neonat.store.views import Views

WEEK_MS = 7 * 86_400_000
# Weeks of one partition.
WEEKS = 4

# So much later than its time a frame may go: with its partition, and a day for what came late.
LATE_MS = (WEEKS + 1) * WEEK_MS

# Whoever drops a partition waits no longer for those who read, and tries again later.
_PATIENCE = "SET LOCAL lock_timeout = '2s'"

_COLUMNS = """
  id bigint NOT NULL, at bigint NOT NULL, lag bigint NOT NULL, shape bigint NOT NULL,
  body bytea, more text NOT NULL, week integer NOT NULL, PRIMARY KEY(id, week)"""

_BOUNDS = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass('frame')"""

_BOUND = re.compile(r"FROM \('?(-?\d+|MINVALUE)'?\) TO \('?(-?\d+)'?\)")


def week_of(ms: int) -> int:
    """The week since 1970 of a time."""
    return ms // WEEK_MS


def script(views: Views) -> str:
    """Cut the table `frame` into partitions; what there is already becomes the first of them."""
    return f"""
DROP VIEW readings, limits, frames, records, record, donnees, place;
ALTER TABLE frame RENAME TO frame_before;
ALTER INDEX frame_pkey RENAME TO frame_before_id;
CREATE FUNCTION neonat_week() RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT (extract(epoch FROM now()) * 1000)::bigint / {WEEK_MS} $$;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    CREATE TABLE frame({_COLUMNS});
    PERFORM create_hypertable('frame', 'week', chunk_time_interval => {WEEKS});
    PERFORM set_integer_now_func('frame', 'neonat_week');
    INSERT INTO frame SELECT id, at, lag, shape, body, more, neonat_week() FROM frame_before;
    DROP TABLE frame_before;
    BEGIN
      ALTER TABLE frame SET (timescaledb.compress, timescaledb.compress_orderby = 'id');
      PERFORM add_compression_policy('frame', compress_after => {2 * WEEKS});
    EXCEPTION WHEN others THEN
      RAISE NOTICE 'this TimescaleDB does not compress: %', SQLERRM;
    END;
  ELSE
    CREATE TABLE frame({_COLUMNS}) PARTITION BY RANGE (week);
    IF EXISTS (SELECT FROM frame_before) THEN
      ALTER TABLE frame_before ADD COLUMN week integer NOT NULL DEFAULT 0;
      ALTER TABLE frame_before DROP CONSTRAINT frame_before_id;
      EXECUTE format('ALTER TABLE frame ATTACH PARTITION frame_before'
        ' FOR VALUES FROM (MINVALUE) TO (%s)', (neonat_week() / {WEEKS} + 1) * {WEEKS});
    ELSE
      DROP TABLE frame_before;
    END IF;
  END IF;
END $$;
{views.of_frames()}"""


class Partitions:
    """Sees to it that there is a partition for what is received now and soon."""

    def __init__(self, base: PostgresBase) -> None:
        self._base = base
        self._until = -1

    def missing(self) -> bool:
        """Whether `ensure` has something to do; tells the base the week."""
        self._base.week = week_of(time.time_ns() // 1_000_000)
        return self._base.week >= self._until

    def ensure(self) -> None:
        """Create this one and the next where they are not there; in a transaction."""
        first = self._base.week // WEEKS * WEEKS
        if self._partitioned():
            for start in (first, first + WEEKS):
                self._create(start)
        self._until = first + WEEKS

    def cover(self, weeks: Iterable[int]) -> None:
        """Create the partitions that these weeks lie in; in a transaction."""
        if self._partitioned():
            for start in sorted({week // WEEKS * WEEKS for week in weeks}):
                self._create(start)

    def _first_kept(self, before: int) -> int:
        """The week up to which partitions are too old; what is written into is never."""
        return min(week_of(before), self._base.week) // WEEKS * WEEKS

    def _partitioned(self) -> bool:
        """Whether the partitions are the store's own, not TimescaleDB's."""
        found = self._base.execute("SELECT relkind FROM pg_class WHERE oid = 'frame'::regclass")
        return found.fetchone()[0] in ("p", b"p")

    def _create(self, start: int) -> None:
        if any(low <= start < high for _, low, high in self.bounds()):
            return
        # A table that is attached keeps nobody from writing, one that is created inside does.
        self._base.execute(f"CREATE TABLE IF NOT EXISTS frame_w{start}(LIKE frame INCLUDING ALL)")
        self._base.execute(
            f"ALTER TABLE frame ATTACH PARTITION frame_w{start}"
            f" FOR VALUES FROM ({start}) TO ({start + WEEKS})"
        )

    def bounds(self) -> list[tuple[str, int, int]]:
        """The partitions: name, first week, the week after the last."""
        out = []
        for name, text in self._base.execute(_BOUNDS).fetchall():
            found = _BOUND.search(text)
            if found is not None:
                low = -1 if found[1] == "MINVALUE" else int(found[1])
                out.append((name, low, int(found[2])))
        return sorted(out, key=lambda one: one[2])

    def old(self, before: int) -> bool:
        """Whether there is something to drop: all that was received before a time (ms)."""
        week = self._first_kept(before)
        if self._partitioned():
            return any(high <= week for _, _, high in self.bounds())
        shown = self._base.execute("SELECT show_chunks('frame', older_than => ?::integer)", (week,))
        return shown.fetchone() is not None

    def drop(self, before: int) -> int:
        """Drop it; how many partitions. None goes while somebody reads for long."""
        week = self._first_kept(before)
        try:
            with self._base.connection.transaction():
                self._base.execute(_PATIENCE)
                gone = self._drop(week)
                self._base.execute(
                    "UPDATE run SET expired_at = ?1 WHERE base_at < ?1"
                    " AND (expired_at IS NULL OR expired_at < ?1)",
                    (week * WEEK_MS,),
                )
        except errors.LockNotAvailable:
            return 0
        return gone

    def _drop(self, week: int) -> int:
        if not self._partitioned():
            sql = "SELECT drop_chunks('frame', older_than => ?::integer)"
            return len(self._base.execute(sql, (week,)).fetchall())
        names = [name for name, _, high in self.bounds() if high <= week]
        for name in names:
            self._base.execute(f"DROP TABLE {name}")
        return len(names)
