"""The gateway's heap under MicroPython: the same after thousands of frames and many outages."""

import json
import subprocess
from pathlib import Path

from runtimes import compiled_command

SCRIPT = Path(__file__).parent / "portable" / "endurance.py"


def test_heap_in_use_does_not_grow(tmp_path):
    with compiled_command(SCRIPT, "16000", str(tmp_path), "2000") as command:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, end = [json.loads(line) for line in done.stdout.splitlines()]
    quiet = [line["heap"] for line in lines[1:] if line["records"] < 50]
    assert len(quiet) >= 3
    # The first outage brings names of modules that are loaded for it, once and for all.
    assert quiet[1] <= quiet[0] + 1024
    # Two or three records more or less are in RAM at that moment.
    assert max(quiet[2:]) <= quiet[1] + 1024
    assert end["heap"] <= quiet[1] + 2048
    assert end["starved"] == 0
    assert end["dropped"] == 0
    assert end["connects"] > 1
    assert end["acked"] + end["left"] == end["seq"]
