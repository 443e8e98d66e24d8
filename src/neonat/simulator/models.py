"""What each simulated device answers, and with which codes (facts: medibus.md)."""

from typing import NamedTuple

TENTHS = "{:4.1f}"
PERCENT = "{:3.0f} "
WHOLE = "{:4.0f}"
SET_TENTHS = "{:5.1f}"
SET_WHOLE = "{:5.0f}"


class Quantity(NamedTuple):
    """A drifting value: where it starts, how it wanders, how its 4 characters are written."""

    code: int
    field: str
    start: float
    step: float
    low: float
    high: float


class Alarm(NamedTuple):
    """An alarm; `request` is the command that lists it, `priority` 1 to 31."""

    request: int
    code: int
    priority: int
    phrase: str


class SetPoint(NamedTuple):
    """A set point of 5 characters, how far a turn of the knob goes, which quantity follows it."""

    code: int
    field: str
    start: float
    turn: float
    low: float
    high: float
    drives: int


class Mode(NamedTuple):
    """A text that is shown while the mode is on, and the set points that are active with it."""

    code: int
    words: str
    set_points: tuple[int, ...] = ()


class Model(NamedTuple):
    """A device: `modes` are exclusive within a group, an `options` group may also be off."""

    key: str
    identity: bytes
    quantities: tuple[Quantity, ...]
    set_points: tuple[SetPoint, ...]
    modes: tuple[tuple[Mode, ...], ...]
    options: tuple[Mode, ...]
    alarms: tuple[Alarm, ...]
    answers: frozenset[int]
    limits: tuple[tuple[int, str, float, float], ...] = ()
    clock: str = "english"

    @property
    def name(self) -> str:
        return self.identity.split(b"'")[1].decode("ascii")


_SKIN = (
    Quantity(0x65, TENTHS, 35.9, 0.02, 25.0, 41.0),
    Quantity(0x66, TENTHS, 36.7, 0.02, 25.0, 41.0),
)
_AIR = Quantity(0x6D, TENTHS, 33.3, 0.03, 20.0, 39.0)
_HUMIDITY = Quantity(0x6C, PERCENT, 62, 0.3, 10, 95)
_OXYGEN = Quantity(0xC0, PERCENT, 21, 0.1, 18, 65)
_MATTRESS = Quantity(0x6A, TENTHS, 36.0, 0.02, 25.0, 40.0)
_RADIANT = Quantity(0x6E, WHOLE, 0, 0.5, 0, 100)
_DIFFERENCE = Quantity(0xC2, TENTHS, 0.8, 0, 0, 9.9)
_HEATER = Quantity(0xF1, WHOLE, 12, 1.0, 0, 100)
_WEIGHT = Quantity(0xF2, WHOLE, 1840, 0.05, 300, 7000)
_WEIGHT_DATE = Quantity(0xF3, WHOLE, 101, 0, 101, 3112)

_SET_AIR = SetPoint(0x1A, SET_TENTHS, 32.5, 0.5, 28.0, 37.0, 0x6D)
_SET_SKIN = SetPoint(0x1B, SET_TENTHS, 36.5, 0.1, 35.0, 37.5, 0x66)
_SET_HUMIDITY = SetPoint(0x1C, SET_WHOLE, 60, 5, 30, 95, 0x6C)
_SET_OXYGEN = SetPoint(0x24, SET_WHOLE, 30, 1, 18, 65, 0xC0)
_SET_RADIANT = SetPoint(0x3E, SET_WHOLE, 30, 5, 0, 100, 0x6E)
_SET_MATTRESS = SetPoint(0x3F, SET_TENTHS, 36.5, 0.5, 30.0, 40.0, 0x6A)

_SESSION = frozenset((0x30, 0x4A, 0x51, 0x52, 0x55))

