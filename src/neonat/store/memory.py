"""What the writer remembers of the database, so that most records need no look into it.

Everything here can be thrown away and read again; after a failed transaction it is.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from collections.abc import Iterable
from operator import attrgetter

from neonat.store.base import Base
from neonat.store.catalog import item_of
from neonat.store.packing import SEQ_BITS
from neonat.store.records import CELLS, StoreError
from neonat.store.records import Reader as FrameReader
from neonat.store.spans import Gap, Range

SHAPES_MAX = 50_000
GATEWAYS_MAX = 20_000

_RUN_COLUMNS = ("id", "boot", "base_at", "boot_at", "clock_seq", "back", "stamps", "reported")
_READ = ", ".join((*_RUN_COLUMNS, "expired_at"))
_run_row = attrgetter(*_RUN_COLUMNS)


class Shape:
    """A row of `shape`; `follows` says that its frames may share a row with those before them."""

    __slots__ = ("follows", "id", "key", "note", "request", "tracked")

    def __init__(self, ident: int, key: bytes, request: str, tracked: bool, follows: bool) -> None:
        self.id = ident
        self.key = key
        self.request = request
        self.tracked = tracked
        self.follows = follows
        self.note = request == "!"


class Run:
    """One boot of one gateway; the columns of `run`, and what lies around it."""

    __slots__ = (
        "back",
        "base_at",
        "boot",
        "boot_at",
        "clock_seq",
        "dropped",
        "expired_at",
        "gaps",
        "gateway",
        "held",
        "id",
        "reported",
        "saved",
        "saved_row",
        "spans",
        "stamps",
        "tail",
    )

    def __init__(self, gateway: "Gateway", row: tuple, expired_at: int | None = None) -> None:
        self.gateway = gateway
        self.expired_at = expired_at
        self.id: int
        self.boot: int
        self.base_at: int | None
        self.boot_at: int | None
        self.clock_seq: int | None
        self.back: int
        self.stamps: int
        self.reported: int
        for column, value in zip(_RUN_COLUMNS, row, strict=True):
            setattr(self, column, value)
        self.saved_row = row
        self.spans: list[Range] = []
        self.saved: list[Range] = []
        self.dropped: set[Range] = set()
        self.held: set[tuple[int, int, int]] = set()
        self.gaps: list[Gap] = []
        self.tail: Tail | None = None

    @property
    def row(self) -> tuple:
        """The columns as the constructor takes them."""
        return _run_row(self)

    def tail_before(self, seq: int) -> "Tail | None":
        """The tail when its last frame is right before `seq`."""
        return self.tail if self.tail is not None and self.tail.last == seq - 1 else None

    def ident(self, seq: int) -> int:
        """The id of a frame."""
        return (self.id << SEQ_BITS) | seq


class Tail:
    """The last row written of a run, to which followers may still be added."""

    __slots__ = ("at", "end", "first", "lag", "last", "more", "unset")

    def __init__(
        self, first: int, last: int, at: int, lag: int, unset: bool, more: str, end: int
    ) -> None:
        self.end = end
        self.first = first
        self.last = last
        self.at = at
        self.lag = lag
        self.unset = unset
        self.more = more


class Gateway:
    """A row of `gateway` and its runs by boot."""

    __slots__ = ("change", "first_seen", "id", "last_seen", "latest", "name", "runs")

    def __init__(
        self, ident: int, name: str, first: int | None, last: int | None, change: int = 0
    ) -> None:
        self.id = ident
        self.change = change
        self.name = name
        self.first_seen = first
        self.last_seen = last
        self.runs: dict[int, Run] = {}
        self.latest: dict[str, tuple[int, int]] = {}

    def seen(self, first: int, last: int) -> None:
        """Something arrived between `first` and `last`."""
        if self.first_seen is None or first < self.first_seen:
            self.first_seen = first
        if self.last_seen is None or last > self.last_seen:
            self.last_seen = last

    @property
    def newest(self) -> int:
        """The greatest boot of which something is stored."""
        return max((run.boot for run in self.runs.values() if run.spans), default=0)


class Memory:
    """Shapes, gateways and runs, read when first asked for."""

    def __init__(self, base: Base, reader: FrameReader | None) -> None:
        self.shapes: dict[bytes, Shape] = {}
        self.gateways: dict[str, Gateway] = {}
        self._base = base
        self._reader = reader

    def trim(self) -> None:
        """Forget what has grown too much; for between two transactions."""
        if len(self.shapes) > SHAPES_MAX:
            self.shapes.clear()
        if len(self.gateways) > GATEWAYS_MAX:
            self.gateways.clear()

    def shape(self, key: bytes) -> Shape:
        """The shape of a key, written with its cells when it is new."""
        row = self._base.execute(
            "SELECT id, request, tracked FROM shape WHERE key = ?", (key,)
        ).fetchone()
        shape = self._new_shape(key) if row is None else _shape(row[0], key, row[1], bool(row[2]))
        self.shapes[key] = shape
        return shape

    def _new_shape(self, key: bytes) -> Shape:
        if self._reader is None:
            raise StoreError("the store was opened for reading only: open it with a reader")
        meaning = self._reader.meaning(key)
        device = meaning.identity or (None, None, None)
        ident = self._base.execute(
            "INSERT INTO shape(key, request, tracked, device, device_name, revision)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (key, meaning.request, int(meaning.tracked), *device),
        ).fetchone()[0]
        self._base.executemany(
            "INSERT INTO cell(shape, pos, item, kind, code, codepage, side, priority, raw, value,"
            " text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (ident, pos, item_of(self._base, cell.kind, cell.codepage, cell.code), *cell)
                for pos, cell in enumerate(meaning.cells)
            ],
        )
        return _shape(ident, key, meaning.request, meaning.tracked)

    def key(self, ident: int) -> bytes:
        """The key of a shape."""
        return self._base.execute("SELECT key FROM shape WHERE id = ?", (ident,)).fetchone()[0]

    def gateway(self, name: str) -> Gateway:
        """A gateway with its runs, written when it is new."""
        found = self.gateways.get(name)
        if found is not None:
            return found
        row = self._base.execute(
            "SELECT id, name, first_seen, last_seen, change FROM gateway WHERE name = ?", (name,)
        ).fetchone()
        if row is None:
            ident = self._base.execute(
                "INSERT INTO gateway(name, change) VALUES (?, 0) RETURNING id", (name,)
            ).fetchone()[0]
            row = (ident, name, None, None, 0)
        gateway = Gateway(*row)
        for *columns, expired_at in self._base.execute(
            f"SELECT {_READ} FROM run WHERE gateway = ? ORDER BY boot",
            (gateway.id,),
        ).fetchall():
            run = Run(gateway, tuple(columns), expired_at)
            gateway.runs[run.boot] = self._filled(run)
        gateway.latest = {
            request: (boot, seq)
            for request, boot, seq in self._base.execute(
                "SELECT request, boot, seq FROM latest WHERE gateway = ?", (gateway.id,)
            )
        }
        self.gateways[name] = gateway
        return gateway

    def gather(self, names: Iterable[str]) -> list[int]:
        """Read the gateways that are not known yet, all at once; their ids. For `Base.distant`."""
        strange = [name for name in names if name not in self.gateways]
        if not strange:
            return []
        rows = self._base.execute(
            "SELECT id, name, first_seen, last_seen, change FROM gateway WHERE name = ANY(?)",
            (strange,),
        ).fetchall()
        found = {row[0]: Gateway(*row) for row in rows}
        ids = list(found)
        runs: dict[int, Run] = {}
        for owner, *columns, expired_at in self._base.execute(
            f"SELECT gateway, {_READ} FROM run WHERE gateway = ANY(?) ORDER BY gateway, boot",
            (ids,),
        ).fetchall():
            run = Run(found[owner], tuple(columns), expired_at)
            run.gateway.runs[run.boot] = runs[run.id] = run
        self._fill(runs)
        for owner, request, boot, seq in self._base.execute(
            "SELECT gateway, request, boot, seq FROM latest WHERE gateway = ANY(?)", (ids,)
        ):
            found[owner].latest[request] = (boot, seq)
        self.gateways.update((gateway.name, gateway) for gateway in found.values())
        return ids

    def open(self, wanted: Iterable[tuple[str, int]], most: int) -> set[Gateway]:
        """Write the boots (gateway, boot) that are new, all at once; whose they are.

        For `Base.distant`, once the gateways are gathered; boots beyond 1 to `most` are left.
        """
        new = {
            (self.gateways[name].id, boot): self.gateways[name]
            for name, boot in wanted
            if name in self.gateways and 1 <= boot <= most and boot not in self.gateways[name].runs
        }
        if not new:
            return set()
        for ident, owner, boot in self._base.execute(
            "INSERT INTO run(gateway, boot) SELECT * FROM unnest(?::bigint[], ?::bigint[])"
            " RETURNING id, gateway, boot",
            ([owner for owner, _ in new], [boot for _, boot in new]),
        ).fetchall():
            gateway = new[owner, boot]
            gateway.runs[boot] = Run(gateway, (ident, boot, None, None, None, 0, 0, 0))
        return set(new.values())

    def _fill(self, runs: dict[int, Run]) -> None:
        """As `_filled`, of many."""

        def ask(table: str, columns: str) -> Iterable[tuple]:
            return self._base.execute(
                f"SELECT run, {columns} FROM {table} WHERE run = ANY(?) ORDER BY run, first",
                (list(runs),),
            )

        for run, *pair in ask("span", "first, last"):
            runs[run].spans.append((pair[0], pair[1]))
        for run, *pair in ask("dropped", "first, last"):
            runs[run].dropped.add((pair[0], pair[1]))
        for run, *three in ask("held", "by_boot, first, last"):
            runs[run].held.add((three[0], three[1], three[2]))
        for run, *gap in ask("gap", "first, last, reason"):
            runs[run].gaps.append((gap[0], gap[1], gap[2]))
        for one in runs.values():
            one.saved = list(one.spans)

    def _filled(self, run: Run) -> Run:
        def ask(table: str, columns: str) -> Iterable[tuple]:
            return self._base.execute(
                f"SELECT {columns} FROM {table} WHERE run = ? ORDER BY first",
                (run.id,),
            )

        run.spans = list(ask("span", "first, last"))
        run.saved = list(run.spans)
        run.dropped = set(ask("dropped", "first, last"))
        run.held = set(ask("held", "by_boot, first, last"))
        run.gaps = list(ask("gap", "first, last, reason"))
        return run

    def run(self, gateway: Gateway, boot: int) -> Run:
        """A run that is not known yet, written."""
        ident = self._base.execute(
            "INSERT INTO run(gateway, boot) VALUES (?, ?) RETURNING id", (gateway.id, boot)
        ).fetchone()[0]
        run = Run(gateway, (ident, boot, None, None, None, 0, 0, 0))
        gateway.runs[boot] = run
        return run


def _shape(ident: int, key: bytes, request: str, tracked: bool) -> Shape:
    # Frames whose cells the views cut out of rows, and identities, which begin a tenure, have
    # their own row.
    follows = key[:1] != CELLS and request not in OWN_ROW
    return Shape(ident, key, request, tracked, follows)


OWN_ROW = frozenset(("24", "2B", "25", "26", "2C", "2D", "52", "!"))
