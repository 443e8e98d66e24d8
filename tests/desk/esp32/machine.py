"""Stands in for MicroPython's `machine` on an ESP32, as far as the board's module uses it.

NEONAT_HARDWARE is a folder: `cause` holds the reset cause, `fed` how often the watchdog was fed,
`rtc` what the clock chip keeps without power-up, `wiring` what was asked of the hardware. With
NEONAT_MEASURED `free` has the free bytes of the heap at each feeding. The UART is the
pseudo-terminal that NEONAT_LINE leads to, or nothing at its other end while there is none.
"""

import gc
import io
import json
import os
import select
import sys
import termios
import time

FOLDER = "/host" + os.getenv("NEONAT_HARDWARE") + "/"
LINE = "/host" + os.getenv("NEONAT_LINE")
SPEEDS = {9600: 13, 19200: 14, 38400: 15}
ODD = 0x200
PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)
LOOK_MS = 100
MEASURED = os.getenv("NEONAT_MEASURED")


def told(name):
    """What a file of the folder says, empty without one."""
    try:
        with open(FOLDER + name) as file:
            return file.read()
    except OSError:
        return ""


def tell(name, text, mode="w"):
    with open(FOLDER + name, mode) as file:
        file.write(text)


def wired(*facts):
    """Note what was asked of the hardware."""
    tell("wiring", json.dumps(facts) + "\n", "a")


def reset_cause():
    return int(told("cause") or PWRON_RESET)


def unique_id():
    return b"\xa0\xb1\xc2\xd3\xe4\xf5"


def reset():
    sys.exit(3)


class Pin:
    IN, OUT = 1, 3

    def __init__(self, number):
        self.number = number


class WDT:
    def __init__(self, timeout):
        self._fed = 0
        self.feed()

    def feed(self):
        self._fed += 1
        tell("fed", str(self._fed))
        if MEASURED:
            gc.collect()
            tell("free", str(gc.mem_free()) + "\n", "a")


class RTC:
    """Keeps going over a reset; the year is 2000 after power-up."""

    def _read(self):
        begin = {"behind_us": time.time_ns() // 1000 - 946684800000000, "memory": ""}
        return json.loads(told("rtc") or json.dumps(begin))

    def memory(self, data=None):
        kept = self._read()
        if data is None:
            return kept["memory"].encode()
        kept["memory"] = data.decode()
        return tell("rtc", json.dumps(kept))

    def datetime(self, new=None):
        kept = self._read()
        now = time.time_ns() // 1000
        if new is None:
            seconds, micros = divmod(now - kept["behind_us"], 1000000)
            year, month, day, hour, minute, second, weekday = time.gmtime(seconds)[:7]
            return year, month, day, weekday, hour, minute, second, micros
        year, month, day, _, hour, minute, second, micros = new
        seconds = time.mktime((year, month, day, hour, minute, second, 0, 0))
        kept["behind_us"] = now - (int(seconds) * 1000000 + micros)
        return tell("rtc", json.dumps(kept))


def SDCard(**facts):  # noqa: N802
    wired("sd", facts)
    from sd_card import Card

    return Card(FOLDER)


class UART(io.IOBase):
    def __init__(self, number, baudrate, bits, parity, stop, tx, rx, rxbuf, txbuf, timeout):
        wired("uart", number, tx, rx, bits, stop)
        self._settings = SPEEDS.get(baudrate, 0), ODD if parity == 1 else 0
        self._file = None
        self._looked = -LOOK_MS
        self._buffer = bytearray(256)
        self._open()

    def _open(self):
        """The other end, when it is there; whether it is."""
        now = time.ticks_ms()
        if self._file is None and time.ticks_diff(now, self._looked) >= LOOK_MS:
            self._looked = now
            try:
                self._file = open(LINE, "r+b")  # noqa: SIM115
                self._set(self._file.fileno())
            except OSError:
                self._file = None
        return self._file is not None

    def _set(self, number):
        termios.setraw(number)
        mode = termios.tcgetattr(number)
        mode[2] = mode[2] & ~ODD | self._settings[1]
        mode[4] = mode[5] = self._settings[0]
        mode[6][5] = mode[6][6] = 0
        termios.tcsetattr(number, 0, mode)
        self._poller = select.poll()
        self._poller.register(self._file, select.POLLIN | select.POLLOUT)

    def _events(self):
        if not self._open():
            return 0
        found = self._poller.poll(0)
        events = found[0][1] if found else 0
        if events & (select.POLLHUP | select.POLLERR):
            self._file.close()
            self._file = None
            return 0
        return events

    def read(self, size):
        if not self._events() & select.POLLIN:
            return None
        count = self._file.readinto(self._buffer)
        return bytes(memoryview(self._buffer)[:count]) if count else None

    def write(self, data):
        # A UART sends, whether somebody listens or not.
        return self._file.write(data) if self._events() & select.POLLOUT else len(data)

    def ioctl(self, request, argument):
        if request == 3:
            return self._events() & argument
        if request == 10 and self._open():
            return self._file.fileno()
        return -1

    def deinit(self):
        if self._file is not None:
            self._file.close()
            self._file = None
