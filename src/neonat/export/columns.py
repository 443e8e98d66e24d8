"""The columns of what can be exported: their kind and what they mean, in words."""

from typing import NamedTuple

from neonat.store import COLUMNS
from neonat.store.views import ORIGINAL_CODES

TIME = "time"
WHOLE = "integer"
NUMBER = "number"
TEXT = "text"
BYTES = "bytes"
TRUTH = "boolean"

DICTIONARY = "dictionary"


class Column(NamedTuple):
    """`kind` is one of the words above."""

    name: str
    kind: str
    text: str


# One name means one thing wherever it stands; what differs in a view is named with it.
_COMMON = {
    "gateway": (TEXT, "the gateway that heard it"),
    "boot": (WHOLE, "which start of the gateway, from 1; empty for the original firmware"),
    "seq": (WHOLE, "number of the record within its boot, from 1 without holes"),
    "at": (TIME, "when the gateway had the whole frame, UTC"),
    "clock": (TEXT, "the gateway's clock then: set, unset (at is estimated) or corrected"),
    "received_at": (TIME, "when the server received it, UTC"),
    "data": (BYTES, "the frame as on the line, from SOH or ESC to the checksum"),
    "code": (TEXT, "the device's code, two characters; see the dictionary"),
    "codepage": (WHOLE, "the device's code page"),
    "name": (TEXT, "what the catalog calls the code; empty when it does not know it"),
    "value": (NUMBER, "the number in the field; empty for a field that is none"),
    "unit": (TEXT, "the unit, UCUM; empty when there is none or it is not known"),
    "raw": (TEXT, "the field as it was sent"),
    "side": (TEXT, "which alarm limit: low or high"),
    "until": (TIME, "when it was first seen changed, UTC; empty while it stands"),
    "text": (TEXT, "the device's own words"),
    "priority": (TEXT, "the alarm's priority as sent, a character 0x30 + 1 to 31"),
    "phrase": (TEXT, "the alarm in the device's own words"),
    "started_at": (TIME, "when the alarm was first seen, UTC"),
    "last_seen_at": (TIME, "when the alarm was last seen, UTC"),
    "ended_at": (TIME, "when an answer first came without it, UTC; empty while it stands"),
    "first_seen": (TIME, "when the server first heard of the gateway, UTC"),
    "last_seen": (TIME, "when the server last heard of the gateway, UTC"),
    "device_id": (TEXT, "the device's identity, four characters"),
    "device_name": (TEXT, "the device's name in its own words"),
    "online": (TRUTH, "whether the gateway was connected when it was last heard of"),
    "first": (WHOLE, "the first missing number"),
    "last": (WHOLE, "the last missing number"),
    "reason": (TEXT, "why it is missing: in_flight, dropped, restart or unknown"),
    "topic": (TEXT, "the topic of the message"),
    "payload": (BYTES, "the start of what was refused"),
    "id": (WHOLE, "a number of the row, without meaning"),
    "unique_id": (TEXT, "the gateway that heard it"),
    "timestamp": (TIME, "when the gateway had the whole frame, UTC"),
}
_HERE = {
    ("refusals", "reason"): (TEXT, "why it was refused, one word"),
    ("records", "data"): (TEXT, "what the gateway said of itself, `!word key=value …`"),
    ("settings", "at"): (TIME, "when the setting was first seen, UTC"),
    ("donnees_original", "timestamp"): (TEXT, "the row's timestamp as it was, local time"),
    ("donnees_original", "id"): (WHOLE, "the row's id in its file"),
    ("donnees_original", "source"): (TEXT, "the name of the file that it came from"),
    ("donnees_original", "at"): (TIME, "that moment in UTC; empty when it is no time"),
    ("donnees_original", "state"): (
        TEXT,
        "whole, repaired, partly (some values are certain) or kept (none is)",
    ),
    ("donnees_original", "absent"): (TEXT, "codes that brought no value, for certain"),
    ("donnees_original", "note"): (TEXT, "what is not certain, and why"),
    ("texts", "at"): (TIME, "when the text was first seen, UTC"),
}

# The original project's columns and the codes of measured data that they hold.
ORIGINAL = dict(ORIGINAL_CODES)

_DICTIONARY = (
    Column("device_id", TEXT, "the device model's identity; empty: a device that is not known"),
    Column("device_name", TEXT, "the device model"),
    Column("kind", TEXT, "reading (its alarm limits too), setting, alarm or text"),
    Column("codepage", WHOLE, "the device's code page; empty where there is none"),
    Column("code", TEXT, "the device's code, two characters"),
    Column("name", TEXT, "what neonat calls it"),
    Column("unit", TEXT, "the unit, UCUM; empty when there is none or it is not known"),
    Column("low", NUMBER, "lower bound of what is plausible, an estimate of this project"),
    Column("high", NUMBER, "upper bound of what is plausible, an estimate of this project"),
    Column("source", TEXT, "recording (of a real device) or tables (public transcriptions)"),
    Column(
        "certainty",
        TEXT,
        "R seen in the recording, S in the original project, 2 two public sources agree,"
        " 1 one source, G a guess",
    ),
)

# The time by which a view is divided into days; views without one are one piece.
DAY_OF = {
    **dict.fromkeys(("readings", "limits", "frames", "records", "settings", "texts"), "at"),
    "alarms": "started_at",
    "refusals": "received_at",
    "donnees": "timestamp",
    "donnees_original": "at",
}


def columns(what: str) -> tuple[Column, ...]:
    """The columns of a view, or of the dictionary, in order."""
    if what == DICTIONARY:
        return _DICTIONARY
    return tuple(_column(what, name) for name in COLUMNS[what])


def _column(what: str, name: str) -> Column:
    if name in ORIGINAL and what == "donnees_original":
        return Column(name, TEXT, "what the original system's column held, as it was")
    if name in ORIGINAL:
        text = f"measured data, code {ORIGINAL[name]} of page 1; see the dictionary"
        return Column(name, NUMBER, text)
    kind, text = _HERE.get((what, name)) or _COMMON.get(name) or (TEXT, name.replace("_", " "))
    return Column(name, kind, text)
