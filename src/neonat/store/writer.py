"""One batch into the tables, inside one transaction that the caller opens and ends."""

# ruff: noqa: S608 - statements are put together from this package's own text only.

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from neonat.store import spans
from neonat.store.base import Base, Many
from neonat.store.memory import Gateway, Memory, Run, Shape, Tail
from neonat.store.packing import (
    FOLLOWERS_MAX,
    NUMBER_LIMIT,
    SEQ_MAX,
    Stored,
    assemble,
    follower,
    unpack,
)
from neonat.store.records import (
    Boot,
    Clock,
    Drop,
    LegacyRecord,
    Reader,
    Record,
    Refusal,
    State,
    Written,
)
from neonat.store.redecode import Redecoding
from neonat.store.retention import Retention
from neonat.store.rollup import FOLD_AT, FOLD_LIVE, Rollups, Waiting
from neonat.store.stretches import Sight, Stretch, Stretches, legacy_seq
from neonat.store.tenure import settle
from neonat.store.views import Views

REFUSALS_MAX = 100_000
PAYLOAD_KEPT = 256
BOOT_MAX = 0xFFFFFFFF
TIME_LIMIT = 1 << 62
CLOCK_SLACK_MS = 60_000

_NEWER = (
    " ON CONFLICT (gateway, request) DO UPDATE SET boot = excluded.boot, seq = excluded.seq,"
    " at = excluded.at, unset = excluded.unset, received_at = excluded.received_at,"
    " shape = excluded.shape, body = excluded.body"
)
_LATEST = Many(
    "INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" + _NEWER,
    "INSERT INTO latest SELECT * FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::bigint[],"
    " ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bytea[])" + _NEWER,
)
_SEEN = Many(
    "UPDATE gateway SET first_seen = ?, last_seen = ?, change = ? WHERE id = ?",
    "UPDATE gateway g SET first_seen = x.first, last_seen = x.last, change = x.change"
    " FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[]) x(first, last, change, id)"
    " WHERE g.id = x.id",
)
_RUN_ROW = Many(
    "UPDATE run SET base_at = ?, boot_at = ?, clock_seq = ?, back = ?, stamps = ?, reported = ?"
    " WHERE id = ?",
    "UPDATE run r SET base_at = x.base_at, boot_at = x.boot_at, clock_seq = x.clock_seq,"
    " back = x.back, stamps = x.stamps, reported = x.reported FROM unnest(?::bigint[],"
    " ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])"
    " x(base_at, boot_at, clock_seq, back, stamps, reported, id) WHERE r.id = x.id",
)
_GROWN = Many(
    "UPDATE span SET last = ? WHERE run = ? AND first = ?",
    "UPDATE span s SET last = x.last"
    " FROM unnest(?::bigint[], ?::bigint[], ?::bigint[]) x(last, run, first)"
    " WHERE s.run = x.run AND s.first = x.first",
)

_SEQ = itemgetter(2)
_RECEIVED = itemgetter(5)


