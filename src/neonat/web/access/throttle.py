"""How long somebody waits who failed to sign in; times are seconds of any clock."""

from typing import NamedTuple

# Failures without a wait: of one name from one address, of an address, of a name.
PAIR_FREE = 5
ADDRESS_FREE = 20
NAME_FREE = 50

WAIT_MAX_S = 900.0
FORGOTTEN_S = 3600.0
_MANY = 10_000


class _Record(NamedTuple):
    failures: int
    at: float


class Throttle:
    """Counts failures; beyond the free ones each doubles the wait, up to `WAIT_MAX_S`.

    A name alone is the most patient: nobody can lock another out from afar by a few failures.
    """

    def __init__(self) -> None:
        self._records: dict[tuple[str, ...], _Record] = {}

    def wait(self, name: str, address: str, now: float) -> float:
        """Seconds until the next try is allowed; 0 when it is now."""
        longest = 0.0
        for key, free in _keys(name, address):
            record = self._records.get(key)
            if record is None or now - record.at > FORGOTTEN_S or record.failures < free:
                continue
            pause = min(2.0 ** (record.failures - free), WAIT_MAX_S)
            longest = max(longest, record.at + pause - now)
        return longest

    def failed(self, name: str, address: str, now: float) -> None:
        """Count a failure."""
        if len(self._records) > _MANY:
            old = [key for key, one in self._records.items() if now - one.at > FORGOTTEN_S]
            for key in old or list(self._records)[: _MANY // 2]:
                del self._records[key]
        for key, _ in _keys(name, address):
            record = self._records.get(key)
            known = record is not None and now - record.at <= FORGOTTEN_S
            self._records[key] = _Record(record.failures + 1 if record and known else 1, now)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name from an address."""
        self._records.pop(("pair", name, address), None)


def _keys(name: str, address: str) -> tuple[tuple[tuple[str, ...], int], ...]:
    return (
        (("pair", name, address), PAIR_FREE),
        (("address", address), ADDRESS_FREE),
        (("name", name), NAME_FREE),
    )
