"""A pseudo-terminal as a serial port that programs open by name."""

import contextlib
import errno
import os
import random
import select
import termios
import time
import tty

BUSY_WAIT = 0.01


class PtyPort:
    """A raw pty; the path `link` becomes a symbolic link to it until `close`.

    A client may come and go. As on a real line, what is sent while nobody has the port open, and
    what nobody has read when the last one closes it, is gone. With `baud` (and `odd`) the bytes
    are garbled for a client that has set another speed (parity), as a UART would see them; Linux
    keeps of the parity on a pty only whether it is odd.
    """

    def __init__(self, link: str, baud: int | None = None, odd: bool | None = None):
        self.link = link
        self._settings = (speed_constant(baud) if baud else None, odd)
        self._garble = random.Random("garbled")  # noqa: S311 - not for secrets
        check_link(link)
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.name = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._poll = select.poll()
        self._poll.register(self._master, select.POLLIN)
        self.present = False
        if os.path.islink(link):
            os.unlink(link)
        os.symlink(self.name, link)

    def describe(self) -> str:
        return f"{self.link} ({self.name})"

    def read(self, timeout: float) -> bytes:
        """What has come within `timeout` seconds; notes whether somebody has the port open."""
        self._poll.poll(timeout * 1000)
        chunk = self._take()
        left = any(ready & select.POLLHUP for _, ready in self._poll.poll(0))
        if left and self.present:
            self._forget_unread()
        elif left and not chunk:
            time.sleep(min(timeout, BUSY_WAIT))
        self.present = not left
        return self._heard(chunk)

    def write(self, data: bytes) -> bool:
        """Whether all bytes were taken as they are; false when nobody could have read them."""
        if not self.present:
            return False
        try:
            taken = os.write(self._master, self._heard(data))
        except (BlockingIOError, OSError):
            return False
        return taken == len(data) and self._understood()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            if os.readlink(self.link) == self.name:
                os.unlink(self.link)
        os.close(self._master)

    def _take(self) -> bytes:
        try:
            return os.read(self._master, 65536)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EIO:
                return b""
            raise

    def _forget_unread(self) -> None:
        slave = os.open(self.name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            with contextlib.suppress(BlockingIOError):
                while os.read(slave, 65536):
                    pass
        finally:
            os.close(slave)

    def _understood(self) -> bool:
        speed, odd = self._settings
        if speed is None and odd is None:
            return True
        flags = termios.tcgetattr(self._master)
        same_speed = speed is None or flags[4] == speed
        return same_speed and (odd is None or odd == bool(flags[2] & termios.PARODD))

    def _heard(self, data: bytes) -> bytes:
        if not data or self._understood():
            return data
        return bytes(byte ^ self._garble.randint(1, 255) for byte in data)


def speed_constant(baud: int) -> int:
    """The termios constant of a speed; ValueError when there is none."""
    constant = getattr(termios, f"B{baud}", None)
    if constant is None:
        raise ValueError(f"no serial line has {baud} baud; the TN500 has 38400")
    return constant


def check_link(link: str) -> None:
    """FileExistsError unless the path is free or a link that an ended simulator left behind."""
    if not os.path.lexists(link):
        return
    if os.path.islink(link) and os.readlink(link).startswith("/dev/pts/"):
        if not os.path.exists(link):
            return
        raise FileExistsError(
            f"{link} already leads to the terminal {os.readlink(link)}; "
            "stop the other simulator, remove it, or choose another name"
        )
    raise FileExistsError(f"{link} is there already and is not ours; choose another name")
