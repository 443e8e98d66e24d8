"""What ingest would not take: counted exactly, logged and kept at a bounded rate."""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable

from neonat.store import Refusal

PAYLOAD_KEPT = 256
TOPIC_KEPT = 128
# For each reason: so many at once, then one more every REFILL_S. A flood is a few MB a day.
BURST = 100
REFILL_S = 10.0
LOG_EVERY_S = 10.0
WAITING_MAX = 1000

_log = logging.getLogger(__name__)


class _Reason:
    def __init__(self, now: float) -> None:
        self.tokens = float(BURST)
        self.refilled_at = now
        self.logged_at = now - LOG_EVERY_S
        self.unlogged = 0

    def may_keep(self, now: float) -> bool:
        self.tokens = min(BURST, self.tokens + (now - self.refilled_at) / REFILL_S)
        self.refilled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Refusals:
    """Refusals on their way into the store; `counts` holds every one by its reason.

    `clock` gives seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._reasons: dict[str, _Reason] = {}
        self._waiting: deque[Refusal] = deque(maxlen=WAITING_MAX)

    def add(
        self, received_at: int, topic: str, reason: str, payload: bytes, others: int = 0
    ) -> None:
        """Count one, and `others` of the same message that are like it.

        It is kept and logged when its reason has not had too many lately; the others are not.
        """
        self.counts[reason] += 1 + others
        now = self._clock()
        state = self._reasons.get(reason)
        if state is None:
            state = self._reasons[reason] = _Reason(now)
        if state.may_keep(now):
            short = topic.encode("utf-8", "replace")[:TOPIC_KEPT].decode("utf-8", "replace")
            self._waiting.append(Refusal(received_at, short, reason, payload[:PAYLOAD_KEPT]))
        state.unlogged += 1 + others
        if now - state.logged_at >= LOG_EVERY_S:
            _log.warning(
                "refused %s on %r: %r%s",
                reason,
                topic[:TOPIC_KEPT],
                payload[:48],
                f" ({state.unlogged} since the last line)" if state.unlogged > 1 else "",
            )
            state.logged_at = now
            state.unlogged = 0

    def waiting(self) -> list[Refusal]:
        """Those that the store shall keep and has not yet."""
        return list(self._waiting)

    def kept(self, count: int) -> None:
        """The first `count` of `waiting` are in the store."""
        for _ in range(min(count, len(self._waiting))):
            self._waiting.popleft()
