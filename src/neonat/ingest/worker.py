"""Broker to store: take what has arrived, commit it, and only then acknowledge it."""

import logging
import os
import secrets
import threading
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from neonat.ingest.answers import ack_payloads, answers
from neonat.ingest.broker_url import BrokerUrl
from neonat.ingest.fair import Fair
from neonat.ingest.intake import ALONE, Intake, Share
from neonat.ingest.link import Link, Message
from neonat.ingest.refusals import Refusals
from neonat.ingest.timing import Timing
from neonat.store import LegacyRecord, Reader, Record, Store, StoreError, Written

PREFIX = "neonat/1"

# Records that may wait while the store is out of order; beyond that, messages are let go: nothing
# of them was acknowledged, so the gateways send them again.
WAITING_MAX = 50_000
WRITE_MAX = 20_000
# What one commit takes: 2,500 records, some 20 ms, that others have to wait behind.
ROUND_BYTES = 256 << 10
IN_HAND = 1000
RETRY_S = (0.1, 5.0)
IDLE_S = 0.25
HEALTH_S = 1.0
HEALTH_RETRY_S = 10.0
ROLL_S = 0.5
ROLL_RETRY_S = 10.0
# Between two looks for what is too old: while there is some, and then.
EXPIRE_S = (0.5, 600.0)
STOP_S = 3.0

_log = logging.getLogger(__name__)


