"""What is on a board: its two scripts and the gateway's modules, compiled."""

from collections.abc import Callable
from pathlib import Path

import medibus
import neonat.gateway
from neonat.board import compiling
from neonat.board.problem import BoardError

# What only a server asks; modules of the gateway that never run under MicroPython, and that never
# run on a board.
SERVER = ("catalog", "cells", "envelope", "items", "request_names")
CPYTHON = ("board_cpython", "serial_line", *SERVER)
ELSEWHERE = (*CPYTHON, "board_unix", "main_unix")
BOARDS = ("board_micropython", "board_unix")
LIBRARY = "lib"

Files = dict[str, bytes]


def scripts() -> Path:
    """The folder of `boot.py` and `main.py`: in the sources, or inside the installed package."""
    here = Path(__file__).parent
    for folder in (here / "firmware", here.parents[2] / "firmware"):
        if (folder / "main.py").is_file():
            return folder
    raise BoardError("the board's boot.py and main.py are missing: install neonat again")


def sources(elsewhere: tuple[str, ...] = ELSEWHERE) -> dict[str, Path]:
    """Module files by their path on the board's library, without the suffix."""
    found: dict[str, Path] = {}
    for package, name in ((medibus, "medibus"), (neonat.gateway, "neonat/gateway")):
        root = Path(package.__path__[0])
        for path in root.rglob("*.py"):
            inside = path.relative_to(root).with_suffix("").as_posix()
            if not set(inside.split("/")) & set(elsewhere):
                found[f"{name}/{inside}"] = path
    found["neonat/__init__"] = Path(neonat.gateway.__path__[0]).parent / "__init__.py"
    return dict(sorted(found.items()))


def outside() -> tuple[str, ...]:
    """The texts that use the modules as they are: one starts other versions too, and a board of
    another kind has one of its own.
    """
    gateway = Path(neonat.gateway.__path__[0])
    used = [scripts() / "main.py", *(gateway / f"{name}.py" for name in (*BOARDS, "entry"))]
    return tuple(path.read_text("utf-8") for path in used)


def program(progress: Callable[[str], None] = lambda name: None) -> Files:
    """Every file of a board but its configuration, by its path from the root.

    `progress` gets each module's name once it is compiled. BoardError.
    """
    folder = scripts()
    files = {name: (folder / name).read_bytes() for name in ("boot.py", "main.py")}
    for path, code in compiling.library(sources(), progress, outside()).items():
        files[f"{LIBRARY}/{path}"] = code
    return files
