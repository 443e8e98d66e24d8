"""What the store holds, record by record: what an audit is made from."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from neonat.store.packing import SEQ_BITS, SEQ_MAX
from neonat.store.queries import Part, Queries
from neonat.store.spans import Gap, Range

# Rows around a span of time that are read as well: what stood at its begin and how it went on.
MARGIN = 500


class RunFacts(NamedTuple):
    """One boot of a gateway; `boot` 0 are the frames of the original firmware, without numbers.

    `stored` and `gaps` are ranges of numbers, `top` the greatest number that is known to exist,
    `first_seq` that of the first record that has not been removed, None where there is none.
    `first_at` and `last_at` are the times of the first and the last record that is still there, UTC
    in ms; None where there is none. `clock` is `set`, `corrected`, `unset` or None.
    """

    id: int
    boot: int
    clock: str | None
    stored: list[Range]
    gaps: list[Gap]
    top: int
    reported: bool
    first_seq: int | None
    first_at: int | None
    last_at: int | None


class Sighting(NamedTuple):
    """One record: its number (0 without), time in UTC ms, shape, and its body if it has its own."""

    seq: int
    at: int
    shape: int
    body: bytes | None


class Field(NamedTuple):
    """A measured value in a shape: `raw` is None where the four bytes at 4 × `place` of a body
    hold it."""

    place: int
    codepage: int
    code: str
    raw: str | None


class ShapeFacts(NamedTuple):
    """What a shape holds: `request` as in `Meaning`, the start of its bytes, measured values."""

    request: str
    start: bytes
    fields: tuple[Field, ...]


class Evidence(Queries):
    """The questions of an audit, all on one state of the database."""

    def names(self) -> list[str]:
        """All gateways by name."""
        return [row[0] for row in self.base.execute("SELECT name FROM gateway ORDER BY name")]

    def requests(self, gateway: str) -> list[str]:
        """The requests that a gateway's device ever answered, as two hex digits."""
        rows = self.base.execute(
            "SELECT x.request FROM latest x JOIN gateway g ON g.id = x.gateway"
            " WHERE g.name = ? AND length(x.request) = 2 ORDER BY x.request",
            (gateway,),
        )
        return [row[0] for row in rows]

    def catalog(self) -> dict[tuple[int, int, str], tuple[str | None, str | None]]:
        """(name, unit) of every measured value by (model, code page, code)."""
        rows = self.base.execute(
            "SELECT k.model, i.codepage, i.code, k.name, k.unit FROM catalog k"
            " JOIN item i ON i.id = k.item WHERE i.kind = 'reading'"
        )
        return {(model, page, code): (name, unit) for model, page, code, name, unit in rows}

    def runs(self, gateway: str) -> list[RunFacts]:
        """The boots of a gateway in order."""
        rows = self.base.execute(
            "SELECT r.id, r.boot, r.stamps, r.clock_seq, r.reported"
            " FROM run r JOIN gateway g ON g.id = r.gateway WHERE g.name = ? ORDER BY r.boot",
            (gateway,),
        ).fetchall()
        return [self._run(*row) for row in rows]

    def _run(
        self, run: int, boot: int, stamps: int, clock_seq: int | None, reported: int
    ) -> RunFacts:
        stored = self._ranges("SELECT first, last FROM span WHERE run = ? ORDER BY first", run)
        gaps = self._ranges("SELECT first, last, reason FROM gap WHERE run = ? ORDER BY first", run)
        clock = None
        if boot and stamps:
            clock = "set" if stamps == 1 else "corrected" if clock_seq is not None else "unset"
        first_seq, first_at, last_at = self._legacy_times(run) if boot == 0 else self._times(run)
        top = max((held[1] for held in (*stored[-1:], *gaps[-1:])), default=0)
        return RunFacts(
            run, boot, clock, stored, gaps, top, bool(reported), first_seq, first_at, last_at
        )

    def _ranges(self, sql: str, run: int) -> list[Any]:
        return [tuple(row) for row in self.base.execute(sql, (run,))]

    def _legacy_times(self, run: int) -> tuple[None, int | None, int | None]:
        first, last = self.base.execute(
            "SELECT min(at), max(at) FROM legacy WHERE run = ?", (run,)
        ).fetchone()
        return None, first, last

    def _times(self, run: int) -> tuple[int | None, int | None, int | None]:
        bounds = run << SEQ_BITS, (run << SEQ_BITS) + SEQ_MAX
        ends = self.base.execute(
            "SELECT min(id), max(id) FROM frame WHERE id BETWEEN ? AND ?", bounds
        ).fetchone()
        if ends[0] is None:
            return None, None, None
        first = next(self.sightings(Part("", run, 1, ends[0], ends[0], 0)))
        *_, last = self.sightings(Part("", run, 1, ends[1], ends[1], 0))
        return first.seq, first.at, last.at

    def parts(self, gateway: str, run: RunFacts, start: int, end: int) -> list[Part]:
        """The tenures of a run in [start, end), with a margin; times where its boot is 0."""
        parts = [part for part in self._parts(gateway) if part.run == run.id]
        if run.boot == 0 or not parts:
            return parts
        whole = parts[0]._replace(last=parts[-1].last)
        low, high = self.window(whole, start, end)
        low, high = self._beyond(whole.first, low, -1), self._beyond(whole.last, high, 1)
        return [
            part._replace(first=max(part.first, low), last=min(part.last, high))
            for part in parts
            if part.last >= low and part.first <= high
        ]

    def _beyond(self, bound: int, ident: int, direction: int) -> int:
        """The id of the row MARGIN rows from `ident`, `bound` when there is none."""
        if direction < 0:
            sql = "SELECT id FROM frame WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1 OFFSET ?"
            row = self.base.execute(sql, (bound, ident, MARGIN)).fetchone()
        else:
            sql = "SELECT id FROM frame WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?"
            row = self.base.execute(sql, (ident, bound, MARGIN)).fetchone()
        return bound if row is None else row[0]

    def shapes(self, part: Part) -> dict[int, ShapeFacts]:
        """The shapes of the rows of a part; those of frames behind the first of a row are not."""
        source = "legacy" if part.boot == 0 else "frame"
        place = "at" if part.boot == 0 else "id"
        run = "run = ? AND" if part.boot == 0 else "? > 0 AND"
        rows = self.base.execute(
            f"SELECT DISTINCT abs(shape) FROM {source} WHERE {run} {place} BETWEEN ? AND ?"  # noqa: S608
            " ORDER BY 1",
            (part.run, part.first, part.last),
        ).fetchall()
        return {shape: self.shape(shape) for (shape,) in rows}

    def shape(self, ident: int) -> ShapeFacts:
        """What a shape holds."""
        request, key = self.base.execute(
            "SELECT request, key FROM shape WHERE id = ?", (ident,)
        ).fetchone()
        cells = self.base.execute(
            "SELECT pos, codepage, code, raw FROM cell WHERE shape = ? AND kind = 'reading'"
            " ORDER BY pos",
            (ident,),
        )
        return ShapeFacts(request, bytes(key[1:]), tuple(Field(*cell) for cell in cells))

    def sightings(self, part: Part) -> Iterator[Sighting]:
        """The records of a part in the order of their numbers, streamed."""
        if part.boot == 0:
            for at, shape, body in self.base.stream(
                "SELECT at, shape, body FROM legacy WHERE run = ? AND at BETWEEN ? AND ?"
                " ORDER BY at, id",
                (part.run, part.first, part.last),
            ):
                yield Sighting(0, at, shape, body)
            return
        base_at, boot_at = self.base.execute(
            "SELECT coalesce(base_at, 0), coalesce(boot_at, base_at, 0) FROM run WHERE id = ?",
            (part.run,),
        ).fetchone()
        new = tuple.__new__
        for ident, at, shape, body, more in self.base.stream(
            "SELECT id, at, shape, body, more FROM frame WHERE id BETWEEN ? AND ? ORDER BY id",
            (part.first, part.last),
        ):
            at += base_at if shape > 0 else boot_at
            seq = ident & SEQ_MAX
            yield new(Sighting, (seq, at, abs(shape), body))
            for place in range(0, len(more), 3):
                seq += 1
                yield new(
                    Sighting, (seq, at + ord(more[place]) - 1, ord(more[place + 2]) - 1, None)
                )
