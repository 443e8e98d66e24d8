"""An ESP32-POE-ISO without hardware: the image of `deploy`, booted with the very module of the
board; `machine`, `network` and `webrepl` alone are stand-ins.
"""

import json
import os
import subprocess
from pathlib import Path

from desk.unix_board import HEAP, UnixBoard
from runtimes import micropython_command

HERE = Path(__file__).parent
POWER, RESET, WATCHDOG = 1, 2, 3


class Esp32Board(UnixBoard):
    """`line` is the link of a simulated incubator, which may come and go."""

    users = ("board_esp32", "setup_esp32", "interface", "hardware", "starting")

    def __init__(
        self, folder: Path, image: Path, line: str, heap: str = HEAP, measured: str = ""
    ) -> None:
        super().__init__(folder, image, line, heap)
        self.hardware = folder / "hardware"
        self.hardware.mkdir(exist_ok=True)
        facts = {"NEONAT_LINE": os.path.abspath(line), "NEONAT_HARDWARE": str(self.hardware)}
        self._environment.update({**facts, "TZ": "UTC", "NEONAT_MEASURED": measured})

    def modules(self, stand_in: Path | None) -> dict[str, Path]:
        names = ("machine", "network", "webrepl", "sd_card")
        return {name: HERE / "esp32" / f"{name}.py" for name in names}

    def power(self, cut: int = 0, cause: int = POWER) -> "Esp32Board":
        """Switch it on; the clock chip forgets without power."""
        (self.hardware / "cause").write_text(str(cause))
        if cause == POWER:
            (self.hardware / "rtc").unlink(missing_ok=True)
        super().power(cut)
        return self

    def started_again(self) -> None:
        self.power(cause=RESET)

    def bite(self) -> None:
        """What the watchdog does to a program that feeds it no more."""
        self.off()
        self.power(cause=WATCHDOG)

    def cable(self, there: bool) -> None:
        """Put the network cable in or pull it out."""
        (self.hardware / "out").write_text("" if there else "out")

    def card(self, ill: str = "", new: bool = False) -> None:
        """Put an SD card in, `new` with FAT; `ill` is what ails it: `out`, `read-only`."""
        path = self.hardware / "card"
        if new:
            path.write_bytes(bytes(2 << 20))
            make = [*micropython_command(HERE / "esp32" / "format_card.py", str(path))]
            subprocess.run(make, check=True)
        (self.hardware / "card.ill").write_text(ill)

    def card_files(self) -> list[str]:
        """The names in the spool of the card."""
        shown = micropython_command(
            HERE / "esp32" / "format_card.py", str(self.hardware / "card"), "list"
        )
        return subprocess.run(shown, check=True, capture_output=True, text=True).stdout.split()

    def wiring(self) -> list[list]:
        """What was asked of the hardware."""
        return [json.loads(line) for line in (self.hardware / "wiring").read_text().splitlines()]

    def stand_ins(self) -> int:
        """Bytes of the heap that hold what a board has in its ROM."""
        said = [line for line in self.text().splitlines() if line.startswith("stand-ins:")]
        return int(said[-1].split()[1])

    def free(self) -> list[int]:
        """Free bytes after a collection, each time that the watchdog was fed."""
        path = self.hardware / "free"
        found = path.read_text().split("\n")[:-1] if path.exists() else []
        return [int(line) for line in found]

    def fed(self) -> int:
        """How often its watchdog was fed."""
        return int((self.hardware / "fed").read_text() or 0)
