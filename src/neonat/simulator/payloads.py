"""The data of each answer, character by character as the device writes it."""

from datetime import datetime
from typing import Protocol

from neonat.simulator.models import Alarm, Mode, Model, SetPoint
from neonat.simulator.physiology import SKIN_CENTRAL, SKIN_DIFFERENCE, SKIN_PERIPHERAL

ETX = b"\x03"
LENGTH_BASE = 0x30
PRIORITY_BASE = 0x30
PHRASE_WIDTH = 12
_forms: dict[tuple[int, ...], tuple[Model, str]] = {}

ENGLISH = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
GERMAN = ("JAN", "FEB", "MAR", "APR", "MAI", "JUN", "JUL", "AUG", "SEP", "OKT", "NOV", "DEZ")


class Shown(Protocol):
    """What a device shows at one moment, whatever made it so."""

    model: Model
    values: dict[int, float]
    settings: dict[int, float]
    modes: list[Mode]
    options: list[Mode]
    alarms: list[Alarm]
    missing: set[int]

    def active_set_points(self) -> list[SetPoint]: ...

    def advance(self, now: int) -> None: ...


def measured(state: Shown) -> bytes:
    """Measured data, code page 1; a quantity without a value is left out, as recorded."""
    shown = [one for one in state.model.quantities if one.code not in state.missing]
    form = _forms.get(codes := tuple([one.code for one in shown]))
    if form is None or form[0] is not state.model:
        text = "".join([f"{one.code:02X}{one.field}" for one in shown])
        form = _forms[codes] = state.model, text
    values = [
        skin_difference(state) if code == SKIN_DIFFERENCE else state.values[code] for code in codes
    ]
    return form[1].format(*values).encode("ascii")


def skin_difference(state: Shown) -> float:
    """The difference of the two temperatures as shown, in Cel."""
    central = round(state.values[SKIN_CENTRAL], 1)
    return abs(central - round(state.values[SKIN_PERIPHERAL], 1))


def alarms(state: Shown, request: int) -> bytes:
    """The alarms of one code page, the most urgent first."""
    standing = sorted(
        (alarm for alarm in state.alarms if alarm.request == request),
        key=lambda alarm: (-alarm.priority, alarm.code),
    )
    return b"".join(
        bytes([PRIORITY_BASE + alarm.priority])
        + f"{alarm.code:02X}{alarm.phrase:<{PHRASE_WIDTH}}".encode("ascii")
        for alarm in standing
    )


def settings(state: Shown) -> bytes:
    """The active set points."""
    cells = [
        f"{point.code:02X}" + point.field.format(state.settings[point.code])
        for point in state.active_set_points()
    ]
    return "".join(cells).encode("ascii")


def texts(state: Shown) -> bytes:
    """The texts of the present modes, in the order of their codes."""
    shown = sorted(state.modes + state.options, key=lambda mode: mode.code)
    return b"".join(
        f"{mode.code:02X}{chr(LENGTH_BASE + len(mode.words))}{mode.words}".encode("ascii") + ETX
        for mode in shown
    )


def limits(state: Shown, high: bool) -> bytes:
    """The low or high limits of code page 1."""
    cells = [
        f"{code:02X}" + field.format(upper if high else lower)
        for code, field, lower, upper in state.model.limits
    ]
    return "".join(cells).encode("ascii")


def clock(moment: datetime, style: str) -> bytes:
    """Date and time as the device writes them: `english` as recorded, `short`, or `german`."""
    months = GERMAN if style == "german" else ENGLISH
    date = f"{moment.day:02d}-{months[moment.month - 1]}-{moment.year % 100:02d}"
    if style == "short":
        return f"{moment:%H:%M}   {date}".encode("ascii")
    return f"{moment:%H:%M:%S}{date}".encode("ascii")
