"""A board without hardware: an image made by `neonat board deploy --image`, booted."""

import json
import os
import subprocess
from pathlib import Path

import neonat.gateway
from neonat.board import compiling
from neonat.cli.main import main
from runtimes import micropython_command

HERE = Path(__file__).parent
GATEWAY = Path(neonat.gateway.__path__[0])
RESTART = 3
# What stands in here for the flash, for `machine` and `network` is in the ROM of a board.
STAND_INS = 11000
HEAP = str(128 * 1024 + STAND_INS)


def image_of(folder: Path, **facts: str) -> Path:
    """Provision a board and build its image by the commands that users run."""
    name = facts["id"]
    # A time server that is not there says so at once.
    facts = {"ntp": "127.0.0.1:9", **facts}
    (folder / f"{name}.json").write_text(json.dumps(facts))
    out, secrets = str(folder / "boards"), str(folder / "board-secrets.json")
    words = ["--from", str(folder / f"{name}.json"), "--out", out, "--secrets", secrets]
    assert main(["board", "provision", *words]) == 0
    image = folder / f"{name}.bin"
    assert main(["board", "deploy", "--config", f"{out}/{name}", "--image", str(image)]) == 0
    return image


def stand_ins(folder: Path, modules: dict[str, Path], users: tuple[str, ...]) -> Path:
    """A folder with what the image does not hold, compiled as its modules are; `start.py` boots.

    `users` are modules of the gateway that know these by their names.
    """
    there = folder / "stand-ins"
    there.mkdir(exist_ok=True)
    start = "import gc\ngc.collect()\nbare = gc.mem_alloc()\nimport boot_image\n"
    start += "boot_image.main(bare)\n"
    sources = {"boot_image": HERE / "unix" / "boot_image.py", **modules}
    known = [(GATEWAY / f"{name}.py").read_text("utf-8") for name in users]
    for name, code in compiling.library(sources, scripts=(start, *known)).items():
        (there / name).write_bytes(code)
    (there / "start.py").write_text(start)
    return there


class UnixBoard:
    """One board: its flash is the file `image`, its line a pseudo-terminal.

    While the file `fast` is there, time in which nothing happens is skipped; the board's clock
    begins `behind_s` seconds behind this machine's.
    """

    # The gateway's modules that use the stand-ins.
    users = tuple(path.stem for path in sorted(GATEWAY.glob("*.py")))

    def __init__(
        self,
        folder: Path,
        image: Path,
        line: str,
        heap: str = HEAP,
        behind_s: float = 0,
        stand_in: Path | None = None,
    ) -> None:
        self.image = image
        self.log = folder / f"{image.stem}.log"
        self.starts = 0
        self.fast = folder / f"{image.stem}.fast"
        self._environment = {
            "NEONAT_LINE": os.path.realpath(line),
            "NEONAT_FAST": str(self.fast),
            "NEONAT_BEHIND": str(int(behind_s * 1000)),
        }
        there = stand_ins(folder, self.modules(stand_in), self.users)
        self._command = micropython_command(there / "start.py", str(image), str(there), heap=heap)
        self._process: subprocess.Popen[bytes] | None = None

    def modules(self, stand_in: Path | None) -> dict[str, Path]:
        """What stands in for the board's hardware."""
        board = stand_in or HERE / "unix" / "board.py"
        return {"board": board, "board_unix": GATEWAY / "board_unix.py"}

    def power(self, cut: int = 0) -> "UnixBoard":
        """Switch it on; `cut`: power fails at that block write, counted from here."""
        self.starts += 1
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment, "NEONAT_CUT": str(cut)},
            )
        return self

    def skipped_s(self) -> float:
        """How much of its time the board has skipped, in seconds."""
        return int(self.fast.read_text() or 0) / 1000

    def off(self) -> None:
        """Cut the power."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def tend(self) -> bool:
        """Start it again when it restarted itself; whether it runs."""
        if self._process is not None and self._process.poll() is not None:
            code = self._process.returncode
            self.off()
            if code == RESTART:
                self.started_again()
        return self._process is not None

    def started_again(self) -> None:
        """It has restarted itself."""
        self.power()

    def text(self) -> str:
        """Its console."""
        return self.log.read_text(errors="replace")

    def __enter__(self) -> "UnixBoard":
        return self.power()

    def __exit__(self, *_: object) -> None:
        self.off()
