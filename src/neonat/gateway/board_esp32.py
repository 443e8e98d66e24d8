"""The board when it is an ESP32: UART, Ethernet or Wi-Fi, watchdog, clock chip, SD card.

What differs from one such board to another is in `hardware`.
"""

import machine  # type: ignore[import-not-found]

from neonat.gateway.board_micropython import MicroPythonBoard
from neonat.gateway.rarely import call

# A TLS handshake computes for about a second; a line of 38400 baud brings 3.5 kB in one.
RECEIVE_BUFFER = 4096
SEND_BUFFER = 512
WATCHDOG_MS = 120000
LOOK_MS = 500
PATIENCE_MS = 900000


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
        self._pins, self._nic, faults = call("setup_esp32", "begin", config)
        return faults

    def tend(self, now: int, log) -> "bool | str":
        """Look after the network; True when it is there anew, why to restart when it cannot be."""
        if now - self._looked < LOOK_MS:
            return False
        self._looked = now
        if self._nic is None:
            return "the network's chip did not start" if now > PATIENCE_MS else False
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
        return call("interface", "resolve", host, port)

    def feed(self) -> None:
        if self._watchdog is None:
            self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
        self._watchdog.feed()  # type: ignore[attr-defined]

    def wall(self) -> "tuple[int, str] | None":
        """What the clock chip says, when it was set since power-up."""
        return call("setup_esp32", "wall")

    def set_wall(self, utc_ms: int) -> None:
        """Set the clock chip, which judges certificates."""
        call("setup_esp32", "set_wall", utc_ms, True)

    def unique_id(self) -> str:
        return call("setup_esp32", "name")

    def line_fixed(self, device: str) -> bool:
        return False

    def open_line(self, device: str, baud: int, parity: str) -> UartLine:
        return UartLine(self._pins, baud, parity)

    def webrepl(self, password: str) -> None:
        """Open WebREPL with this password, close it with an empty one."""
        call("setup_esp32", "repl", password)

    def restart(self) -> None:
        machine.reset()
