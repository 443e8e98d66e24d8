"""What a device would have answered in the past, for stores that have to look lived in."""

from collections.abc import Callable, Iterator

from medibus.frame import response
from neonat.simulator import payloads
from neonat.simulator.stay import MINUTE, SECOND, Stay

STEADY_EVERY = 10 * MINUTE
ALARMS_EVERY = 5 * MINUTE
ALARMS, LIMITS = (0x27, 0x2E), (0x25, 0x26)


def answers(
    stay: Stay, start: int, end: int, step: Callable[[int], int]
) -> Iterator[tuple[int, bytes]]:
    """(UTC ms, frame without CR) of [start, end): measured data each `step(at)` ms, the rest where
    it changes and now and then besides."""
    said: dict[int, tuple[bytes, int]] = {}
    shown: object = None
    at = due = start
    while at < end:
        stay.advance(at)
        yield at, response(0x24, payloads.measured(stay))[:-1]
        before, shown = shown, _shown(stay)
        if at >= due or shown != before:
            others = list(_others(stay))
            for place, (code, data, again) in enumerate(others, 1):
                last = said.get(code)
                if last is None or last[0] != data or at - last[1] >= again:
                    said[code] = (data, at)
                    yield at + 110 * place, response(code, data)[:-1]
            due = min(said[code][1] + again for code, _, again in others)
        at += max(step(at), 2 * SECOND)


def _shown(stay: Stay) -> object:
    """What the other answers are made from."""
    return stay.alarms, stay.modes, stay.options, tuple(stay.settings.values())


def _others(stay: Stay) -> Iterator[tuple[int, bytes, int]]:
    for code in ALARMS:
        yield code, payloads.alarms(stay, code), ALARMS_EVERY
    yield 0x29, payloads.settings(stay), STEADY_EVERY
    yield 0x2A, payloads.texts(stay), STEADY_EVERY
    if stay.model.limits:
        for code in LIMITS:
            yield code, payloads.limits(stay, high=code == LIMITS[1]), STEADY_EVERY
