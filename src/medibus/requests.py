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
