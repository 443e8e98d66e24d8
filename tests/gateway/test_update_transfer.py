"""A bundle that is cut, and a transfer that is interrupted, at every byte, under both runtimes."""

from pathlib import Path

import pytest

from neonat import update
from runtimes import RUNTIMES, Worker

PORTABLE = Path(__file__).parent / "portable"
FILES = {"neonat/program.py": bytes(range(256)), "neonat/x.py": b"", "z.py": b"z = 1\n"}


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("function", ["cut", "interrupted"])
def test_at_every_byte_the_running_version_stays(runtime, function, tmp_path):
    whole = update.pack(FILES, bytes(range(32)), "2", 2)
    with Worker(runtime, PORTABLE) as worker:
        head = update.head_size(whole)
        count = worker.call("update_transfer", function, str(tmp_path), whole, head)
    # The empty one is refused too, and is no interruption.
    assert count == len(whole) - (function == "interrupted")
