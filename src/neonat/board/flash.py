"""A board's flash: erased, written, verified by esptool."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

from neonat.board import ports, tools
from neonat.board.problem import BoardError

BAUD = 460800
# Of an image's header (ESP-IDF, esp_image_header_t): byte 0, and the chip at byte 12.
IMAGE_MAGIC = 0xE9
CHIPS = {0: "esp32", 2: "esp32s2", 5: "esp32c3", 9: "esp32s3", 13: "esp32c6", 18: "esp32p4"}
# Where an image begins (ESP-IDF, bootloader offset); 0 for the chips that are not here.
OFFSETS = {"esp32": 0x1000, "esp32s2": 0x1000, "esp32p4": 0x2000}
# Where ESP-IDF has the table of partitions, its entries (magic, type, offset, size, label).
TABLE_AT = 0x8000
ENTRY = struct.Struct("<2sBxII16s4x")
# Where MicroPython's files begin when an image has no table that says it.
FILES_AT = 0x200000
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
_VERSION = re.compile(rb"v?(1\.\d{2,3})\.\d+")
OLDEST = (1, 24)

Progress = Callable[[str, float], None]


def image_chip(image: bytes, name: str) -> str:
    """The chip that a MicroPython image is for; BoardError for anything else."""
    if len(image) < 24 or image[0] != IMAGE_MAGIC:
        raise BoardError(
            f"{name} is no MicroPython image for an ESP32: take ESP32_GENERIC-….bin from"
            " micropython.org/download (not the .elf, not a .zip)"
        )
    number = struct.unpack_from("<H", image, 12)[0]
    if number not in CHIPS:
        raise BoardError(f"{name} is for a chip that is not known here (number {number})")
    return CHIPS[number]


def files_at(image: bytes, chip: str) -> int:
    """Where on the flash MicroPython's files begin: its partition `vfs`, or what its program leaves
    free (since 1.26).
    """
    at = TABLE_AT - OFFSETS.get(chip, 0)
    end = 0
    while len(image) >= at + ENTRY.size:
        magic, _, offset, size, label = ENTRY.unpack_from(image, at)
        if magic != b"\xaaP":
            break
        if label.rstrip(b"\0") in (b"vfs", b"ffat"):
            return offset
        end = max(end, offset + size)
        at += ENTRY.size
    return end or FILES_AT


def check_version(image: bytes, name: str) -> None:
    """BoardError when an image names its MicroPython and that one is too old."""
    found = re.search(rb"MicroPython " + _VERSION.pattern, image)
    if found:
        version = tuple(int(part) for part in found.group(1).split(b"."))
        if version < OLDEST:
            raise BoardError(f"{name} is MicroPython {found.group(1).decode()}: take 1.24 or later")


def read(path: str, what: str) -> bytes:
    """A file's bytes; BoardError."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BoardError(f"cannot read {what} {path}: {error.strerror}") from error


def flash(
    port: str,
    image: str,
    files: str | None,
    chip: str,
    baud: int,
    progress: Progress,
) -> None:
    """Erase the board, write MicroPython's `image` (and an image of `files`), and verify them.

    `progress` gets the name of a step and percent. BoardError.
    """
    content = read(image, "the image")
    wanted = image_chip(content, image)
    check_version(content, image)
    if wanted != chip:
        raise BoardError(f"{image} is for an {wanted}, the board is an {chip}: take its image")
    parts = [hex(OFFSETS.get(chip, 0)), image]
    if files:
        if len(read(files, "the image of files")) % 4096:
            raise BoardError(f"{files} is no image of files: make it with `deploy --image`")
        parts += [hex(files_at(content, chip)), files]
    ports.check(port)
    words = ["--chip", chip, "--port", port, "--baud", str(baud)]
    _run(words, ["erase-flash"], port, "erase", progress)
    _run(words, ["write-flash", *parts], port, "write", progress)
    _run(words, ["verify-flash", *parts], port, "verify", progress)


def _run(words: list[str], command: list[str], port: str, step: str, progress: Progress) -> None:
    def heard(line: str) -> None:
        found = _PERCENT.search(line)
        if found:
            progress(step, float(found.group(1)))

    progress(step, 0.0)
    tools.run("esptool", [*words, *command], port, heard)
    progress(step, 100.0)