TN500 = Model(
    key="tn500",
    identity=b"5700'Babyleo TN500'01.06:06.00",
    quantities=(
        *_SKIN,
        _MATTRESS,
        _HUMIDITY,
        _AIR,
        _RADIANT,
        _OXYGEN,
        _DIFFERENCE,
        Quantity(0xE4, WHOLE, 183, 1.5, 0, 1500),
        Quantity(0xEC, WHOLE, 53, 0.7, 35, 90),
        _HEATER,
        _WEIGHT,
        _WEIGHT_DATE,
    ),
    set_points=(_SET_AIR, _SET_SKIN, _SET_OXYGEN, _SET_RADIANT, _SET_MATTRESS),
    modes=(
        (
            Mode(0x13, "Air Mode", (0x1A,)),
            Mode(0x14, "Skin Mode", (0x1B,)),
            Mode(0x3B, "Manual Mode", (0x3E,)),
        ),
        (Mode(0xA5, "Closed Care Therapy"), Mode(0x3C, "Open Care Therapy")),
    ),
    options=(
        Mode(0x15, "Oxygen Control active", (0x24,)),
        Mode(0x16, "Humidity Control active"),
        Mode(0x50, "Mattress Temp Control active", (0x3F,)),
        Mode(0x51, "Kangaroo Mode"),
        Mode(0xA3, "Weaning Mode"),
    ),
    alarms=(
        Alarm(0x27, 0x30, 28, "AIR TEMP HI"),
        Alarm(0x27, 0x43, 19, "O2 SENS ERR"),
        Alarm(0x27, 0x6B, 18, "AIR TEMP LOW"),
        Alarm(0x27, 0x9E, 12, "WATER LOW"),
        Alarm(0x27, 0xB1, 14, "CHECK HOOD"),
        Alarm(0x27, 0xB2, 5, "CHECK WEAN"),
        Alarm(0x27, 0xB6, 3, "WARM-UP DONE"),
        Alarm(0x2E, 0x0D, 13, "HUMIDITY LOW"),
        Alarm(0x2E, 0x15, 26, "CTEMP LOW"),
        Alarm(0x2E, 0x17, 17, "CTEMP ERR"),
        Alarm(0x2E, 0x50, 11, "O2 MOD  INOP"),
        Alarm(0x2E, 0x7F, 31, "CHK PATIENT"),
    ),
    answers=_SESSION | {0x24, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2E},
)

ISOLETTE = Model(
    key="isolette",
    identity=b"5701'Isolette 8000 plus'01.02:06.00",
    quantities=(
        *_SKIN,
        _HUMIDITY,
        _AIR,
        _OXYGEN,
        _DIFFERENCE,
        _HEATER,
        _WEIGHT,
        Quantity(0xFA, WHOLE, 3, 0.0003, 0, 999),
    ),
    set_points=(_SET_AIR, _SET_SKIN, _SET_HUMIDITY, _SET_OXYGEN),
    modes=((Mode(0x13, "Air Mode", (0x1A,)), Mode(0x14, "Skin Mode", (0x1B,))),),
    options=(
        Mode(0x15, "Oxygen Control active", (0x24,)),
        Mode(0x16, "Humidity Control active", (0x1C,)),
    ),
    alarms=(
        Alarm(0x27, 0x30, 28, "AIR TEMP HI"),
        Alarm(0x27, 0x48, 20, "AIR TEMP ERR"),
        Alarm(0x27, 0xA6, 12, "CHECK WATER"),
        Alarm(0x2E, 0x17, 17, "CTEMP ERR"),
        Alarm(0x2E, 0x19, 26, "PTEMP HIGH"),
    ),
    answers=_SESSION | {0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2E},
    limits=((0x6D, TENTHS, 30.0, 38.0), (0x6C, PERCENT, 40, 90)),
    clock="short",
)

BABYROO = Model(
    key="babyroo",
    identity=b"5702'Babyroo TN300'01.01:06.00",
    quantities=(
        *_SKIN,
        _MATTRESS,
        _RADIANT,
        _DIFFERENCE,
        Quantity(0xCE, TENTHS, 1.8, 0.02, 0.1, 20.0),
        Quantity(0xE1, WHOLE, 142, 1.2, 60, 220),
        Quantity(0xEB, WHOLE, 95, 0.4, 60, 100),
        _WEIGHT,
        _WEIGHT_DATE,
    ),
    set_points=(_SET_SKIN, _SET_RADIANT, _SET_MATTRESS),
    modes=((Mode(0x14, "Skin Mode", (0x1B,)), Mode(0x3B, "Manual Mode", (0x3E,))),),
    options=(Mode(0x50, "Mattress Temp Control active", (0x3F,)), Mode(0xA2, "Warm-up Mode")),
    alarms=(
        Alarm(0x27, 0x02, 29, "SPO2 PULS LO"),
        Alarm(0x27, 0x07, 30, "SPO2 LOW"),
        Alarm(0x27, 0x35, 13, "SPO2SEN DISC"),
        Alarm(0x27, 0xDB, 31, "SPO2 DESAT"),
        Alarm(0x2E, 0x17, 17, "CTEMP ERR"),
        Alarm(0x2E, 0x80, 15, "RAD WRM INOP"),
        Alarm(0x2E, 0x81, 16, "MAT TEMP LO"),
    ),
    answers=_SESSION | {0x24, 0x27, 0x28, 0x29, 0x2A, 0x2E},
    clock="german",
)

MODELS = (TN500, ISOLETTE, BABYROO)


def find(words: str) -> Model:
    """The model with this key, id or part of its name; LookupError names the choices."""
    wanted = words.strip().casefold()
    exact = [m for m in MODELS if wanted in (m.key, m.identity[:4].decode(), m.name.casefold())]
    found = exact or [m for m in MODELS if wanted and wanted in m.name.casefold()]
    if len(found) != 1:
        choices = ", ".join(f"{m.key} ({m.name})" for m in MODELS)
        raise LookupError(f"no simulated device is called {words!r}; choose one of {choices}")
    return found[0]
