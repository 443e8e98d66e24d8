"""What goes into the store and what comes back: the types of its interface.

Times are integers, milliseconds of UTC since 1970, unless a name says otherwise.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

# The first byte of a shape says how a frame is put together from its shape and its body.
WHOLE = b"w"  # shape = w + the frame; no body
CELLS = b"c"  # shape = c + start, request code, cell codes; body = 4 bytes a cell + checksum
PREFIX = b"p"  # shape = p + the first bytes of the frame; body = the rest
BAD = b"?"  # shape = ?; body = a frame whose checksum is wrong, never to be read


class StoreError(Exception):
    """The store cannot do what was asked: one line that says why and what to do."""


class MissingError(StoreError):
    """There is no database yet; one may still come."""


class RefusedError(Exception):
    """What was asked does not go with what is in the store; nothing was changed."""


class Record(NamedTuple):
    """One envelope: a frame of the device, or a record of the gateway (`!word …`).

    `at` is None where the gateway's clock was not set; `uptime` (ms since its start) then says
    when. `shape` and `body` are `Reader.split(data)`.
    """

    gateway: str
    boot: int
    seq: int
    at: int | None
    uptime: int | None
    received_at: int
    shape: bytes
    body: bytes | None
    data: bytes


class LegacyRecord(NamedTuple):
    """One envelope of the original firmware: no boot, no sequence number."""

    gateway: str
    at: int
    received_at: int
    shape: bytes
    body: bytes | None
    data: bytes


class State(NamedTuple):
    """What a gateway said of itself: `text` is the JSON object of its state topic."""

    gateway: str
    received_at: int
    text: str


class OriginalRow(NamedTuple):
    """A row of the original project's database as it was, and what was found of it.

    `key` is the same for the same row, `values` are its ten columns, `at` is UTC in ms.
    """

    key: bytes
    source: str
    row_id: int
    unique_id: str
    timestamp: str
    values: tuple[str | None, ...]
    at: int | None
    state: str
    absent: str
    note: str


class Refusal(NamedTuple):
    """Something that ingest would not take, kept for inspection."""

    received_at: int
    topic: str
    reason: str
    payload: bytes


class Schema(NamedTuple):
    """The version of a database's schema and the newest one; `where` is its URL without secrets."""

    where: str
    version: int
    newest: int


class Written(NamedTuple):
    """What one `Store.write` did.

    `acks` names, for each gateway, the ranges (boot, first, last) of this batch that are in the
    store now; `conflicts` were refused: their number is taken by other data. `stored` counts new
    records, `repeated` those that were there before. `newest` is the newest number stored, (boot,
    seq), of each gateway that sent an older boot or a conflict: it may have lost its count.
    """

    acks: dict[str, list[tuple[int, int, int]]]
    conflicts: list[Record]
    stored: int
    repeated: int
    newest: Mapping[str, tuple[int, int]] = MappingProxyType({})


class Point(NamedTuple):
    """The `n` readings of one bucket of time, or one reading: `at` is its start, ms of UTC."""

    at: int
    n: int
    low: float
    mean: float
    high: float


class Signal(NamedTuple):
    """What a gateway measured under one name, in order of time; `unit` is None when unknown."""

    unit: str | None
    points: list[Point]


class History(NamedTuple):
    """What a chart shows, by name; buckets begin at whole multiples of `step` ms of UTC.

    Where `step` is 0 each point is one reading.
    """

    step: int
    signals: dict[str, Signal]


class Verified(NamedTuple):
    """What is wrong with a database, a line each, and how much there is of what."""

    faults: list[str]
    counts: dict[str, int]


class Redecoded(NamedTuple):
    """What became different: shapes that hold something else, frames that lie otherwise."""

    shapes: int
    frames: int


class Cell(NamedTuple):
    """One item of a shape, in the words of `medibus.items`.

    `kind` is one of reading, limit, setting, alarm, text, clock, identity. `raw` is None for a
    field that lies in the frame's body (4 bytes at 4 × its position); `value` is the number of
    `raw`; `text` is an alarm's phrase or a text.
    """

    kind: str
    code: str
    codepage: int | None = None
    side: str | None = None
    priority: str | None = None
    raw: str | None = None
    value: float | int | None = None
    text: str | None = None


class Identity(NamedTuple):
    """What a device says it is; `id` is its four characters."""

    id: str
    name: str
    revision: str


class Meaning(NamedTuple):
    """What a shape holds.

    `request` is the code of a response as two hex digits, `!` for a gateway record and empty for
    everything else. `tracked` says that stretches of time without change are kept of it.
    """

    request: str
    tracked: bool
    cells: tuple[Cell, ...]
    identity: Identity | None = None


class Boot(NamedTuple):
    """`!boot held=…`: what a gateway still holds of its earlier starts, (boot, first, last)."""

    held: tuple[tuple[int, int, int], ...]


class Drop(NamedTuple):
    """`!drop`: numbers that a gateway gave up."""

    boot: int | None
    first: int
    last: int


class Clock(NamedTuple):
    """`!clock`: `at` is `uptime` milliseconds after the start; `step` how far the clock moved."""

    at: int
    uptime: int
    step: int


Note = Boot | Drop | Clock


class Name(NamedTuple):
    """A row of the catalog; `device` is a device id, or empty for a device that is not known."""

    device: str
    kind: str
    codepage: int | None
    code: str
    name: str | None
    unit: str | None


class Reader(Protocol):
    """What the store has to be told about frames; it knows nothing of the protocol itself."""

    def split(self, data: bytes) -> tuple[bytes, bytes | None]:
        """The shape and the body of a record's data; their form is in the shape's first byte."""

    def meaning(self, shape: bytes) -> Meaning:
        """What a shape holds; asked once a shape."""

    def note(self, data: bytes) -> Note | None:
        """What a gateway record says that the store must know; None for all else."""

    def names(self) -> Iterable[Name]:
        """The catalog of all device models."""


Row = dict[str, Any]
# A boot and a number in it; of the original firmware boot 0 and a time (ms).
Place = tuple[int, int]
