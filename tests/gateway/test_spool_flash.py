"""The spool on a littlefs in RAM under MicroPython: power cuts at block writes, bytes a frame."""

import json
import subprocess
from pathlib import Path

from gateway.plan_day import records
from runtimes import compiled_command

SCRIPT = Path(__file__).parent / "portable" / "spool_flash.py"


def result(*words: str, heap: str = "8m") -> dict:
    with compiled_command(SCRIPT, *words, heap=heap) as command:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_cut_at_block_writes_it_keeps_what_it_promised():
    found = result("cuts", "700", "1", "53", "65536")
    assert found["cuts"] > 20
    assert found["kept"] > 1000


def test_an_outage_comes_back_byte_for_byte_from_few_bytes(tmp_path):
    said = tmp_path / "said"
    lines = [f"{time}|{data}\n" for time, data in records(3000, seed=5)]
    said.write_text("".join(lines))
    found = result("outage", str(said), str(1 << 20), "256")
    assert found["records"] == found["back"] == len(lines) > 9000
    assert found["wrong"] == found["dropped"] == found["failures"] == 0
    # Up to three segments wait as lines; a day of these records has to fit into 1 MiB.
    assert found["bytes"] - 3 * 16384 < len(lines) * 3.2

    found = result("calm", str(said), str(1 << 20), "256")
    assert found == {"records": len(lines), "erases": 0, "writes": 0}


def test_a_full_heap_costs_no_record(tmp_path):
    found = result("starve", "1500", str(tmp_path), "1", heap="200k")
    assert found["packing"] > 0
    assert found["reading"] > 0
    assert found["packed"] > 300
    assert found["back"] == 1500
    assert found["left"] == found["dropped"] == 0