class Writer:
    """The tables' one writer: what it remembers, and the batch in the making."""

    def __init__(self, base: Base, reader: Reader, views: Views, late: int = 0) -> None:
        self._base = base
        self._reader = reader
        self._retention = Retention(base, views, late)
        self._waiting = Waiting()
        self.forget()

    def forget(self) -> None:
        """Drop all memory: the tables are not as it says."""
        self._memory = Memory(self._base, self._reader)
        self._stretches = Stretches(self._base)
        self._rollups = Rollups(self._base)

    def undone(self) -> None:
        """Drop all memory: what was written last is not in the tables."""
        self._waiting = Waiting()
        self.forget()

    def redecoding(self) -> Redecoding:
        """What reads again all that is stored."""
        return Redecoding(self._base, self._reader)

    def due(self, most: int, now: bool) -> list[tuple[int, str]]:
        """(run, gateway) of what `fold` should be called for; `now`: all that waits."""
        if not self._waiting.complete:
            self._waiting.read(self._base)
        return self._waiting.due(most, now)

    def recount(self) -> None:
        """Read anew what waits to be put into the rollups: other writers may have left some."""
        self._waiting.complete = False

    def fold(self, due: Iterable[tuple[int, str]], most: int, now: bool) -> int:
        """Put up to `most` numbers of each of the runs into the rollups; how many runs are due."""
        for run, _ in due:
            self._waiting.folded(run, self._rollups.fold(run, most))
        return len(self._waiting.due(FOLD_AT, now))

    def unknown(self, names: Iterable[str], keys: Iterable[bytes]) -> tuple[list[str], list[bytes]]:
        """Those of the gateways and shapes that are not in memory."""
        gateways, shapes = self._memory.gateways, self._memory.shapes
        return (
            [name for name in names if name not in gateways],
            [key for key in keys if key not in shapes],
        )

    def learn(self, keys: Iterable[bytes]) -> None:
        """Read or write shapes."""
        for key in keys:
            self._memory.shape(key)

    def refresh(self, changes: Iterable[tuple[str, int]]) -> None:
        """Forget the gateways that another writer has changed: (name, its last change)."""
        for name, change in changes:
            gateway = self._memory.gateways.get(name)
            if gateway is not None and gateway.change != change:
                del self._memory.gateways[name]
                self._stretches.forget(gateway.id)

    def expire_of_all(self, keep: Mapping[str, int], now: int, most: int) -> int:
        """Take away up to `most` old rows of each kind that belong to no gateway."""
        return self._retention.of_all(keep, now, most)

    def expire(self, names: Iterable[str], keep: Mapping[str, int], now: int, most: int) -> int:
        """Take away about `most` old rows of gateways; how many went.

        They count as changed: what writers remember of their newest rows may be gone.
        """
        gone = 0
        for name in names:
            ident = self._base.execute("SELECT id FROM gateway WHERE name = ?", (name,))
            went = self._retention.of_gateway(ident.fetchone()[0], keep, now, most - gone)
            if went:
                change = self._base.next_change()
                self._base.execute("UPDATE gateway SET change = ? WHERE name = ?", (change, name))
                self.refresh([(name, change)])
            gone += went
            if gone >= most:
                break
        return gone

    def trim(self) -> None:
        """Forget what has grown too much; for between two transactions."""
        self._memory.trim()
        self._stretches.trim(200_000)

    def write(
        self,
        records: Sequence[Record],
        legacy: Sequence[LegacyRecord],
        states: Sequence[State],
        refusals: Sequence[Refusal],
    ) -> Written:
        """Put one batch into the tables."""
        self._touched: set[Gateway] = set()
        self._moved: set[Gateway] = set()
        self._rows: list[list[Any]] = []
        self._longer: dict[int, str] = {}
        self._blocks: list[tuple[Gateway, str, Stretch]] = []
        self._newest: dict[tuple[Gateway, str], tuple] = {}
        self._notes: list[tuple[Run, Record]] = []
        self._runs: set[Run] = set()
        self._fresh: dict[Run, int] = {}
        self._unexplained: set[Run] = set()
        self._ahead: dict[str, tuple[int, int]] = {}
        if self._base.distant:
            groups = (records, legacy, states)
            news = self._memory.gather({one.gateway for group in groups for one in group})
            self._stretches.gather(news)
            self._moved.update(self._memory.open({(one[0], one[1]) for one in records}, BOOT_MAX))
        written = Written({}, [], 0, 0)
        stored = repeated = 0
        for bucket in _buckets(records):
            new, old = self._run_records(bucket, written)
            stored += new
            repeated += old
        for line in legacy:
            new_line = self._legacy(line)
            stored += new_line
            repeated += not new_line
        for state in states:
            self._state(state)
        self._refusals(refusals)
        self._flush()
        return written._replace(stored=stored, repeated=repeated, newest=self._ahead)

    def _run_records(self, bucket: list[Record], written: Written) -> tuple[int, int]:
        """The records of one run: how many are new, how many were there."""
        bucket.sort(key=_SEQ)
        first = bucket[0]
        if not (1 <= first.boot <= BOOT_MAX and first.seq >= 1 and bucket[-1].seq <= SEQ_MAX):
            written.conflicts.extend(bucket)
            return 0, 0
        gateway = self._memory.gateway(first.gateway)
        self._touched.add(gateway)
        received = list(map(_RECEIVED, bucket))
        gateway.seen(min(received), max(received))
        run = gateway.runs.get(first.boot) or self._new_run(gateway, first.boot)
        if run.base_at is None:
            run.base_at = (
                first.at if first.at is not None else first.received_at - (first.uptime or 0)
            )
        fresh, again = _parted(bucket, run)
        acked: list[spans.Range] = []
        for chunk in _chunks(fresh):
            self._chunk(run, chunk)
            acked.append((chunk[0].seq, chunk[-1].seq))
        if fresh:
            self._runs.add(run)
            self._fresh[run] = len(fresh)
        if fresh and not run.spans:
            self._moved.add(gateway)
        for low, high in acked:
            spans.add(run.spans, low, high)
        same = self._same(run, again, fresh, written) if again else []
        newest = gateway.runs.get(gateway.newest, run)
        if newest is not run or len(same) < len(again):
            self._ahead[gateway.name] = newest.boot, newest.spans[-1][1]
        ranges = spans.normal([*acked, *((seq, seq) for seq in same)]) if same else acked
        if ranges:
            written.acks.setdefault(gateway.name, []).extend(
                (run.boot, low, high) for low, high in ranges
            )
        return len(fresh), len(same)

    def _new_run(self, gateway: Gateway, boot: int) -> Run:
        self._moved.add(gateway)
        return self._memory.run(gateway, boot)

    def _chunk(self, run: Run, chunk: list[Record]) -> None:
        """New records without a hole between them: the one loop that must be fast."""
        shapes = self._memory.shapes
        base = run.base_at
        assert base is not None
        ident = run.id << 32
        tail = run.tail_before(chunk[0].seq)
        newest: dict[Shape, tuple] = {}
        segments: dict[str, list[Any]] = {}
        done: list[list[Any]] = []
        unset = False
        stamps = run.stamps
        previous = -TIME_LIMIT if tail is None else tail.end
        if tail is not None and self._base.lengthens:
            row: list[Any] = [
                tail.first,
                tail.at,
                tail.lag,
                -1 if tail.unset else 1,
                None,
                tail.more,
            ]
            more, at0, lag0, unset0 = [tail.more], tail.at, tail.lag, tail.unset
            room = FOLLOWERS_MAX - len(tail.more) // 3
        else:
            row, more, at0, lag0, unset0, room = [], [], 0, 0, False, 0
        rows: list[list[Any]] = [row] if row else []
        for record in chunk:
            _, _, seq, at, uptime, received, key, body, _ = record
            shape = shapes.get(key) or self._memory.shape(key)
            if at is None:
                stamp = at = uptime or 0
                unset = True
                stamps |= 2
                _guess_boot(run, received - at)
            else:
                stamp = at
                at -= base
                unset = False
                stamps |= 1
            if at < previous:
                run.back += previous - at
            previous = at
            lag = received - base - at
            after = at - at0
            if (
                room
                and body is None
                and shape.follows
                and unset is unset0
                and 0 <= after < NUMBER_LIMIT
                and (piece := follower(after, lag - lag0, shape.id))
            ):
                more.append(piece)
                room -= 1
            else:
                if row:
                    row[5] = "".join(more)
                row = [ident | seq, at, lag, -shape.id if unset else shape.id, body, ""]
                rows.append(row)
                more, at0, lag0, unset0, room = [], at, lag, unset, FOLLOWERS_MAX
            newest[shape] = (seq, stamp, unset, received, body)
            if shape.tracked:
                segment = segments.get(shape.request)
                if segment is not None and segment[0] is shape:
                    segment[4] = seq
                    segment[5] = stamp
                    segment[6] = unset
                else:
                    segment = [shape, seq, stamp, unset, seq, stamp, unset]
                    segments[shape.request] = segment
                    done.append(segment)
            elif shape.note:
                self._notes.append((run, record))
        row[5] = "".join(more)
        run.stamps = stamps
        if tail is not None and rows[0][0] == tail.first:
            old = rows.pop(0)
            if len(old[5]) > len(tail.more):
                self._longer[tail.first] = old[5]
        self._rows += rows
        run.tail = Tail(row[0], chunk[-1].seq, at0, lag0, unset0, row[5], previous)
        self._gather(run, newest, done)

    def _gather(self, run: Run, newest: dict[Shape, tuple], segments: list[list[Any]]) -> None:
        """What a chunk means for the newest answers and for the stretches."""
        for shape, (seq, at, unset, received, body) in newest.items():
            if len(shape.request) == 2:
                self._offer(run.gateway, shape, (run.boot, seq), (at, unset, received, body))
        for shape, seq, at, unset, last, last_at, last_unset in segments:
            block = Stretch(
                shape.id,
                Sight(run.boot, seq, at, unset),
                Sight(run.boot, last, last_at, last_unset),
            )
            self._blocks.append((run.gateway, shape.request, block))

    def _offer(self, gateway: Gateway, shape: Shape, place: tuple[int, int], rest: tuple) -> None:
        """Keep an answer when it is the newest to its request."""
        if place > gateway.latest.get(shape.request, (-1, 0)):
            gateway.latest[shape.request] = place
            at, unset, received, body = rest
            self._newest[gateway, shape.request] = (
                gateway.id,
                shape.request,
                *place,
                at,
                int(unset),
                received,
                shape.id,
                body,
            )

    def _same(
        self, run: Run, again: list[Record], fresh: list[Record], written: Written
    ) -> list[int]:
        """The numbers of `again` whose data is what is stored; the others are conflicts."""
        mine = {record.seq: record for record in fresh}
        same = []
        elder = [record for record in again if record.seq not in mine]
        for record in again:
            if record.seq in mine:
                if _repeats(mine[record.seq], record):
                    same.append(record.seq)
                else:
                    written.conflicts.append(record)
        for chunk in _chunks(elder, distinct=False):
            stored = self._stored(run, chunk[0].seq, chunk[-1].seq)
            for record in chunk:
                # What has expired cannot be compared any more: it counts as the same.
                if record.seq not in stored or self._equal(run, stored[record.seq], record):
                    same.append(record.seq)
                else:
                    written.conflicts.append(record)
        return same

    def _stored(self, run: Run, first: int, last: int) -> dict[int, Stored]:
        self._flush_frames()
        low = self._base.execute(
            "SELECT max(id) FROM frame WHERE id BETWEEN ? AND ?", (run.ident(0), run.ident(first))
        ).fetchone()[0]
        rows = self._base.execute(
            "SELECT id, at, lag, shape, body, more FROM frame WHERE id BETWEEN ? AND ?",
            (low or run.ident(first), run.ident(last)),
        )
        return {frame.seq: frame for row in rows for frame in unpack(row)}

    def _equal(self, run: Run, stored: Stored, record: Record) -> bool:
        """Whether it is the frame that is stored; its stamp may have been corrected since."""
        at = None if stored.unset else stored.at + (run.base_at or 0)
        if not _stamped_alike((at, stored.at), (record.at, record.uptime)):
            return False
        shape = self._memory.shapes.get(record.shape)
        if shape is not None and shape.id == stored.shape and record.body == stored.body:
            return True
        return assemble(self._memory.key(stored.shape), stored.body) == record.data

    def _legacy(self, record: LegacyRecord) -> bool:
        """One frame of the original firmware; whether it is new."""
        gateway = self._memory.gateway(record.gateway)
        self._touched.add(gateway)
        gateway.seen(record.received_at, record.received_at)
        run = gateway.runs.get(0) or self._new_run(gateway, 0)
        if run.expired_at is not None and record.at < run.expired_at:
            return False
        shape = self._memory.shapes.get(record.shape) or self._memory.shape(record.shape)
        new = self._base.execute(
            "INSERT INTO legacy(run, at, received_at, shape, body)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (run.id, record.at, record.received_at, shape.id, record.body or b""),
        ).rowcount
        if not new:
            return False
        self._fresh[run] = self._fresh.get(run, 0) + 1
        sight = Sight(0, legacy_seq(record.at, record.shape), record.at, False)
        if shape.tracked:
            self._blocks.append((gateway, shape.request, Stretch(shape.id, sight, sight)))
        if len(shape.request) == 2:
            rest = (record.at, False, record.received_at, record.body)
            self._offer(gateway, shape, sight.position, rest)
        return True

    def _state(self, state: State) -> None:
        """Keep it when it is the newest; a time far ahead is of a server's clock that was wrong."""
        gateway = self._memory.gateway(state.gateway)
        self._touched.add(gateway)
        gateway.seen(state.received_at, state.received_at)
        self._base.execute(
            "UPDATE gateway SET online = ?1, state = ?2, state_at = ?3"
            " WHERE id = ?4 AND (coalesce(state_at, ?3) <= ?3 OR state_at > ?3 + ?5)",
            (_online(state.text), state.text, state.received_at, gateway.id, CLOCK_SLACK_MS),
        )

    def _refusals(self, refusals: Sequence[Refusal]) -> None:
        if not refusals:
            return
        self._base.executemany(
            "INSERT INTO refusal(received_at, topic, reason, payload) VALUES (?, ?, ?, ?)",
            [
                (at, topic, reason, payload[:PAYLOAD_KEPT])
                for at, topic, reason, payload in refusals
            ],
        )
        self._base.execute(
            "DELETE FROM refusal WHERE id <= (SELECT max(id) FROM refusal) - ?", (REFUSALS_MAX,)
        )

    def _flush(self) -> None:
        """From the batch to the tables."""
        self._flush_frames()
        with self._base.together():
            self._derive()
            if self._touched:
                self._change()

    def _derive(self) -> None:
        """What the new frames change elsewhere."""
        self._save_rows()
        for gateway, request, block in self._blocks:
            if self._stretches.merge(gateway.id, request, block) and request == "52":
                self._moved.add(gateway)
        self._stretches.flush()
        for run, record in self._notes:
            self._note(run, record)
        self._base.many(_LATEST, list(self._newest.values()))
        self._save_rows()
        self._save_spans()
        for run_id, gateway in settle(self._base, list(self._moved)).items():
            self._waiting.add(run_id, gateway.name, FOLD_LIVE)
        self._explain()
        self._roll()

    def _roll(self) -> None:
        """Count what is in no rollup yet; of a run where that is much, fold it now."""
        for run, count in self._fresh.items():
            if self._waiting.add(run.id, run.gateway.name, count) >= FOLD_AT:
                self._waiting.folded(run.id, self._rollups.fold(run.id, 2 * FOLD_AT))

    def _change(self) -> None:
        change = self._base.next_change()
        for one in self._touched:
            one.change = change
        self._base.many(
            _SEEN, [(one.first_seen, one.last_seen, change, one.id) for one in self._touched]
        )

    def _flush_frames(self) -> None:
        rows, self._rows = self._rows, []
        longer, self._longer = self._longer, {}
        if rows:
            self._base.add_frames(rows)
        self._base.executemany(
            "UPDATE frame SET more = ? WHERE id = ?",
            [(more, ident) for ident, more in longer.items()],
        )

    def _note(self, run: Run, record: Record) -> None:
        note = self._reader.note(record.data)
        if isinstance(note, Clock):
            run.back += max(0, -note.step)
            if run.clock_seq is None or record.seq < run.clock_seq:
                run.clock_seq, run.boot_at = record.seq, note.at - note.uptime
        elif isinstance(note, Drop):
            boot = run.boot if note.boot is None else note.boot
            for other, (first, last) in self._named(run, [(boot, note.first, note.last)]):
                if (first, last) not in other.dropped:
                    other.dropped.add((first, last))
                    self._base.execute(
                        "INSERT INTO dropped VALUES (?, ?, ?)", (other.id, first, last)
                    )
        elif isinstance(note, Boot):
            run.reported = 1
            self._unexplained.update(run.gateway.runs.values())
            for other, (first, last) in self._named(run, note.held):
                if (run.boot, first, last) not in other.held:
                    other.held.add((run.boot, first, last))
                    self._base.execute(
                        "INSERT INTO held VALUES (?, ?, ?, ?)", (other.id, run.boot, first, last)
                    )

    def _named(
        self, run: Run, ranges: Iterable[tuple[int, int, int]]
    ) -> Iterable[tuple[Run, spans.Range]]:
        """The runs that a note of `run` names: its own or an earlier one."""
        for boot, first, last in ranges:
            if 1 <= boot <= run.boot and 1 <= first <= last <= SEQ_MAX:
                other = run.gateway.runs.get(boot) or self._new_run(run.gateway, boot)
                self._unexplained.add(other)
                yield other, (first, last)

    def _save_rows(self) -> None:
        rows = []
        for run in self._runs:
            if run.row != run.saved_row:
                _, _, *columns = run.saved_row = run.row
                rows.append((*columns, run.id))
        self._base.many(_RUN_ROW, rows)

    def _save_spans(self) -> None:
        gone: list[tuple] = []
        come: list[tuple] = []
        grown: list[tuple] = []
        for run in self._runs:
            if _only_grew(run.saved, run.spans):
                grown.append((run.spans[-1][1], run.id, run.spans[-1][0]))
                run.saved[-1] = run.spans[-1]
                continue
            if run.saved[:-1] == run.spans[: max(0, len(run.saved) - 1)]:
                old, new = run.saved[-1:], run.spans[max(0, len(run.saved) - 1) :]
            else:
                before, now = set(run.saved), set(run.spans)
                old, new = list(before - now), list(now - before)
            gone += [(run.id, first) for first, _ in old]
            come += [(run.id, first, last) for first, last in new]
            run.saved = list(run.spans)
        self._base.executemany("DELETE FROM span WHERE run = ? AND first = ?", gone)
        self._base.executemany("INSERT INTO span VALUES (?, ?, ?)", come)
        self._base.many(_GROWN, grown)

    def _explain(self) -> None:
        """Write the holes of every run that the batch touched."""
        for gateway in self._moved:
            self._unexplained.update(gateway.runs.values())
        for run in self._unexplained | self._runs:
            if run.boot == 0:
                continue
            gaps = _gaps(run)
            if gaps == run.gaps:
                continue
            self._base.execute("DELETE FROM gap WHERE run = ?", (run.id,))
            self._base.executemany(
                "INSERT INTO gap VALUES (?, ?, ?, ?)", [(run.id, *gap) for gap in gaps]
            )
            run.gaps = gaps


