"""Power cuts at every block write of an update, on a littlefs in RAM under MicroPython."""

import subprocess
from pathlib import Path

from neonat import update
from runtimes import micropython_command

SCRIPT = Path(__file__).parent / "portable" / "update_cuts.py"


def test_cut_at_every_block_write_it_starts_whole_and_comes_to_its_end(tmp_path):
    files = {"neonat/program.py": bytes(range(256)) * 3, "neonat/x.py": b"", "z.py": b"z = 1\n"}
    bundle = tmp_path / "bundle"
    bundle.write_bytes(update.pack(files, bytes(range(32)), "2", 1))
    command = micropython_command(SCRIPT, str(bundle), heap="2m")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    # What a cut left open is closed by the collector, and says on stdout that it cannot be.
    assert int(done.stdout.splitlines()[-1]) > 20