class Worker:
    """One ingest: a broker, a store, and what is between them. `run` until `stop` is set.

    Raises LinkError when the broker refuses the login at the first connect; nothing else.
    """

    def __init__(
        self,
        store: Store,
        reader: Reader,
        broker: BrokerUrl,
        zone: ZoneInfo,
        prefix: str = PREFIX,
        ca_file: str | None = None,
        waiting_max: int = WAITING_MAX,
        keep: Mapping[str, int] = MappingProxyType({}),
        share: Share = ALONE,
    ) -> None:
        self.refusals = Refusals()
        self.timing = Timing()
        self.intake = Intake(prefix, zone, reader, self.refusals, share)
        self._share = share
        self.link = Link(
            broker, self.intake.topics, "neonat-ingest-" + secrets.token_hex(6), ca_file
        )
        self.stored = self.repeated = self.commits = self.expired = 0
        self.failure: str | None = None
        self._store = store
        self._prefix = prefix
        self._queue = Fair(waiting_max)
        self._write_max = WRITE_MAX
        self._retry_at = 0.0
        self._retry = RETRY_S[0]
        self._started_at = _now()
        self._last_commit_at: int | None = None
        self._keep = keep
        self._expire_at = time.monotonic() + EXPIRE_S[0]
        self._roll_at = 0.0
        self._health_at = 0.0
        self._health_failure: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then commit and acknowledge what was taken."""
        try:
            while not stop.is_set():
                self.step(self._patience())
            _log.info("stopping: %d envelopes to commit", self.waiting)
            self._finish()
        finally:
            self.link.close(STOP_S / 3)
            if self.failure is None and self._health_failure is None:
                self._tell(running=False)

    def _patience(self) -> float:
        """Seconds that nothing needs to be done but to listen."""
        if not self._something_waits():
            return IDLE_S
        return min(IDLE_S, max(self._retry_at - time.monotonic(), 0.0))

    def step(self, wait: float) -> None:
        """Take what has arrived within `wait` s, commit a round of what waits, acknowledge it."""
        if self.failure is not None or not self._queue.is_crowded:
            for message in self.link.poll(wait):
                self._queue.add(message, self.intake.waiting)
        self._commit()
        self._roll()
        self._expire()
        self._report()

    def health(self) -> dict[str, Any]:
        """What /healthz and /metrics show; times are UTC, ms."""
        return {
            "started_at": self._started_at,
            "pid": os.getpid(),
            "broker": str(self.link.broker),
            "connected": self.link.connected,
            "envelopes": self.intake.envelopes,
            "stored": self.stored,
            "repeated": self.repeated,
            "refused": dict(self.refusals.counts),
            "commits": self.commits,
            "waiting": self.waiting,
            "let_go": self.let_go,
            "expired": self.expired,
            "last_commit_at": self._last_commit_at,
            "failure": self.failure,
            **self.timing.facts(),
        }

    @property
    def waiting(self) -> int:
        """How many envelopes wait for the store."""
        return self._queue.waiting + self.intake.waiting

    @property
    def let_go(self) -> int:
        """How many messages were given up, since too much waited; their gateways have them."""
        return self._queue.let_go

    def _take(self, message: Message) -> None:
        try:
            self.intake.take(message)
        except Exception:
            _log.exception("a message on %r could not be decoded", message.topic[:128])
            self.refusals.add(message.received_at, message.topic, "internal", message.payload)

    def _commit(self) -> None:
        if time.monotonic() < self._retry_at:
            return
        if self.intake.waiting < IN_HAND:
            for message in self._queue.round(ROUND_BYTES):
                self._take(message)
        if self._something_waits():
            try:
                self._write_some()
            except StoreError as error:
                self._failed(str(error))

    def _something_waits(self) -> bool:
        return bool(self.waiting or self.refusals.waiting())

    def _write_some(self) -> None:
        intake = self.intake
        records = intake.records[: self._write_max]
        legacy = intake.legacy[: self._write_max]
        states = list(intake.states.values())
        refusals = self.refusals.waiting()
        began = time.monotonic()
        written = self._write(records, legacy, states, refusals)
        self.timing.committed(time.monotonic() - began, records, _now())
        del intake.records[: len(records)]
        del intake.legacy[: len(legacy)]
        intake.states.clear()
        self.refusals.kept(len(refusals))
        self._works()
        self._acknowledge(written)

    def _write(
        self, records: list[Record], legacy: list[LegacyRecord], states: list, refusals: list
    ) -> Written:
        try:
            return self._store.write(records, legacy, states, refusals)
        except StoreError:
            raise
        except Exception as error:
            _log.exception("the store failed on %d records", len(records))
            raise StoreError(f"the store failed: {type(error).__name__}") from error

    def _works(self) -> None:
        self.commits += 1
        self._last_commit_at = _now()
        self._retry = RETRY_S[0]
        self._write_max = min(WRITE_MAX, self._write_max * 4)
        if self.failure is not None:
            _log.info("the store works again")
            self.failure = None

    def _failed(self, reason: str) -> None:
        """Wait, then try with less; a single record that fails goes behind the others."""
        if reason != self.failure:
            _log.error("%s; trying again, nothing is acknowledged meanwhile", reason)
        self.failure = reason
        # A locked store takes seconds to refuse: a report right now would take as long again.
        self._health_at = time.monotonic()
        self._retry_at = self._health_at + self._retry
        self._retry = min(self._retry * 2, RETRY_S[1])
        if self._write_max == 1:
            records = self.intake.records
            records.append(records.pop(0)) if records else None
        self._write_max = max(1, min(self._write_max, self.intake.waiting) // 8)

    def _acknowledge(self, written: Written) -> None:
        self.stored += written.stored
        self.repeated += written.repeated
        for gateway, lines in answers(written).items():
            for payload in ack_payloads(lines):
                self.link.publish(f"{self._prefix}/{gateway}/ack", payload)
        for record in written.conflicts:
            self.refusals.add(
                record.received_at,
                f"{self._prefix}/{record.gateway}/frames",
                "conflict",
                b"%d.%d|%b" % (record.boot, record.seq, record.data),
            )

    def _finish(self) -> None:
        # A store that failed a moment ago may take seconds to say so again.
        deadline = time.monotonic() + STOP_S / 2
        while self._something_waits() and self.failure is None and time.monotonic() < deadline:
            self._commit()
        if self.waiting:
            _log.warning(
                "%d envelopes were neither stored nor acknowledged: the gateways keep them",
                self.waiting,
            )

    def _roll(self) -> None:
        """Sum up some of what is stored, as long as nobody waits for a commit."""
        now = time.monotonic()
        if now < self._roll_at or self._something_waits() or self.failure is not None:
            return
        try:
            left = self._store.roll()
        except Exception as error:
            _log.error("cannot sum up what is stored: %s", error)
            self._roll_at = time.monotonic() + ROLL_RETRY_S
        else:
            self._roll_at = now + (0.0 if left else ROLL_S)

    def _expire(self) -> None:
        """Take away some of what is too old, as long as nobody waits for a commit."""
        now = time.monotonic()
        if not self._keep or now < self._expire_at or self._something_waits() or self.failure:
            return
        try:
            gone = self._store.expire(self._keep)
        except Exception as error:
            _log.error("cannot take away what is old: %s", error)
            gone = 0
        self.expired += gone
        self._expire_at = time.monotonic() + EXPIRE_S[0 if gone else 1]

    def _report(self) -> None:
        pause = HEALTH_S if self._health_failure is None else HEALTH_RETRY_S
        now = time.monotonic()
        if now - self._health_at >= pause:
            self._tell(running=True)
            self._health_at = time.monotonic()

    def _tell(self, running: bool) -> None:
        try:
            health = {"at": _now(), "running": running, **self.health()}
            self._store.set_health(health, self._share.name)
        except StoreError as error:
            if str(error) not in (self.failure, self._health_failure):
                _log.error("cannot report: %s", error)
            self._health_failure = str(error)
        else:
            self._health_failure = None


def _now() -> int:
    return time.time_ns() // 1_000_000
