"""The requests of the line and the code pages that they ask for (medibus.md, "Commands")."""

NAK = 0x15
ALARMS = {0x23: 3, 0x27: 1, 0x2E: 2}
DATA = {0x24: 1, 0x2B: 2}
LOW_LIMITS = {0x25: 1, 0x2C: 2}
HIGH_LIMITS = {0x26: 1, 0x2D: 2}
DATE_TIME = 0x28
SETTINGS = 0x29
TEXTS = 0x2A
NOP = 0x30
TIME_CHANGED = 0x49
ICC = 0x51
IDENTIFY = 0x52
REALTIME_CONFIGURATION = 0x53
STOP = 0x55

_NAMES = {
    NAK: "not understood, send again",
    DATE_TIME: "date and time",
    SETTINGS: "settings",
    TEXTS: "text messages",
    NOP: "no operation",
    TIME_CHANGED: "time changed",
    0x4A: "configure data response",
    ICC: "initialise communication",
    IDENTIFY: "identification",
    REALTIME_CONFIGURATION: "real-time configuration",
    0x54: "configure real-time data",
    STOP: "stop communication",
    0x56: "real-time configuration changed",
    0x6C: "trend status",
    0x6D: "trend data",
}


def request_name(code: int) -> "str | None":
    """What a request asks for, such as `measured data, code page 1`; None when unknown."""
    for word, pages in (
        ("alarms", ALARMS),
        ("measured data", DATA),
        ("low limits", LOW_LIMITS),
        ("high limits", HIGH_LIMITS),
    ):
        if code in pages:
            return "%s, code page %d" % (word, pages[code])
    return _NAMES.get(code)
