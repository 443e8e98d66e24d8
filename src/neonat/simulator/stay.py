"""A newborn's weeks in an incubator: every value a function of a seed and the time, nothing else.

So history can be made for any moments in any steps, and an incubator that is started later goes on
where that history ends. The figures are chosen to look like a ward, not taken from one.
"""

import math
import time
from collections.abc import Iterator
from typing import NamedTuple

from neonat.simulator.models import Alarm, Mode, Model, SetPoint
from neonat.simulator.physiology import (
    CENTRAL_SENSOR_ERROR,
    MATTRESS,
    OXYGEN,
    OXYGEN_CONTROL,
    SKIN_CENTRAL,
    SKIN_DIFFERENCE,
    SKIN_PERIPHERAL,
    WEIGHT,
)

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000

AIR, HUMIDITY, LIGHT, NOISE, HEATER, WEIGHT_DATE = 0x6D, 0x6C, 0xE4, 0xEC, 0xF1, 0xF3
SET_AIR, SET_SKIN, SET_HUMIDITY, SET_OXYGEN = 0x1A, 0x1B, 0x1C, 0x24
SKIN_MODE, HUMIDITY_CONTROL, KANGAROO, WEANING = 0x14, 0x16, 0x51, 0xA3

CARE_EVERY = 3 * HOUR
ALARM_SLOT = 2 * HOUR
STAY = 28

_MASK = 2**64 - 1


class Character(NamedTuple):
    """What one incubator's days are like.

    `unrest` multiplies how often alarms come, lengthens them and lets values wander farther,
    `oxygen` and `skin_mode` say what is in use, `grams` is the weight at the beginning.
    """

    unrest: float = 1.0
    oxygen: bool = False
    skin_mode: bool = False
    grams: int = 1180


CHARACTERS = (
    Character(oxygen=True),
    Character(skin_mode=True, grams=1420),
    Character(unrest=1.6, oxygen=True, grams=940),
    Character(unrest=0.6, grams=1790),
    Character(skin_mode=True, oxygen=True, grams=1310),
    Character(unrest=14.0, oxygen=True, grams=1050),
)


def character_of(seed: int) -> Character:
    """One of CHARACTERS; the last of them is the one that misbehaves."""
    return CHARACTERS[seed % len(CHARACTERS)]


class Chance:
    """Numbers from 0 to 1 that depend on a seed, a channel and a count only."""

    def __init__(self, seed: int) -> None:
        self._seed = seed * 0xC2B2AE3D27D4EB4F & _MASK
        self._ends: dict[int, tuple[int, float, float]] = {}
        self._last: dict[int, tuple[int, float]] = {}

    def of(self, channel: int, count: int) -> float:
        """The number of one count."""
        mixed = (count * 0x9E3779B97F4A7C15 + channel * 0xD6E8FEB86659FD93 + self._seed) & _MASK
        mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 & _MASK
        mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 & _MASK
        return (mixed ^ mixed >> 32) / 2**64

    def again(self, channel: int, count: int) -> float:
        """The number of a count that is asked for many times in a row."""
        last = self._last.get(channel)
        if last is None or last[0] != count:
            last = self._last[channel] = (count, self.of(channel, count))
        return last[1]

    def wave(self, channel: int, now: int, period: int) -> float:
        """A smooth walk from -1 to 1 with a new goal each `period` ms."""
        count, part = divmod(now, period)
        ends = self._ends.get(channel)
        if ends is None or ends[0] != count:
            begin = ends[2] if ends and ends[0] + 1 == count else self.of(channel, count)
            ends = self._ends[channel] = (count, begin, self.of(channel, count + 1))
        share = part / period
        share = share * share * (3 - 2 * share)
        return 2 * (ends[1] + (ends[2] - ends[1]) * share) - 1


