"""What requests ask for, in words; apart from their codes, since a board needs no words."""

from . import requests

_NAMES = {
    requests.NAK: "not understood, send again",
    requests.DATE_TIME: "date and time",
    requests.SETTINGS: "settings",
    requests.TEXTS: "text messages",
    requests.NOP: "no operation",
    requests.TIME_CHANGED: "time changed",
    0x4A: "configure data response",
    requests.ICC: "initialise communication",
    requests.IDENTIFY: "identification",
    requests.REALTIME_CONFIGURATION: "real-time configuration",
    0x54: "configure real-time data",
    requests.STOP: "stop communication",
    0x56: "real-time configuration changed",
    0x6C: "trend status",
    0x6D: "trend data",
}


def request_name(code: int) -> "str | None":
    """What a request asks for, such as `measured data, code page 1`; None when unknown."""
    for word, pages in (
        ("alarms", requests.ALARMS),
        ("measured data", requests.DATA),
        ("low limits", requests.LOW_LIMITS),
        ("high limits", requests.HIGH_LIMITS),
    ):
        if code in pages:
            return "%s, code page %d" % (word, pages[code])
    return _NAMES.get(code)
