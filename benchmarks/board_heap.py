"""Free heap of the whole gateway with the ESP32's module, without and with TLS, nothing waiting.

An image of `neonat board deploy --image` boots under the Unix port (64 bit) and delivers to a
Mosquitto. `machine`, `network` and the flash are stand-ins; what they hold, a board has in its ROM.
"""

import argparse
import contextlib
import io
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from desk.esp32_board import Esp32Board
from desk.secure_broker import SecureBroker
from desk.unix_board import image_of
from gateway.bench_server import Server, incubator
from neonat.board import files
from runtimes import micropython
from table import Table
from waiting import wait_for

SAMPLES = 10
BARE = "import gc; gc.collect(); print(gc.mem_alloc(), gc.mem_free())"
# What the always loaded modules take, each with all that it imports.
LOADED = """
import gc, sys
sys.path[:] = [".frozen", sys.argv[1], sys.argv[2]]
for name in sys.argv[3:]:
    gc.collect()
    before = gc.mem_alloc()
    __import__(name)
    gc.collect()
    print(name.split(".")[-1], gc.mem_alloc() - before)
"""
MODULES = ("machine", "neonat.gateway.whole", "neonat.gateway.board_esp32")


def usual(folder: Path, tls: bool, heap: str) -> tuple[int, int]:
    """The free bytes in most of some seconds in which nothing waits; the stand-ins counted as used,
    and as free.
    """
    broker = SecureBroker(folder)
    quiet = io.StringIO()
    with contextlib.redirect_stderr(quiet), contextlib.redirect_stdout(quiet):
        facts = {"id": "bed-1", "broker": f"mqtt://localhost:{broker.port}"}
        if tls:
            facts.update(broker=broker.url, ca=str(broker.certificate))
        image = image_of(folder, **facts)
    broker.kill()
    broker.know(folder / "boards" / "users.txt")
    broker.start()
    server = Server(broker.port)
    board = Esp32Board(folder, image, str(folder / "incubator"), heap, measured="yes")
    try:
        with incubator(folder, "--baud", "38400", "--parity", "odd"), board:
            # What has waited at the start is acknowledged by then.
            wait_for(lambda: len(server.frames()) > 60, 90, "frames")
            seen = len(board.free())
            wait_for(lambda: len(board.free()) >= seen + SAMPLES, 90, "the heap")
            free = int(statistics.median(board.free()[-SAMPLES:]))
            return free, free + board.stand_ins()
    finally:
        server.close()
        broker.kill()


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heap", default="128k")
    heap = parser.parse_args().heap
    words = [micropython(), "-X", f"heapsize={heap}", "-c", BARE]
    bare = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    table = Table(f"board: bytes of a {heap} heap", "free", "free beside the stand-ins")
    table.row("baseline: MicroPython alone", int(bare[1]), "")
    for tls in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            table.row("with TLS" if tls else "without TLS", *usual(Path(folder), tls, heap))
    parts()
    return 0


def parts() -> None:
    """What the code takes, as far as it is always there."""
    table = Table("board: bytes that a loaded module takes", "bytes")
    with tempfile.TemporaryDirectory() as folder:
        for path, code in files.program().items():
            there = Path(folder) / path
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(code)
        script = Path(folder) / "loaded.py"
        script.write_text(LOADED)
        stand_ins = Path(__file__).resolve().parents[1] / "tests" / "desk" / "esp32"
        words = [micropython(), "-X", "heapsize=256k", str(script), f"{folder}/lib"]
        environment = {"NEONAT_LINE": "/none", "NEONAT_HARDWARE": folder}
        done = subprocess.run(
            [*words, str(stand_ins), *MODULES],
            capture_output=True, text=True, check=True, env=environment,
        )  # fmt: skip
        for line in done.stdout.splitlines():
            name, size = line.split()
            if name != "machine":
                table.row(name, int(size))


if __name__ == "__main__":
    sys.exit(main())
