"""Histories of gateways for tests of the store, and what they mean, worked out the slow way."""

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from medibus.catalog import lookup
from medibus.frame import FrameError, frame_of, response
from medibus.items import items
from neonat.gateway.envelope import held_text, record, stamp
from neonat.ingest.reading import FrameReader
from neonat.store import LegacyRecord, Record
from neonat.store.stretches import legacy_seq

T0 = 1_795_000_000_000

READER = FrameReader()


def frame(code: int, data: bytes = b"") -> bytes:
    """A response without its CR."""
    return response(code, data)[:-1]


MEASURED = (
    frame(0x24, b"6530.86631.66C 18 6D33.36E   0C2 0.8E4 183EC  53F1   4F3 101"),
    frame(0x24, b"65----66 31.6C*** E4+1.5ECabcd"),
    frame(0x24, b"65 1 266  . 6D-.5 6E5.  EC+-12Z91e3 "),
    frame(0x24, b"6530.866"),
    frame(0x24),
    frame(0x2B, b"6512.3"),
)
ALARMS = (
    frame(0x27),
    frame(0x27, b"C43O2 SENS ERR "),
    frame(0x27, b"C43O2 SENS ERR 5B2CHECK WEAN  "),
    frame(0x27, b"943O2 SENS ERR 9B2CHECK WEAN  "),
    frame(0x27, b"C43O2 SENS ERR C43O2 SENS ERR "),
    frame(0x2E),
    frame(0x2E, b"C43PAGE TWO    "),
)
STEADY = (
    frame(0x29, b"1A 31.5"),
    frame(0x29, b"1A 32.51C  50 "),
    frame(0x29, b"1C  50 "),
    frame(0x29),
    frame(0x2A, b"138Air Mode\x03"),
    frame(0x2A, b"138Air Mode\x03A3<Weaning Mode\x03"),
    frame(0x2A, b"139Air  Mode\x03"),
    frame(0x2A),
)
IDENTITIES = (
    frame(0x52, b"5700'Babyleo TN500'01.06:06.00"),
    frame(0x52, b"5701'Isolette 8000'01.00:06.00"),
    frame(0x52, b"5000'Evita V500'01.00:06.00"),
    frame(0x52, b"9999'Nobody'01.00:06.00"),
    frame(0x52),
)
OTHERS = (
    frame(0x30),
    frame(0x28, b"18:54:5403-APR-19"),
    frame(0x25, b"6530.06631.0"),
    frame(0x2D, b"65 9.9"),
    frame(0x7A, b"what is this"),
    b"\x1bQ6C",
    b"\x01$6530.800",
    b"!link state=up",
    b"!error reason=checksum raw=%5Cx01",
)
DATA = st.one_of(
    *(st.sampled_from(pool) for pool in (MEASURED, ALARMS, STEADY, IDENTITIES, OTHERS))
)

# The same again and again, as of a device in peace: its stretches are long, and get split.
FEW = st.sampled_from((ALARMS[0], ALARMS[1], STEADY[0], STEADY[1]))


@dataclass
class History:
    """Records of one or more gateways; `whole` before the holes were cut."""

    records: list[Record]
    legacy: list[LegacyRecord]


def made(gateway: str, boot: int, seq: int, data: bytes, at: int | None, up: int, lag: int = 40):
    """A record as ingest makes it."""
    received = (T0 + up if at is None else at) + lag
    shape, body = READER.split(data)
    uptime = up if at is None else None
    return Record(gateway, boot, seq, at, uptime, received, shape, body, data)


def made_legacy(gateway: str, at: int, data: bytes, received: int) -> LegacyRecord:
    """A record of the original firmware."""
    return LegacyRecord(gateway, at, received, *READER.split(data), data)


@st.composite
def histories(draw: Any) -> History:
    """Up to three boots of up to two gateways, with holes, drops, and clocks that get set late."""
    out = History([], [])
    for gateway in draw(st.sampled_from([("g1",), ("g1", "g2")])):
        _history(draw, gateway, out)
    return out


