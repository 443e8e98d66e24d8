"""What a simulated incubator says at the default plan, in virtual time, with stamps that jitter."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from medibus.escape import escape
from medibus.frame import response
from medibus.schedule import Plan
from neonat.gateway.writing import stamp
from neonat.simulator.incubator import LiveAnswers
from neonat.simulator.models import TN500

BEGIN = datetime(2026, 11, 23, 6, tzinfo=UTC)
BEGIN_MS = 1795413600000
# A byte takes 10 bits at 38400 baud.
BYTE_MS = 10 / 38.4


def records(seconds: int, seed: int, jitter_ms: float = 4.0) -> Iterator[tuple[str, str]]:
    """(time, data) of each response, as the spool takes them.

    The device answers after 8 ms and more or less by `jitter_ms` (standard deviation).
    """
    chance = random.Random(f"day {seed}")
    answers = LiveAnswers(TN500, seed, lambda now: BEGIN + timedelta(milliseconds=now))
    plan = Plan()
    now = 0
    while now < seconds * 1000:
        code = plan.due(now)
        if code is None:
            now += max(1, plan.deadline(now) or 0) + int(abs(chance.gauss(0, 1)))
            continue
        frame = response(code, answers.data(code, now))
        now += max(1, int(chance.gauss(8, jitter_ms))) + int(len(frame) * BYTE_MS)
        yield stamp(BEGIN_MS + now), escape(frame[:-1])
