"""`make bench`: every benchmark in turn, each with the machine's own baseline beside it."""

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BENCHMARKS = (
    *(
        "decode",
        "store",
        "store_server",
        "ingest",
        "load",
        "latency",
        "page",
        "gateway_memory",
        "board_heap",
        "tls",
    ),
    "research",
)


def main() -> int:
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(f"Python {platform.python_version()}, {machine}", flush=True)
    failed = [
        name
        for name in sys.argv[1:] or BENCHMARKS
        if subprocess.run([sys.executable, str(HERE / f"{name}.py")], check=False).returncode
    ]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
