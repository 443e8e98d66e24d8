"""Which device a gateway was at, by its frames: the table `tenure`.

A frame belongs to the device whose identity is the last at or before it. The rows are computed
from the identities and the runs as they are known now, so their order of arrival is all one.
"""

# ruff: noqa: S608 - statements are put together from this package's own text only.

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from neonat.store.base import Base, Many
from neonat.store.catalog import MODEL_OF
from neonat.store.memory import Gateway
from neonat.store.packing import SEQ_BITS, SEQ_MAX
from neonat.store.rollup import forget

# The bounds of the times of the original firmware's frames.
TIME_MIN = -(1 << 62)
TIME_MAX = 1 << 62


_IDENTITIES = (
    "SELECT x.gateway, x.boot, x.seq, x.at, s.device FROM stretch x"
    " JOIN shape s ON s.id = x.shape WHERE x.gateway {} AND x.request = '52'"
    " ORDER BY x.gateway, x.boot, x.seq"
)
_TENURES = "SELECT gateway, boot, first, last, run, device FROM tenure WHERE gateway {}"
_COME = Many(
    "INSERT INTO tenure SELECT x.*, " + MODEL_OF.format("x.device") + " FROM (SELECT ? AS gateway,"
    " ? AS boot, ? AS first, ? AS last, ? AS run, CAST(? AS TEXT) AS device) x",
    "INSERT INTO tenure SELECT x.*, " + MODEL_OF.format("x.device") + " FROM unnest(?::bigint[],"
    " ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[])"
    " x(gateway, boot, first, last, run, device)",
)


class Tenure(NamedTuple):
    """One device from `first` to `last`: ids of frames, or times where `boot` is 0."""

    boot: int
    first: int
    last: int
    run: int
    device: str


def bounds(boot: int, run: int) -> tuple[int, int]:
    """The first and the last id that a frame of a run can have; times where `boot` is 0."""
    if boot == 0:
        return TIME_MIN, TIME_MAX
    return run << SEQ_BITS, (run << SEQ_BITS) + SEQ_MAX


def tenures(
    runs: Iterable[tuple[int, int]], identities: Sequence[tuple[int, int, str]]
) -> list[Tenure]:
    """The tenures of (boot, run) in order, given (boot, id or time, device) in order."""
    out: list[Tenure] = []
    device = ""
    place = 0
    for boot, run in runs:
        first, last = bounds(boot, run)
        while place < len(identities) and identities[place][0] <= boot:
            _, at, other = identities[place]
            place += 1
            if other != device:
                if at > first:
                    out.append(Tenure(boot, first, at - 1, run, device))
                first, device = at, other
        out.append(Tenure(boot, first, last, run, device))
    return out


def settle(base: Base, gateways: Sequence[Gateway]) -> dict[int, Gateway]:
    """Write the tenures of gateways as their runs and identities are now.

    The runs that were parted elsewhere are taken out of the rollups, and returned.
    """
    if not gateways:
        return {}
    ids = [gateway.id for gateway in gateways]
    said: dict[int, list[tuple[int, int, int, str]]] = {}
    for owner, *identity in _asked(base, _IDENTITIES, ids):
        said.setdefault(owner, []).append(tuple(identity))
    before: dict[int, set[Tenure]] = {}
    for owner, *row in _asked(base, _TENURES, ids):
        before.setdefault(owner, set()).add(Tenure(*row))
    gone: list[tuple] = []
    come: list[tuple] = []
    moved: dict[int, Gateway] = {}
    for gateway in gateways:
        old = before.get(gateway.id, set())
        new = _tenures_of(gateway, said.get(gateway.id, []))
        was, now = _bounds_of(old), _bounds_of(new)
        moved.update((run, gateway) for run, parts in was.items() if parts != now.get(run))
        gone += [(gateway.id, one.boot, one.first) for one in old - new]
        come += [(gateway.id, *one) for one in new - old]
    for run in moved:
        forget(base, run)
    base.executemany("DELETE FROM tenure WHERE gateway = ? AND boot = ? AND first = ?", gone)
    base.many(_COME, come)
    return moved


def _asked(base: Base, sql: str, ids: Sequence[int]) -> Iterable[tuple]:
    """Rows of gateways, in one question where the database is far."""
    if base.distant:
        return base.execute(sql.format("= ANY(?)"), (list(ids),)).fetchall()
    return [row for one in ids for row in base.execute(sql.format("= ?"), (one,))]


def _tenures_of(gateway: Gateway, said: Sequence[tuple[int, int, int, str]]) -> set[Tenure]:
    runs = sorted((run.boot, run.id) for run in gateway.runs.values())
    ids = dict(runs)
    identities = [
        (boot, at if boot == 0 else (ids[boot] << SEQ_BITS) + seq, device)
        for boot, seq, at, device in said
    ]
    return set(tenures(runs, identities))


def _bounds_of(parts: Iterable[Tenure]) -> dict[int, set[tuple[int, int]]]:
    out: dict[int, set[tuple[int, int]]] = {}
    for one in parts:
        out.setdefault(one.run, set()).add((one.first, one.last))
    return out
