"""What is stored, read again: names, what shapes hold, and how frames lie in rows.

Names and units are the catalog's, which is written whenever a writer opens the database. What may
need this run is a code whose frames were not understood when they came.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from neonat.store.base import Base
from neonat.store.catalog import item_of, write_catalog
from neonat.store.memory import Memory
from neonat.store.packing import SEQ_BITS, SEQ_MAX, assemble, unpack
from neonat.store.records import PREFIX, Cell, Identity, Meaning, Reader
from neonat.store.rollup import forget
from neonat.store.stretches import Sight, Stretch, Stretches, legacy_seq
from neonat.store.tenure import settle

# Frames that are looked at in one transaction.
FRAMES = 20_000

# Answers that were kept as their code and the rest: those that may be understood by now.
_OPEN = "f.body IS NOT NULL AND s.request NOT IN ('', '!') AND substr(s.key, 1, 1) = ?"

_CELLS = """
SELECT kind, code, codepage, side, priority, raw, value, text FROM cell
WHERE shape = ? ORDER BY pos"""


class Redecoding:
    """One run, in transactions of the caller's that hold all gateways."""

    def __init__(self, base: Base, reader: Reader) -> None:
        self._base = base
        self._reader = reader
        self._memory = Memory(base, reader)
        self._stretches = Stretches(base)
        self._runs: dict[int, tuple[int, int, int]] = {}
        self._tracked: dict[int, tuple[str, bytes]] = {}

    def shapes(self) -> int:
        """Have each shape hold what the reader says now; how many changed."""
        base, reader = self._base, self._reader
        write_catalog(base, reader)
        changed = 0
        measured = named = False
        for ident, key in base.execute("SELECT id, key FROM shape ORDER BY id").fetchall():
            meaning, before = reader.meaning(bytes(key)), _meaning_of(base, ident)
            if meaning == before:
                continue
            changed += 1
            if meaning.tracked and not before.tracked:
                self._tracked[ident] = meaning.request, bytes(key)
            measured = measured or _readings(meaning) != _readings(before)
            named = named or meaning.identity != before.identity
            _write(base, ident, meaning)
        if named:
            names = base.execute("SELECT name FROM gateway").fetchall()
            settle(base, [self._memory.gateway(name) for (name,) in names])
        if measured:
            for (run,) in base.execute("SELECT id FROM run").fetchall():
                forget(base, run)
        return changed

    def stretches(self, after: int) -> tuple[int, int | None]:
        """Frames behind an id whose stretches of time are kept from now on; as `frames`."""
        if not self._tracked:
            return 0, None
        rows = self._base.execute(
            "SELECT id, at, lag, shape, body, more FROM frame WHERE id > ? ORDER BY id LIMIT ?",
            (after, FRAMES),
        ).fetchall()
        for row in rows:
            gateway, boot, base_at = self._run(row[0] >> SEQ_BITS)
            for frame in unpack(row):
                if frame.shape in self._tracked:
                    at = frame.at if frame.unset else base_at + frame.at
                    sight = Sight(boot, frame.seq, at, frame.unset)
                    self._merge(gateway, frame.shape, sight)
        self._stretches.flush()
        return 0, rows[-1][0] if len(rows) == FRAMES else None

    def legacy_stretches(self, after: int) -> tuple[int, int | None]:
        """As `stretches`, of the original firmware's."""
        if not self._tracked:
            return 0, None
        rows = self._base.execute(
            "SELECT id, run, at, shape FROM legacy WHERE id > ? ORDER BY id LIMIT ?",
            (after, FRAMES),
        ).fetchall()
        for _, run, at, shape in rows:
            if shape in self._tracked:
                sight = Sight(0, legacy_seq(at, self._tracked[shape][1]), at, False)
                self._merge(self._run(run)[0], shape, sight)
        self._stretches.flush()
        return 0, rows[-1][0] if len(rows) == FRAMES else None

    def _merge(self, gateway: int, shape: int, sight: Sight) -> None:
        self._stretches.merge(gateway, self._tracked[shape][0], Stretch(shape, sight, sight))

    def frames(self, after: int) -> tuple[int, int | None]:
        """The next frames behind an id: how many lie otherwise now, the last id; None: no more."""
        rows = self._base.execute(
            "SELECT f.id, f.at, f.shape, f.body, s.key FROM frame f"
            " JOIN shape s ON s.id = abs(f.shape)"
            f" WHERE f.id > ? AND {_OPEN} ORDER BY f.id LIMIT ?",
            (after, PREFIX, FRAMES),
        ).fetchall()
        changed = 0
        for ident, at, shape, body, key in rows:
            data = assemble(bytes(key), bytes(body))
            split = self._reader.split(data)
            if split == (bytes(key), bytes(body)):
                continue
            changed += 1
            new = self._memory.shapes.get(split[0]) or self._memory.shape(split[0])
            self._base.execute(
                "UPDATE frame SET shape = ?, body = ? WHERE id = ?",
                (-new.id if shape < 0 else new.id, split[1], ident),
            )
            gateway, boot, base_at = self._run(ident >> SEQ_BITS)
            if new.tracked:
                stamp = at if shape < 0 else base_at + at
                sight = Sight(boot, ident & SEQ_MAX, stamp, shape < 0)
                self._stretches.merge(gateway, new.request, Stretch(new.id, sight, sight))
            self._base.execute(
                "UPDATE latest SET shape = ?, body = ?"
                " WHERE gateway = ? AND request = ? AND boot = ? AND seq = ?",
                (new.id, split[1], gateway, new.request, boot, ident & SEQ_MAX),
            )
            forget(self._base, ident >> SEQ_BITS)
        self._stretches.flush()
        return changed, rows[-1][0] if len(rows) == FRAMES else None

    def legacy(self, after: int) -> tuple[int, int | None]:
        """As `frames`, of the original firmware's."""
        rows = self._base.execute(
            "SELECT f.id, f.run, f.at, f.body, s.key FROM legacy f JOIN shape s ON s.id = f.shape"
            f" WHERE f.id > ? AND {_OPEN} ORDER BY f.id LIMIT ?",
            (after, PREFIX, FRAMES),
        ).fetchall()
        changed = 0
        for ident, run, at, body, key in rows:
            split = self._reader.split(assemble(bytes(key), bytes(body)))
            if split == (bytes(key), bytes(body)):
                continue
            changed += 1
            new = self._memory.shapes.get(split[0]) or self._memory.shape(split[0])
            self._base.execute(
                "UPDATE legacy SET shape = ?, body = ? WHERE id = ?",
                (new.id, split[1] or b"", ident),
            )
            if new.tracked:
                sight = Sight(0, legacy_seq(at, split[0]), at, False)
                gateway = self._run(run)[0]
                self._stretches.merge(gateway, new.request, Stretch(new.id, sight, sight))
            forget(self._base, run)
        self._stretches.flush()
        return changed, rows[-1][0] if len(rows) == FRAMES else None

    def _run(self, ident: int) -> tuple[int, int, int]:
        found = self._runs.get(ident)
        if found is None:
            row = self._base.execute(
                "SELECT gateway, boot, coalesce(base_at, 0) FROM run WHERE id = ?", (ident,)
            ).fetchone()
            found = self._runs[ident] = (row[0], row[1], row[2])
        return found


