"""Parts of the gateway under both runtimes, each test in a process of its own."""

from pathlib import Path

import pytest

from runtimes import RUNTIMES, Worker, functions

# Sources take more than the board's compiled modules.
HEAP = "192k"
PORTABLE = Path(__file__).parent / "portable"
CASES = [(path.stem, name) for path in sorted(PORTABLE.glob("*.py")) for name in functions(path)]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("module", "function"), CASES)
def test_portable(module: str, function: str, runtime: str) -> None:
    with Worker(runtime, PORTABLE, heap=HEAP) as worker:
        worker.call(module, function)


def test_there_are_cases() -> None:
    assert CASES
