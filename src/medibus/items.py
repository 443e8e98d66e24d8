"""What a frame says: its items. No bytes make it raise; what it cannot read it keeps raw."""

import sys

from . import requests
from .catalog import lookup
from .cells import alarm, fixed, limit, reading, setting, stream, texts
from .clock import clock
from .escape import plain
from .frame import SOH, Frame
from .identity import identity
from .item import Raw, as_dict, number
from .request_names import request_name

__all__ = ["as_dict", "items", "number", "request_name"]

_MODELS_KEPT = 2 if sys.implementation.name == "micropython" else 32
_readers: dict = {}


def items(frame: Frame, model=None) -> list:
    """The items of a frame, in order, named by the table of `model` (of `catalog.lookup`).

    Without a model the default table is used. The data of a command, and of a response whose
    layout is not known, is one `Raw`.
    """
    raw = frame.raw
    data = raw[2:-2]
    if not data:
        return []
    if raw[0] == SOH:
        read = (_readers.get(model) or _readers_of(model)).get(raw[1])
        if read:
            return read(data)
    return [Raw("raw", plain(data))]


def _readers_of(model) -> dict:
    if len(_readers) >= _MODELS_KEPT:
        _readers.clear()
    readers = _readers[model] = _make(lookup() if model is None else model)
    return readers


def _make(model) -> dict:
    """A reader for each request whose layout is known."""
    readers = {
        requests.DATE_TIME: clock,
        requests.SETTINGS: fixed(7, setting(model)),
        requests.TEXTS: texts(),
        requests.IDENTIFY: identity,
        requests.REALTIME_CONFIGURATION: fixed(23, stream),
    }
    for code, page in requests.ALARMS.items():
        readers[code] = fixed(15, alarm(page))
    for code, page in requests.DATA.items():
        readers[code] = fixed(6, reading(model, page))
    for code, page in requests.LOW_LIMITS.items():
        readers[code] = fixed(6, limit(model, page, "low"))
    for code, page in requests.HIGH_LIMITS.items():
        readers[code] = fixed(6, limit(model, page, "high"))
    return readers