def _meaning_of(base: Base, ident: int) -> Meaning:
    request, tracked, device, name, revision = base.execute(
        "SELECT request, tracked, device, device_name, revision FROM shape WHERE id = ?", (ident,)
    ).fetchone()
    cells = tuple(Cell(*row) for row in base.execute(_CELLS, (ident,)))
    identity = None if device is None else Identity(device, name, revision)
    return Meaning(request, bool(tracked), cells, identity)


def _readings(meaning: Meaning) -> list[tuple[int, Cell]]:
    return [(pos, cell) for pos, cell in enumerate(meaning.cells) if cell.kind == "reading"]


def _write(base: Base, ident: int, meaning: Meaning) -> None:
    base.execute("DELETE FROM cell WHERE shape = ?", (ident,))
    base.executemany(
        "INSERT INTO cell(shape, pos, item, kind, code, codepage, side, priority, raw, value,"
        " text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (ident, pos, item_of(base, cell.kind, cell.codepage, cell.code), *cell)
            for pos, cell in enumerate(meaning.cells)
        ],
    )
    base.execute(
        "UPDATE shape SET request = ?, tracked = ?, device = ?, device_name = ?, revision = ?"
        " WHERE id = ?",
        (meaning.request, int(meaning.tracked), *(meaning.identity or (None,) * 3), ident),
    )