def _only_grew(before: list[spans.Range], now: list[spans.Range]) -> bool:
    """Whether nothing but the end of the last range is different."""
    return (
        len(before) == len(now) > 0
        and before[-1][0] == now[-1][0]
        and (len(now) == 1 or before[:-1] == now[:-1])
    )


def _repeats(first: Record, again: Record) -> bool:
    alike = _stamped_alike((first.at, first.uptime), (again.at, again.uptime))
    return alike and first.data == again.data


def _stamped_alike(
    first: tuple[int | None, int | None], again: tuple[int | None, int | None]
) -> bool:
    """Whether (at, uptime) can be one moment; of one set and one unset nothing can be told."""
    if first[0] is None and again[0] is None:
        return (first[1] or 0) == (again[1] or 0)
    if first[0] is None or again[0] is None:
        return True
    return abs(first[0] - again[0]) <= CLOCK_SLACK_MS


def _guess_boot(run: Run, at: int) -> None:
    """Until a record of its clock says when the gateway started: not later than `at`."""
    if run.clock_seq is None and (run.boot_at is None or at < run.boot_at):
        run.boot_at = at


def _gaps(run: Run) -> list[spans.Gap]:
    whole = len(run.spans) == 1 and run.spans[0][0] == 1
    if whole and not run.dropped and not run.held:
        return []
    others = run.gateway.runs.values()
    later = max((other.boot for other in others if other.reported), default=0)
    held = None
    if later > run.boot:
        held = [(first, last) for boot, first, last in run.held if boot == later]
    named = max((last for _, _, last in run.held), default=0)
    return spans.explain(run.spans, run.dropped, held, run.boot >= run.gateway.newest, named)