def _history(draw: Any, gateway: str, out: History) -> None:
    time = T0
    said = draw(st.sampled_from((DATA, FEW)))
    sent: dict[int, set[int]] = {}
    for boot in sorted(draw(st.sets(st.integers(1, 5), max_size=3))):
        started = time = time + draw(st.integers(0, 100_000))
        unset_until = draw(st.sampled_from([0, 0, 3, 100]))
        count = draw(st.integers(1, 14))
        clock_at = draw(st.integers(2, 16))
        sent[boot] = set()
        for seq in range(1, count + 1):
            time += draw(st.sampled_from([0, 90, 300, 300, 1000, 56_000]))
            data = draw(said)
            if seq == 1:
                data = _boot(draw, sent, boot)
            elif seq == clock_at:
                pairs = {"at": stamp(time), "uptime": time - started, "source": "ntp"}
                data = record("clock", list(pairs.items())).encode()
            elif draw(st.integers(0, 20)) == 0:
                data = b"!drop boot=%d first=%d last=%d" % (boot, seq - 1, seq)
            if draw(st.integers(0, 7)) == 0:
                continue
            sent[boot].add(seq)
            at = None if seq <= unset_until else time
            lag = draw(st.sampled_from([40, 41, 45, -20, 0, 90_000]))
            out.records.append(made(gateway, boot, seq, data, at, time - started, lag))
    for _ in range(draw(st.integers(0, 6))):
        at = T0 + draw(st.integers(0, 4)) * 1000
        data = draw(DATA.filter(lambda data: data[:1] != b"!"))
        out.legacy.append(made_legacy(gateway, at, data, at + 500))


def _boot(draw: Any, sent: dict[int, set[int]], boot: int) -> bytes:
    held = []
    for old in sent:
        if old != boot and draw(st.booleans()):
            first = draw(st.integers(1, 12))
            held.append((old, first, first + draw(st.integers(0, 5))))
    return record("boot", [("reason", "start"), ("held", held_text(held))]).encode()


def _tie(line: LegacyRecord) -> tuple[bool, int]:
    """The order within a second, which the original firmware does not tell: an identity first."""
    named = line.data[:2] == b"\x01R" and READER.meaning(line.shape).identity is not None
    return not named, legacy_seq(line.at, line.shape)


