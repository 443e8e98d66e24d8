"""The board when it is an ESP32: UART, Ethernet or Wi-Fi, watchdog, clock chip, SD card.

What differs from one such board to another is in `hardware`.
"""

import time

import machine  # type: ignore[import-not-found]

from neonat.gateway.board_micropython import MicroPythonBoard

# A TLS handshake computes for about a second; a line of 38400 baud brings 3.5 kB in one.
RECEIVE_BUFFER = 4096
SEND_BUFFER = 512
WATCHDOG_MS = 120000
LOOK_MS = 500
EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0
CLOCK_MARK = b"neonat: clock set"
SD = "/sd"
FLASH_SPOOL = "/spool"


def _morrow(config: dict) -> int:
    """The end of the day on which the board was provisioned, UTC seconds; 0 when nobody knows."""
    try:
        year, month, day = [int(part) for part in config["provisioned"].split("-")]
        return int(time.mktime((year, month, day, 0, 0, 0, 0, 0, 0))) + EPOCH_S + 86400
    except (KeyError, ValueError, TypeError, AttributeError):
        return 0


class UartLine:
    """8 data bits, 1 stop bit; a UART is never lost."""

    want_write = False

    def __init__(self, pins: tuple, baud: int, parity: str):
        number, tx, rx = pins
        self.pollable = machine.UART(
            number,
            baudrate=baud,
            bits=8,
            parity={"odd": 1, "even": 0}.get(parity),
            stop=1,
            tx=tx,
            rx=rx,
            rxbuf=RECEIVE_BUFFER,
            txbuf=SEND_BUFFER,
            timeout=0,
        )

    def ready(self) -> bool:
        return True

    def read(self, size: int) -> "bytes | None":
        return self.pollable.read(size) or None

    def write(self, data) -> int:
        return self.pollable.write(data) or 0

    def close(self) -> None:
        self.pollable.deinit()


class Board(MicroPythonBoard):
    """What the gateway asks of its board; `begin` comes first."""

    name = "esp32"
    asks_time = True

    def __init__(self) -> None:
        super().__init__()
        self._pins = (0, 0, 0)
        self._nic = None
        self._up = False
        self._looked = 0
        self._watchdog = None

    def begin(self, config: dict) -> "list[str]":
        """Start the network and mount the SD card, as far as they are there; what is wrong."""
        from neonat.gateway import flash, hardware, interface

        kind = config.get("board") or hardware.DEFAULT
        facts = hardware.BOARDS[kind]
        self._pins = hardware.uart(config["serial"], kind)
        faults = []
        if self.wall() is None:
            # After power-up it is 2000, when no certificate was valid yet.
            passed = max(flash.read("time.json").get("utc_s", 0), _morrow(config))
            if passed:
                self.set_wall(passed * 1000, False)
        try:
            self._nic = interface.start(config.get("network") or {}, facts["lan"])
        except (OSError, ValueError) as error:
            faults.append("network: %s" % error)
        if config["spool"].startswith(SD + "/"):
            try:
                import vfs  # type: ignore[import-not-found]

                vfs.mount(machine.SDCard(**facts["sd"]), SD)
            except OSError as error:
                faults.append("SD card: %s; the spool is in the flash" % error)
                config["spool"] = FLASH_SPOOL
        return faults

    def tend(self, now: int, log) -> bool:
        """Look after the network; True when it is there anew."""
        if now - self._looked < LOOK_MS or self._nic is None:
            return False
        self._looked = now
        up = self._nic.isconnected()
        if up == self._up:
            return False
        self._up = up
        log("network: " + (self.address() if up else "down"))
        return up

    def address(self) -> str:
        """The board's IP address, empty without a network."""
        return self._nic.ifconfig()[0] if self._up else ""  # type: ignore[attr-defined]

    def resolve(self, host: str, port: int):
        if not self._up:
            raise OSError("no network: look at the cable, the switch, the Wi-Fi")
        # The chip waits for a name server for seconds, and the line goes on meanwhile.
        import _thread

        results: list = []

        def work() -> None:
            try:
                results.append(super(Board, self).resolve(host, port)())
            except Exception as error:
                results.append(error)

        def answer():
            if results and isinstance(results[0], Exception):
                raise OSError("the name %s is not known: %s" % (host, results[0]))
            return results[0] if results else None

        _thread.start_new_thread(work, ())
        return answer

    def feed(self) -> None:
        if self._watchdog is None:
            self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
        self._watchdog.feed()  # type: ignore[attr-defined]

    def wall(self) -> "tuple[int, str] | None":
        """What the clock chip says, when it was set since power-up."""
        rtc = machine.RTC()
        if rtc.memory() != CLOCK_MARK:
            return None
        year, month, day, _, hour, minute, second, micros = rtc.datetime()
        seconds = time.mktime((year, month, day, hour, minute, second, 0, 0, 0))
        return (int(seconds) + EPOCH_S) * 1000 + micros // 1000, "rtc"

    def set_wall(self, utc_ms: int, known: bool = True) -> None:
        """Set the clock chip, which judges certificates; not `known`: that is a lower bound."""
        seconds, ms = divmod(utc_ms, 1000)
        now = time.gmtime(seconds - EPOCH_S)
        rtc = machine.RTC()
        rtc.datetime(now[:3] + (now[6],) + now[3:6] + (ms * 1000,))
        if known:
            rtc.memory(CLOCK_MARK)

    def unique_id(self) -> str:
        return "".join(["%02x" % byte for byte in machine.unique_id()])

    def line_fixed(self, device: str) -> bool:
        return False

    def open_line(self, device: str, baud: int, parity: str) -> UartLine:
        return UartLine(self._pins, baud, parity)

    def webrepl(self, password: str) -> None:
        """Open WebREPL with this password, close it with an empty one."""
        import webrepl  # type: ignore[import-not-found]

        webrepl.stop()
        if password:
            webrepl.start(password=password)

    def restart(self) -> None:
        machine.reset()
