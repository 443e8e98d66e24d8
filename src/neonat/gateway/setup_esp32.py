"""What an ESP32 does at its start and seldom after: network, SD card, clock chip, WebREPL."""

import time

import machine  # type: ignore[import-not-found]

from neonat.gateway import flash, hardware, interface
from neonat.gateway.rarely import call

EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0
CLOCK_MARK = b"neonat: clock set"


def begin(config: dict) -> tuple:
    """UART pins, the network interface or None, and what is wrong, a line each.

    Where there is no SD card, `spool` in the configuration becomes one in the flash.
    """
    kind = config.get("board") or hardware.DEFAULT
    facts = hardware.BOARDS[kind]
    pins = hardware.uart(config["serial"], kind)
    faults = []
    nic = None
    if wall() is None:
        # After power-up it is 2000, when no certificate was valid yet.
        passed = max(flash.read("time.json").get("utc_s", 0), _morrow(config))
        if passed:
            set_wall(passed * 1000, False)
    try:
        nic = interface.start(config.get("network") or {}, facts["lan"])
    except (OSError, ValueError) as error:
        faults.append("network: %s" % error)
    if config["spool"].startswith("/sd/"):
        fault = call("card", "begin", config, lambda: machine.SDCard(**facts["sd"]))
        faults += [fault] if fault else []
    return pins, nic, faults


def _morrow(config: dict) -> int:
    """The end of the day on which the board was provisioned, UTC seconds; 0 when nobody knows."""
    try:
        year, month, day = [int(part) for part in config["provisioned"].split("-")]
        return int(time.mktime((year, month, day, 0, 0, 0, 0, 0, 0))) + EPOCH_S + 86400
    except (KeyError, ValueError, TypeError, AttributeError):
        return 0


def wall() -> "tuple[int, str] | None":
    """What the clock chip says, when it was set since power-up."""
    rtc = machine.RTC()
    if rtc.memory() != CLOCK_MARK:
        return None
    year, month, day, _, hour, minute, second, micros = rtc.datetime()
    seconds = time.mktime((year, month, day, hour, minute, second, 0, 0, 0))
    return (int(seconds) + EPOCH_S) * 1000 + micros // 1000, "rtc"


def set_wall(utc_ms: int, known: bool) -> None:
    """Set the clock chip, which judges certificates; not `known`: that is a lower bound."""
    seconds, ms = divmod(utc_ms, 1000)
    now = time.gmtime(seconds - EPOCH_S)
    rtc = machine.RTC()
    rtc.datetime(now[:3] + (now[6],) + now[3:6] + (ms * 1000,))
    if known:
        rtc.memory(CLOCK_MARK)


def repl(password: str) -> None:
    """Open WebREPL with this password, close it with an empty one."""
    import webrepl  # type: ignore[import-not-found]

    webrepl.stop()
    if password:
        webrepl.start(password=password)


def name() -> str:
    """The chip's own number, 12 hex digits."""
    return "".join(["%02x" % byte for byte in machine.unique_id()])
