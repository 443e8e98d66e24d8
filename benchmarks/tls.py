"""What TLS costs a gateway under MicroPython: time to the broker's answer, heap held, heap needed.

mbedTLS keeps its buffers outside MicroPython's heap: the last column, with all else of the process.
A Mosquitto of this machine, and the gateway's own code for a connection. The heap needed is found
by halving: the smallest one in which the login succeeds, above the one for a login without TLS.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from table import Table, times

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from gateway.bench_server import MICROPYTHON, Broker
from gateway.test_gateway_live import certificates, issue
from waiting import free_port

ROOT = Path(__file__).resolve().parents[1]
STEP = 2048
LARGE = 1 << 20
TRIES = 7
CURVE = "ec -pkeyopt ec_paramgen_curve:P-256"


def login(words: list[str], heap: int = LARGE) -> dict:
    """Facts of one login, empty when the heap is too small."""
    script = [str(ROOT / "benchmarks" / "tls_heap.py"), str(ROOT / "src")]
    command = [str(MICROPYTHON), "-O3", "-X", f"heapsize={heap}", *script, "localhost", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return json.loads(done.stdout) if not done.returncode else {}


def least(words: list[str]) -> int:
    """The smallest heap in bytes in which the login succeeds."""
    low, high = STEP * 8, LARGE
    while high - low > STEP:
        middle = (low + high) // 2 // STEP * STEP
        low, high = (low, middle) if login(words, middle).get("granted") else (middle, high)
    return high


def measured(words: list[str]) -> tuple[float, int, int, int]:
    """Milliseconds (the median of some), bytes held while connected, smallest heap, KiB of the
    process at its largest.
    """
    facts = sorted((login(words) for _ in range(TRIES)), key=lambda each: each["us"])
    middle = facts[TRIES // 2]
    return middle["us"] / 1000, middle["held"], least(words), middle["kib"]


def brokers(folder: Path) -> tuple[Broker, dict[str, list[str]]]:
    """A broker with three listeners, and the words of each kind of login."""
    certificates(folder)
    for name, kind in (("rsa", "rsa:2048"), ("ec", CURVE)):
        issue(folder, "bed-1", kind, f"{name}.pem", f"{name}.key")
        issue(folder, "localhost", kind, f"server-{name}.pem", f"server-{name}.key")
    ports = {name: free_port() for name in ("rsa", "ec")}
    settings = "allow_anonymous true\nuser root\n"
    for name, port in ports.items():
        settings += (
            f"listener {port} 127.0.0.1\ncafile {folder}/ca.pem\n"
            f"certfile {folder}/server-{name}.pem\nkeyfile {folder}/server-{name}.key\n"
        )
    broker = Broker(folder, settings)
    ca = str(folder / "ca.pem")
    rsa, curve = str(ports["rsa"]), str(ports["ec"])
    return broker, {
        "baseline: no TLS": [str(broker.port), "-"],
        "server EC P-256": [curve, ca],
        "server EC P-256, own certificate EC P-256": [
            curve,
            ca,
            f"{folder}/ec.pem",
            f"{folder}/ec.key",
        ],
        "server RSA 2048": [rsa, ca],
        "server RSA 2048, own certificate RSA 2048": [
            rsa,
            ca,
            f"{folder}/rsa.pem",
            f"{folder}/rsa.key",
        ],
    }


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        broker, kinds = brokers(Path(name))
        try:
            table = Table(
                "TLS login of a gateway under MicroPython: ms to the answer, bytes of heap (the"
                " authority has RSA 2048)",
                *("ms", "of plain", "held", "needed more", "process more, KiB"),
            )
            plain: tuple[float, int, int, int] | None = None
            for kind, words in kinds.items():
                ms, held, heap, kib = measured(words)
                plain = plain or (ms, held, heap, kib)
                table.row(kind, ms, times(ms, plain[0]), held, heap - plain[2], kib - plain[3])
        finally:
            broker.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
