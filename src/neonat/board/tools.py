"""The programs that talk to a board on a serial port: esptool and mpremote.

esptool is GPL: it is a program of its own here and never imported.
"""

import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from neonat.board.problem import MISSING, BoardError

BESIDE = Path(sys.executable).parent
QUIET_S = 60.0
_KEPT = 16384
_BREAK = re.compile(rb"[\r\n]+")

AGAIN = "unplug the board, plug it in again and repeat"

# What the tools say, tried in this order, and what the user reads: {port}, and {0} for a group.
EXPLAINED: dict[str, tuple[tuple[str, str], ...]] = {
    "esptool": (
        (r"Permission denied", "no permission for {port}: add yourself to the group dialout"),
        (
            r"No such file or directory|could not find",
            "there is no port {port}: is the board plugged in? `neonat board list` shows the ports",
        ),
        (
            r"Resource busy|exclusively lock|temporarily unavailable|Device or resource busy",
            "another program uses {port}: end it (a terminal, another neonat) and repeat",
        ),
        (
            r"[Tt]his chip is (ESP[\w-]+),? not (ESP[\w-]+)",
            "the board on {port} is an {0}, not an {1}: choose the right board, or say --chip",
        ),
        (
            r"Failed to connect|No serial data received|Wrong boot mode|Unable to connect",
            "no ESP32 answers on {port}: is it the board's port (`neonat board list`)? If so, "
            + AGAIN,
        ),
        (
            r"Invalid head of packet|serial noise|Packet content transfer stopped|Timed out",
            "the transfer on {port} broke: use another USB cable, or --baud 115200, and repeat",
        ),
        (
            r"(?i)digest mismatch|verif\w+ failed|MD5 of file does not match",
            "the flash does not hold what was written: repeat; if it stays, the board is worn out",
        ),
        (
            r"(?i)will not fit|exceeds? (the )?flash|flash size",
            "the image does not fit the board's flash: choose the image for 4 MB",
        ),
    ),
    "mpremote": (
        (
            r"failed to access|no device found",
            "cannot use {port}: another program has it, or it is unplugged (`neonat board list`)",
        ),
        (
            r"could not enter raw repl|could not exec|timeout waiting",
            "no MicroPython answers on {port}: run `neonat board flash` first, or " + AGAIN,
        ),
        (
            r"ENOSPC|No space left|OSError: 28",
            "the board's flash is full: write a whole image with `deploy --image` and `flash`",
        ),
        (
            r"Input/output error|device disconnected|SerialException|ClearCommError",
            "the board on {port} went away: plug it in again and repeat",
        ),
    ),
}


def explained(tool: str, text: str, port: str) -> str:
    """One line for what a failed tool said; the tool's own last line when it is not known."""
    for pattern, line in EXPLAINED[tool]:
        found = re.search(pattern, text)
        if found:
            return line.format(*found.groups(), port=port)
    said = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in said if "error" in line.lower()] or said
    return f"{tool} on {port} failed: {fatal[-1][:200] if fatal else 'it says nothing'}"


def found(tool: str) -> str:
    """The program beside this interpreter, else on the PATH; BoardError without any."""
    path = f"{BESIDE}{os.pathsep}{os.environ.get('PATH', '')}"
    program = shutil.which(tool, path=path)
    if not program:
        raise BoardError(MISSING.format(tool))
    return program


def run(
    tool: str,
    words: list[str],
    port: str,
    heard: Callable[[str], None] = lambda line: None,
    quiet_s: float = QUIET_S,
) -> str:
    """Run a tool to its end; `heard` gets each line as it comes, the result is all it said.

    BoardError when it fails, or says nothing for `quiet_s` seconds.
    """
    process = subprocess.Popen(
        [found(tool), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "200"},
    )
    said = ""
    try:
        for line in _lines(process, quiet_s):
            said = said[-_KEPT:] + line + "\n"
            heard(line)
        code = process.wait(quiet_s)
    except (TimeoutError, subprocess.TimeoutExpired):
        raise BoardError(f"no answer on {port} for {quiet_s:.0f} s: {AGAIN}") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
    if code:
        raise BoardError(explained(tool, said, port))
    return said


def _lines(process: subprocess.Popen[bytes], quiet_s: float) -> Iterator[str]:
    assert process.stdout
    rest = b""
    while True:
        if not select.select([process.stdout], [], [], quiet_s)[0]:
            raise TimeoutError
        piece = os.read(process.stdout.fileno(), 4096)
        *whole, rest = _BREAK.split(rest + piece) if piece else (rest, b"")
        for line in whole:
            yield line.decode(errors="replace")
        if not piece:
            return
