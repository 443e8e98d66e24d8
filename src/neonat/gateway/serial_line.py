"""A serial line by pyserial, opened in the background; CPython only."""

import contextlib
import os
from collections.abc import Callable
from typing import Any

import serial

PARITIES = {"odd": serial.PARITY_ODD, "even": serial.PARITY_EVEN, "none": serial.PARITY_NONE}


def _open(device: str, baud: int, parity: str) -> serial.SerialBase:
    options: dict[str, Any] = {"baudrate": baud, "parity": PARITIES[parity], "timeout": 0}
    if "://" not in device:
        options.update(exclusive=True, write_timeout=0)
    try:
        if os.path.realpath(device).startswith("/dev/pts/"):
            return _pseudo_terminal(device, options)
        return serial.serial_for_url(device, **options)
    except serial.SerialException as error:
        raise OSError(error.errno or 5, str(error)) from None
    except ValueError as error:
        raise OSError(22, str(error)) from None


def _pseudo_terminal(device: str, options: dict[str, Any]) -> serial.SerialBase:
    """A pseudo-terminal has no parity bit; to ask for nothing but that one is an error there."""
    import termios

    port = serial.Serial(device, **{**options, "parity": serial.PARITY_NONE})
    with contextlib.suppress(termios.error):
        port.parity = options["parity"]
    return port


class SerialLine:
    """8 data bits, 1 stop bit. Every method may raise OSError: the line is gone then."""

    want_write = False

    def __init__(self, background: Callable, device: str, baud: int, parity: str):
        self._answer = background(lambda: _open(device, baud, parity))
        self._port: Any = None

    @property
    def pollable(self) -> Any:
        """A file descriptor, None for a line that has none."""
        try:
            return self._port.fileno() if self._port else None
        except (OSError, AttributeError, ValueError):
            return None

    def ready(self) -> bool:
        if self._port is None:
            self._port = self._answer()
        return self._port is not None

    def read(self, size: int) -> bytes | None:
        try:
            return self._port.read(size) or None
        except (serial.SerialException, TypeError, AttributeError) as error:
            raise OSError(5, str(error)) from None

    def write(self, data: bytes) -> int:
        try:
            return self._port.write(bytes(data)) or 0
        except serial.SerialTimeoutException:
            return 0
        except (serial.SerialException, TypeError, AttributeError) as error:
            raise OSError(5, str(error)) from None

    def close(self) -> None:
        if self._port is not None:
            with contextlib.suppress(OSError, serial.SerialException):
                self._port.close()
        self._port = None
