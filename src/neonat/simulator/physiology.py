"""The values behind the answers: they drift, alarms come and go, somebody turns the knobs."""

import random

from neonat.simulator.models import Alarm, Mode, Model, SetPoint

SECOND = 1000
LONGEST_CATCH_UP = 600

SKIN_PERIPHERAL, SKIN_CENTRAL, SKIN_DIFFERENCE = 0x65, 0x66, 0xC2
MATTRESS, OXYGEN, WEIGHT = 0x6A, 0xC0, 0xF2
OXYGEN_CONTROL, MATTRESS_CONTROL = 0x15, 0x50
CENTRAL_SENSOR_ERROR = 0x17

ALARM_STARTS = 1 / 20
ALARM_ENDS = 1 / 25
KNOB_TURNS = 1 / 45
MODE_CHANGES = 1 / 150
OPTION_CHANGES = 1 / 90
SENSOR_FALLS_OFF = 1 / 240
SENSOR_IS_BACK = 1 / 20
SCALE_IS_USED = 1 / 200
LIGHT_CHANGES = 1 / 40


class Physiology:
    """Everything that a device could be asked for, advanced one second at a time.

    The same model, seed and number of seconds give the same values, whatever was asked in between.
    """

    def __init__(self, model: Model, seed: object = 0):
        self.model = model
        self._random = random.Random(f"physiology {seed}")  # noqa: S311 - not for secrets
        self._elapsed = 0
        self._since: int | None = None
        self.values = {q.code: float(q.start) for q in model.quantities}
        self.settings = {s.code: float(s.start) for s in model.set_points}
        self.modes: list[Mode] = [group[0] for group in model.modes]
        self.options: list[Mode] = []
        self.alarms: list[Alarm] = []
        self.missing = {code for code in (MATTRESS, OXYGEN, WEIGHT) if code in self.values}

    def advance(self, now: int) -> None:
        """Let the time pass until `now` ms; a long sleep is cut to ten minutes."""
        if self._since is None:
            self._since = now
        due = (now - self._since) // SECOND - self._elapsed
        self._elapsed += due
        for _ in range(min(due, LONGEST_CATCH_UP)):
            self.step()

    def step(self) -> None:
        """One second."""
        self._drift()
        self._turn_knobs()
        self._change_modes()
        self._change_alarms()
        self._change_sensors()

    def _happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def _drift(self) -> None:
        targets = {s.drives: self.settings[s.code] for s in self.active_set_points()}
        for quantity in self.model.quantities:
            old = self.values[quantity.code]
            goal = targets.get(quantity.code, quantity.start)
            new = old + 0.01 * (goal - old) + self._random.gauss(0, quantity.step)
            if quantity.step:
                self.values[quantity.code] = min(max(new, quantity.low), quantity.high)
        if 0xE4 in self.values and self._happens(LIGHT_CHANGES):
            self.values[0xE4] = self._random.choice((4, 60, 183, 420, 950))

    def active_set_points(self) -> list[SetPoint]:
        """The set points that the present modes use, in the order of their codes."""
        wanted = {code for mode in self.modes + self.options for code in mode.set_points}
        return [s for s in self.model.set_points if s.code in wanted]

    def _turn_knobs(self) -> None:
        for point in self.active_set_points():
            if self._happens(KNOB_TURNS):
                new = self.settings[point.code] + self._random.choice((-1, 1)) * point.turn
                self.settings[point.code] = min(max(new, point.low), point.high)

    def _change_modes(self) -> None:
        for place, group in enumerate(self.model.modes):
            if self._happens(MODE_CHANGES):
                self.modes[place] = self._random.choice(group)
        for option in self.model.options:
            if self._happens(OPTION_CHANGES):
                if option in self.options:
                    self.options.remove(option)
                else:
                    self.options.append(option)
                self._bring(OXYGEN, OXYGEN_CONTROL)
                self._bring(MATTRESS, MATTRESS_CONTROL)

    def _bring(self, quantity: int, option: int) -> None:
        if quantity not in self.values:
            return
        if any(mode.code == option for mode in self.options):
            self.missing.discard(quantity)
        else:
            self.missing.add(quantity)

    def _change_alarms(self) -> None:
        standing = [a for a in self.alarms if not self._happens(ALARM_ENDS)]
        if self._happens(ALARM_STARTS):
            alarm = self._random.choice(self.model.alarms)
            if alarm not in standing:
                standing.append(alarm)
        self.alarms = standing

    def _change_sensors(self) -> None:
        if SKIN_CENTRAL in self.missing:
            if self._happens(SENSOR_IS_BACK):
                self.missing -= {SKIN_CENTRAL, SKIN_DIFFERENCE}
        elif self._happens(SENSOR_FALLS_OFF):
            self.missing |= {SKIN_CENTRAL, SKIN_DIFFERENCE}
            errors = [a for a in self.model.alarms if a.code == CENTRAL_SENSOR_ERROR]
            self.alarms += [a for a in errors if a not in self.alarms]
        if WEIGHT in self.values and self._happens(SCALE_IS_USED):
            self.missing ^= {WEIGHT}
