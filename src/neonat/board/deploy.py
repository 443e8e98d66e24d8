"""Files onto a board, over its serial port."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from neonat.board import ports, tools
from neonat.board.files import Files
from neonat.board.problem import BoardError

# Makes the folders, whether they are there or not; main.py must not run in the meantime. The
# watchdog of a program that was interrupted cannot be stopped, only be given time.
_FOLDERS = """
import os
try:
    import machine
    machine.WDT(timeout=600000)
except (ImportError, AttributeError, OSError, ValueError):
    pass
for name in {names!r}:
    try:
        os.mkdir(name)
    except OSError:
        pass
"""
_COPIED = re.compile(r"^(cp|Up to date:) ")
_ID = re.compile(r"\b([0-9a-f]{12})\b")


def put(port: str, files: Files, progress: Callable[[int, int], None]) -> None:
    """Copy files to a board that has MicroPython, and start it again.

    What the board has already is not copied. `progress` gets how many are done, and of how many.
    BoardError.
    """
    ports.check(port)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = ["connect", port, "exec", _FOLDERS.format(names=folders(files))]
        for path, content in files.items():
            local = folder / path
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(content)
            words += ["+", "fs", "cp", str(local), ":" + path]
        words += ["+", "reset"]
        done = [0]

        def heard(line: str) -> None:
            if _COPIED.match(line):
                done[0] += 1
                progress(min(done[0], len(files)), len(files))

        progress(0, len(files))
        tools.run("mpremote", words, port, heard)
        progress(len(files), len(files))


def folders(files: Files) -> list[str]:
    """The folders of these files, outer ones first."""
    found = set()
    for path in files:
        parts = path.split("/")[:-1]
        found |= {"/".join(parts[: count + 1]) for count in range(len(parts))}
    return sorted(found)


def unique_id(port: str) -> str:
    """The 12 hex digits that name a board on `port` by default; BoardError."""
    ports.check(port)
    script = "import machine; print(machine.unique_id().hex())"
    said = tools.run("mpremote", ["connect", port, "exec", script], port)
    found = _ID.search(said)
    if not found:
        raise BoardError(f"the board on {port} does not tell its id: {tools.AGAIN}")
    return found.group(1)