def _buckets(records: Sequence[Record]) -> Iterable[list[Record]]:
    """Records by gateway and boot, in order of arrival."""
    buckets: dict[tuple[str, int], list[Record]] = {}
    gateway, boot, append = "", -1, None
    for record in records:
        if append is None or record[1] != boot or record[0] != gateway:
            gateway, boot = record[0], record[1]
            append = buckets.setdefault((gateway, boot), []).append
        append(record)
    return buckets.values()


def _parted(bucket: list[Record], run: Run) -> tuple[list[Record], list[Record]]:
    """(new, seen before) of records in the order of their numbers."""
    top = run.spans[-1][1] if run.spans else 0
    seqs = list(map(_SEQ, bucket))
    if seqs[0] > top and len(set(seqs)) == len(seqs):
        return bucket, []
    fresh: list[Record] = []
    again: list[Record] = []
    last = 0
    for record in bucket:
        seq = record[2]
        if seq == last or spans.holds(run.spans, seq):
            again.append(record)
        else:
            fresh.append(record)
            last = seq
    return fresh, again


def _chunks(records: list[Record], distinct: bool = True) -> Iterable[list[Record]]:
    """Records in order, cut where numbers are missing."""
    if distinct and records and records[-1][2] - records[0][2] + 1 == len(records):
        yield records
        return
    start = 0
    for place in range(1, len(records) + 1):
        if place == len(records) or records[place][2] > records[place - 1][2] + 1:
            yield records[start:place]
            start = place


def _online(text: str) -> bool | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return bool(value.get("online")) if isinstance(value, dict) else None
