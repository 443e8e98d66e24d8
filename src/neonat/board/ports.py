"""Serial ports of this machine and what is plugged into them."""

import os
import stat
from typing import NamedTuple

from neonat.board.problem import BoardError

# The USB bridges of ESP32 boards; the ESP32-POE-ISO has a CH340 (Olimex, schematic revision N1).
BRIDGES = {
    0x1A86: "CH340",
    0x10C4: "CP210x",
    0x0403: "FTDI",
    0x303A: "Espressif",
}


class Port(NamedTuple):
    """A serial port; `bridge` is empty where no board is likely."""

    device: str
    bridge: str
    description: str
    number: str


def ports() -> list[Port]:
    """The machine's serial ports, those with boards first."""
    from serial.tools.list_ports import comports

    found = [
        Port(
            port.device,
            BRIDGES.get(port.vid or 0, ""),
            port.description if port.description != "n/a" else "",
            port.serial_number or "",
        )
        for port in comports()
    ]
    return sorted(found, key=lambda port: (not port.bridge, port.device))


def chosen(port: str | None) -> str:
    """`port`, or the only one with a board; BoardError."""
    if port:
        return port
    boards = [found.device for found in ports() if found.bridge]
    if len(boards) == 1:
        return boards[0]
    if boards:
        raise BoardError(f"several boards are plugged in, say --port: {', '.join(boards)}")
    raise BoardError("no board is plugged in (`neonat board list` shows the ports); or say --port")


def check(port: str) -> None:
    """BoardError when the port is not there, no terminal, or used by another program."""
    import serial

    try:
        mode = os.stat(port).st_mode
    except OSError:
        raise BoardError(
            f"there is no port {port}: is the board plugged in? `neonat board list` shows the ports"
        ) from None
    if not stat.S_ISCHR(mode):
        raise BoardError(f"{port} is no serial port: `neonat board list` shows them")
    probe = serial.Serial()
    probe.port = port
    probe.exclusive = True
    # The board's reset and boot pins hang on these lines.
    probe.dtr = probe.rts = False
    try:
        probe.open()
        probe.close()
    except (serial.SerialException, OSError, ValueError) as error:
        raise BoardError(_why(port, error)) from error


def _why(port: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == 13:
        return f"no permission for {port}: add yourself to the group dialout"
    if number in (11, 16):
        return f"another program uses {port}: end it (a terminal, another neonat) and repeat"
    return f"cannot open {port}: {os.strerror(number) if number else error}"