class Stay:
    """What a device shows at the moment of the last `advance`, in the form of a `Physiology`.

    `shift` is added to the times of `advance` to make them UTC ms; `zone` is local minus UTC, ms.
    """

    def __init__(
        self, model: Model, seed: int, character: Character, shift: int = 0, zone: int | None = None
    ) -> None:
        self.model = model
        self.character = character
        self._chance = Chance(seed)
        self._shift = shift
        self._zone = time.localtime().tm_gmtoff * SECOND if zone is None else zone
        self._chosen: tuple[int, list[tuple[Alarm, float, float]]] = (-1, [])
        self._rounds: dict[int, tuple[int, int, float]] = {}
        self._groups: dict[tuple[bool, ...], tuple[list[Mode], list[Mode]]] = {}
        self._turned: int | None = None
        self._phase = round(self._chance.of(0, 0) * STAY)
        self.values = {q.code: float(q.start) for q in model.quantities}
        self.settings = {s.code: float(s.start) for s in model.set_points}
        self.modes: list[Mode] = []
        self.options: list[Mode] = []
        self.alarms: list[Alarm] = []
        self.missing: set[int] = set()

    def advance(self, now: int) -> None:
        """Be at `now` + `shift`; any order of times will do."""
        at = now + self._shift
        local = at + self._zone
        day, hour = local // DAY, local % DAY / HOUR
        age = (day + self._phase) % STAY
        is_open, effect = self._care(at)
        self._choose_modes(day, hour)
        self._turn_knobs(local, age)
        self._measure(at, hour, age, is_open, effect)
        self._weigh(local, day, age, is_open)
        self._alarm(at, effect)

    def active_set_points(self) -> list[SetPoint]:
        """The set points that the present modes use, in the order of their codes."""
        wanted = {code for mode in self.modes + self.options for code in mode.set_points}
        return [point for point in self.model.set_points if point.code in wanted]

    def _care(self, at: int) -> tuple[bool, float]:
        """Whether the hood is open for a round of care, and how much that is felt, 0 to 1."""
        effect = 0.0
        is_open = False
        last = at // CARE_EVERY
        if last not in self._rounds:
            self._rounds = {count: self._round(count) for count in (last - 1, last)}
        for begun, length, reached in self._rounds.values():
            since = at - begun
            if since < 0:
                continue
            if since < length:
                is_open = True
                effect = max(effect, 1 - math.exp(-since / (4 * MINUTE)))
            else:
                effect = max(effect, reached * math.exp((length - since) / (9 * MINUTE)))
        return is_open, effect

    def _round(self, count: int) -> tuple[int, int, float]:
        """When a round of care begins, how long it takes, and how much it is felt at its end."""
        begun = count * CARE_EVERY + int(self._chance.of(1, count) * 80 * MINUTE)
        length = int((6 + 14 * self._chance.of(2, count)) * MINUTE)
        return begun, length, 1 - math.exp(-length / (4 * MINUTE))

    def _choose_modes(self, day: int, hour: float) -> None:
        chance = self._chance.again
        start = 13 + 2 * chance(4, day)
        chosen = (
            self.character.skin_mode and chance(3, day) < 0.6,
            chance(5, day // 5) < 0.85,
            chance(6, day) < 0.5 and start <= hour < start + 1.25,
            chance(7, day) < 0.25 and 9.5 <= hour < 12,
        )
        if chosen not in self._groups:
            self._groups[chosen] = self._modes_of(*chosen)
        self.modes, self.options = self._groups[chosen]
        self.missing = {code for code in (MATTRESS, WEIGHT) if code in self.values}
        if not self.character.oxygen:
            self.missing.add(OXYGEN)

    def _modes_of(
        self, skin_now: bool, humidity: bool, kangaroo: bool, weaning: bool
    ) -> tuple[list[Mode], list[Mode]]:
        first = self.model.modes[0]
        skin = [mode for mode in first if mode.code == SKIN_MODE]
        modes = [skin[0] if skin_now and skin else first[0]]
        modes += [group[0] for group in self.model.modes[1:]]
        wanted = {
            OXYGEN_CONTROL: self.character.oxygen,
            HUMIDITY_CONTROL: humidity,
            KANGAROO: kangaroo,
            WEANING: weaning,
        }
        return modes, [mode for mode in self.model.options if wanted.get(mode.code)]

    def _turn_knobs(self, local: int, age: int) -> None:
        """Somebody turns a set point once a day, at about ten."""
        turning = 9 * HOUR + int(self._chance.again(8, local // DAY) * 3 * HOUR)
        turned = age - (local % DAY < turning)
        if turned == self._turned:
            return
        self._turned = turned
        goals = {
            SET_AIR: 34.6 - 0.1 * turned,
            SET_SKIN: 36.5 if self._chance.of(9, turned) < 0.7 else 36.7,
            SET_HUMIDITY: 75 - 5 * (turned // 6),
            SET_OXYGEN: 21 + round(8 * self._chance.of(10, turned)),
        }
        for point in self.model.set_points:
            value = goals.get(point.code, point.start)
            self.settings[point.code] = min(max(value, point.low), point.high)

    def _measure(self, at: int, hour: float, age: int, is_open: bool, effect: float) -> None:
        wave, unrest = self._chance.wave, min(self.character.unrest, 1.8)
        day = min(max(min(hour - 6.5, 21 - hour) / 1.2, 0.0), 1.0)
        air = self.settings.get(SET_AIR, 33.0)
        central = 36.75 + 0.12 * unrest * wave(21, at, 3 * HOUR) + 0.04 * wave(22, at, 11 * MINUTE)
        central -= 0.15 * effect
        drop = 1.0 + 0.3 * unrest * wave(23, at, 2 * HOUR) + 0.08 * wave(24, at, 9 * MINUTE)
        goals = {
            AIR: air + 0.1 * wave(25, at, 7 * MINUTE) + 0.05 * wave(26, at, MINUTE) - 2.4 * effect,
            SKIN_CENTRAL: central,
            SKIN_PERIPHERAL: central - drop - 0.3 * effect,
            HUMIDITY: self.settings.get(SET_HUMIDITY, 75 - 5 * (age // 6))
            + 2 * wave(27, at, 13 * MINUTE)
            - 17 * effect,
            OXYGEN: self.settings.get(SET_OXYGEN, 21) + 0.8 * wave(28, at, 5 * MINUTE),
            LIGHT: 4
            + day * (170 + 90 * wave(29, at, 2 * HOUR) + 15 * wave(30, at, 4 * MINUTE))
            + 260 * is_open * (1 - day),
            NOISE: 44
            + 7 * day
            + 2 * unrest * wave(31, at, 9 * MINUTE)
            + 1.5 * wave(32, at, MINUTE)
            + 9 * is_open,
            HEATER: 14 + 40 * effect * (not is_open) + 3 * wave(33, at, 2 * MINUTE),
        }
        for place, quantity in enumerate(self.model.quantities):
            value = goals.get(quantity.code)
            if value is None:
                walk = 4 * quantity.step * wave(40 + place, at, 6 * MINUTE)
                value = quantity.start + walk
            self.values[quantity.code] = min(max(value, quantity.low), quantity.high)

    def _weigh(self, local: int, day: int, age: int, is_open: bool) -> None:
        """On the scale during the first care after nine."""
        if WEIGHT not in self.values:
            return
        gain = 19 * age + round(40 * self._chance.of(11, day))
        self.values[WEIGHT] = self.character.grams + gain
        if WEIGHT_DATE in self.values:
            today = time.gmtime(local / 1000)
            self.values[WEIGHT_DATE] = today.tm_mday * 100 + today.tm_mon
        if is_open and 9 <= local % DAY / HOUR < 12:
            self.missing.discard(WEIGHT)

    def _alarm(self, at: int, effect: float) -> None:
        """Some stand for a while by chance; the air's is a matter of its temperature."""
        count, since = divmod(at, ALARM_SLOT)
        if self._chosen[0] != count:
            self._chosen = (count, list(self._choose_alarms(count)))
        self.alarms = [alarm for alarm, begun, end in self._chosen[1] if begun <= since < end]
        low = [alarm for alarm in self.model.alarms if alarm.phrase == "AIR TEMP LOW"]
        if effect > 0.96:
            self.alarms += [alarm for alarm in low if alarm not in self.alarms]
        if any(alarm.code == CENTRAL_SENSOR_ERROR for alarm in self.alarms):
            self.missing |= {SKIN_CENTRAL, SKIN_DIFFERENCE}

    def _choose_alarms(self, count: int) -> Iterator[tuple[Alarm, float, float]]:
        """The alarms of one slot, each with its begin and end in ms from the slot's."""
        for place, alarm in enumerate(self.model.alarms):
            rare = 0.004 if alarm.priority >= 25 else 0.02
            channel = 100 + 4 * place
            if self._chance.of(channel, count) < rare * self.character.unrest:
                length = (0.4 + 9 * self._chance.of(channel + 1, count) ** 3) * MINUTE
                length *= math.sqrt(max(self.character.unrest, 1))
                begun = self._chance.of(channel + 2, count) * (ALARM_SLOT - length)
                yield alarm, begun, begun + length
