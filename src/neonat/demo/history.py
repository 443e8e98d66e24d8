"""Two weeks of a ward made in seconds: simulated answers through the real reader into the store.

Measured data comes every two minutes, in the last two days each minute and in the last hours each
10 s, instead of each second; what was missed, dropped or damaged is there as gateways leave it.
"""

import itertools
import random
import time
from collections.abc import Callable, Iterator

from medibus.frame import response
from neonat.demo.ward import BEDS, Bed
from neonat.gateway.writing import record
from neonat.ingest.reading import FrameReader
from neonat.simulator.history import answers
from neonat.simulator.models import find
from neonat.simulator.stay import DAY, HOUR, MINUTE, SECOND, Stay, character_of
from neonat.store import Record, Store, StoreError

DAYS = 14
# A gateway that is started after this history has to count on from here.
BOOT = 7
# (up to this age, measured data this often), ms. Two neighbours differ little enough that a chart
# draws no gap where they meet.
STEPS = ((3 * HOUR, 10 * SECOND), (2 * DAY, MINUTE))
OLD_STEP = 2 * MINUTE
BATCH = 1000
TRIES = 20


def fill(store: Store, now: int, told: Callable[[float], None], days: int = DAYS) -> int:
    """Write `days` days up to `now` (UTC ms) of every bed; how many records were new.

    `told` hears the share that is done, 0 to 1. The same `now` and `days` give the same records.
    """
    reader = FrameReader()
    start = now - days * DAY
    turns = _Turns(store)
    written, share = 0, 0.0
    batch: list[Record] = []
    for at, one in _merged([_records(bed, start, now, reader) for bed in BEDS]):
        batch.append(one)
        if len(batch) >= BATCH:
            written += turns.write(batch)
            batch = []
            share = max(share, (at - start) / (now - start))
            told(share)
    written += turns.write(batch)
    told(1.0)
    return written


class _Turns:
    """Small transactions, and between two of them as long a time for others as the last took.

    Ingest writes to the same file meanwhile.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next_at = 0.0

    def write(self, batch: list[Record]) -> int:
        """How many records were new. The rollups follow at once, so that they never pile up."""
        stored = self._turn(lambda: self._store.write(batch).stored)
        while self._turn(lambda: self._store.roll(BATCH)):
            pass
        return stored

    def _turn(self, work: Callable[[], int]) -> int:
        """Do it, again and again while another holds the database."""
        for left in reversed(range(TRIES)):
            time.sleep(max(0.0, self._next_at - time.monotonic()))
            began = time.monotonic()
            try:
                return work()
            except StoreError:
                if not left:
                    raise
            finally:
                ended = time.monotonic()
                self._next_at = 2 * ended - began
        return 0


def _merged(sources: list[Iterator[Record]]) -> Iterator[tuple[int, Record]]:
    """All records, each source an hour at a time, so that every incubator is there early."""
    waiting = [(source, next(source, None)) for source in sources]
    until = 0
    while any(first for _, first in waiting):
        until = max(until, min(one.at or 0 for _, one in waiting if one)) + HOUR
        for place, (source, found) in enumerate(waiting):
            first = found
            while first is not None and (first.at or 0) < until:
                yield first.at or 0, first
                first = next(source, None)
            waiting[place] = (source, first)


def _records(bed: Bed, start: int, end: int, reader: FrameReader) -> Iterator[Record]:
    """What one gateway sent: a start every few days, and what its troubles left."""
    model = find(bed.device)
    stay = Stay(model, bed.seed, character_of(bed.seed))
    rng = random.Random(f"history {bed.gateway}")  # noqa: S311 - not for secrets
    boots = 1 + bed.seed % 3 if not bed.faults else BOOT - 1
    edges = [start + (end - start) * part // boots for part in range(boots + 1)]
    for boot, (begun, over) in enumerate(itertools.pairwise(edges), 1):
        sent = _Sent(bed.gateway, boot, reader)
        first = begun + rng.randrange(40 * MINUTE) if boot > 1 else begun
        yield sent.record(first, _words("boot", reason="power" if boot > 1 else "start", held=""))
        yield sent.record(first + SECOND, _words("link", state="up", device=model.identity[:4]))
        identity = response(0x52, model.identity)[:-1]
        yield sent.record(first + 2 * SECOND, identity)
        frames = answers(stay, first + 3 * SECOND, over, lambda at: _step(end - at))
        yield from _troubled(sent, frames, over - first, rng) if bed.faults else sent.all(frames)


def _step(age: int) -> int:
    return next((step for until, step in STEPS if age < until), OLD_STEP)


class _Sent:
    """Numbers what one start of a gateway sends."""

    def __init__(self, gateway: str, boot: int, reader: FrameReader) -> None:
        self.gateway, self.boot, self.seq = gateway, boot, 0
        self._reader = reader

    def record(self, at: int, data: bytes) -> Record:
        """One record, received at once."""
        self.seq += 1
        shape, body = self._reader.split(data)
        received = at + 180
        return Record(self.gateway, self.boot, self.seq, at, None, received, shape, body, data)

    def all(self, frames: Iterator[tuple[int, bytes]]) -> Iterator[Record]:
        for at, data in frames:
            yield self.record(at, data)


def _troubled(
    sent: _Sent, frames: Iterator[tuple[int, bytes]], span: int, rng: random.Random
) -> Iterator[Record]:
    """As `_Sent.all`, with damaged frames, times without line, and numbers that were given up.

    `span` is how long all of it lasts, in ms.
    """
    next_at = quiet_until = dropped_until = lost = 0
    for at, data in frames:
        next_at = next_at or at + int(span * rng.uniform(0.1, 0.4))
        if at < dropped_until:
            sent.seq += 1
            continue
        if dropped_until:
            yield sent.record(at, _words("drop", boot=sent.boot, first=lost, last=sent.seq))
            dropped_until = 0
        if at < quiet_until:
            continue
        if quiet_until:
            yield sent.record(at, _words("link", state="up", device="5700"))
            quiet_until = 0
        if at >= next_at:
            next_at = at + int(span * rng.uniform(0.1, 0.4))
            until = at + rng.randrange(4 * MINUTE, 90 * MINUTE)
            if rng.random() < 0.5:
                quiet_until = until
                yield sent.record(at, _words("link", state="down", reason="timeout"))
            else:
                dropped_until, lost = until, sent.seq + 1
        elif rng.random() < 0.003:
            yield sent.record(at, data[:-2] + b"00")
        else:
            yield sent.record(at, data)


def _words(word: str, **pairs: object) -> bytes:
    texts = [(key, str(value, "ascii") if isinstance(value, bytes) else value)
             for key, value in pairs.items()]  # fmt: skip
    return record(word, texts).encode()