class Model:
    """What a history means."""

    def __init__(self, history: History) -> None:
        unique = {(line.gateway, line.at, line.data): line for line in history.legacy}
        self.boot_at: dict[tuple[str, int], int] = {}
        self.exact: set[tuple[str, int]] = set()
        self.records = sorted(history.records, key=lambda record: record[:3])
        self._clocks()
        # What both kinds have in common, in the order of (boot, seq): gateway, place, at, data.
        self.seen = [
            (line.gateway, (0, line.at, *_tie(line)), line.at, line.data)
            for line in unique.values()
        ]
        self.seen += [
            (one.gateway, (one.boot, one.seq), self.at(one), one.data) for one in self.records
        ]

    def _clocks(self) -> None:
        for one in self.records:
            key = one[:2]
            if one.data.startswith(b"!clock") and key not in self.exact:
                note = READER.note(one.data)
                self.exact.add(key)
                self.boot_at[key] = note.at - note.uptime
        for one in self.records:
            key = one[:2]
            if one.at is None and key not in self.exact:
                guess = one.received_at - one.uptime
                self.boot_at[key] = min(guess, self.boot_at.get(key, guess))

    def at(self, one: Record) -> int:
        """UTC of a record, as well as it is known."""
        return one.at if one.at is not None else self.boot_at[one[:2]] + one.uptime

    def clock(self, one: Record) -> str:
        """The column of that name."""
        if one.at is not None:
            return "set"
        return "corrected" if one[:2] in self.exact else "unset"

    def frames(self) -> list[tuple]:
        """(gateway, boot, seq, at, clock, received_at, data) of what has a number."""
        return [
            (*one[:3], stamp(self.at(one)), self.clock(one), stamp(one.received_at), one.data)
            for one in self.records
            if one.data[:1] != b"!"
        ]

    def answers(self, gateway: str) -> list[tuple[tuple, int, bytes, str, list]]:
        """(place, at, request, device, items) of every response, in order; named by its device."""
        out = []
        device = ""
        for name, place, at, data in sorted(self.seen, key=lambda row: row[:2]):
            try:
                found = frame_of(data)
            except FrameError:
                continue
            if name != gateway or found.is_command:
                continue
            named = items(found)
            if found.code == 0x52 and named and named[0].id:
                device = named[0].id
            out.append((place, at, found.code, device, items(found, lookup(device or None))))
        return out

    def gateways(self) -> list[str]:
        """All names."""
        return sorted({row[0] for row in self.seen})

    def readings(self) -> list[tuple]:
        """(gateway, boot, seq, at, code, codepage, name, value, unit, raw) of numbered frames."""
        return [
            (gateway, *place[:2], stamp(at), *reading[1:])
            for gateway in self.gateways()
            for place, at, _, _, found in self.answers(gateway)
            for reading in found
            if reading.kind == "reading" and place[0] > 0
        ]

    def episodes(self, kind: str, codes: tuple[int, ...], key) -> list[tuple]:
        """(gateway, key, began, last seen, over, item) of what stays from answer to answer."""
        out = []
        for gateway, code in itertools.product(self.gateways(), codes):
            standing: dict[Any, list] = {}
            for _, at, request, _, found in self.answers(gateway):
                if request != code:
                    continue
                now: dict[Any, Any] = {}
                for item in found:
                    if item.kind == kind:
                        now.setdefault(key(item), item)
                for gone in [old for old in standing if old not in now]:
                    began, seen, item = standing.pop(gone)
                    out.append((gateway, gone, stamp(began), stamp(seen), stamp(at), item))
                for here, item in now.items():
                    began, _, first = standing.get(here, (at, at, item))
                    standing[here] = [began, at, first if kind != "alarm" else item]
            for here, (began, seen, item) in standing.items():
                out.append((gateway, here, stamp(began), stamp(seen), None, item))
        return out

    def gaps(self) -> list[tuple]:
        """(gateway, boot, number, reason) of every number that is not stored."""
        out = []
        for gateway in sorted({one.gateway for one in self.records}):
            out += self._gaps([one for one in self.records if one.gateway == gateway])
        return out

    def _gaps(self, mine: list[Record]) -> list[tuple]:
        stored, dropped = defaultdict(set), defaultdict(set)
        held: dict[int, dict[int, set]] = {}
        for one in mine:
            stored[one.boot].add(one.seq)
            if one.data.startswith(b"!drop"):
                note = READER.note(one.data)
                if 1 <= note.first <= note.last:
                    dropped[note.boot] |= set(range(note.first, note.last + 1))
            if one.data.startswith(b"!boot"):
                held[one.boot] = defaultdict(set)
                for boot, first, last in READER.note(one.data).held:
                    held[one.boot][boot] |= set(range(first, last + 1))
        newest = max(stored)
        out = []
        for boot in {*stored, *dropped, *(old for report in held.values() for old in report)}:
            later = max((one for one in held if one > boot), default=None)
            kept = held[later][boot] if later else set()
            # What any report names exists, though a later one may hold it no more.
            named = set().union(*(report[boot] for report in held.values()))
            top = max(stored[boot] | dropped[boot] | named, default=0)
            for number in set(range(1, top + 1)) - stored[boot]:
                reason = "in_flight" if boot == newest else "restart" if later else "unknown"
                reason = "in_flight" if number in kept else reason
                reason = "dropped" if number in dropped[boot] else reason
                out.append((mine[0].gateway, boot, number, reason))
        return out
