"""The spool on an SD card: mounted at the start, left for the flash when it fails.

What the flash keeps from a time without the card goes to the card; the number of the boot is kept
in both places, since the card may be gone at the next start.
"""

import os

from neonat.gateway import flash
from neonat.gateway.rarely import call
from neonat.gateway.segment import PACKED, Segment, decode, encode
from neonat.gateway.spool import BOOT_FILES

SD = "/sd"
FLASH_SPOOL = "/spool"
BOOT = "/boot.json"
PIECE = 4096


def begin(config: dict, made) -> str:
    """Mount what `made()` gives as the card; what is wrong, and then the spool is in the flash."""
    try:
        import vfs  # type: ignore[import-not-found]

        vfs.mount(made(), SD)
        try_out(config["spool"])
        config["card"] = True
    except (OSError, ValueError) as error:
        config["spool"] = FLASH_SPOOL
        return "SD card: %s; the spool is in the flash" % error
    try:
        move(FLASH_SPOOL, config["spool"])
    except OSError as error:
        return "SD card: %s; some records stay in the flash" % error
    return ""


def try_out(directory: str) -> None:
    """Write, read and remove a file in it; OSError."""
    if not flash.there(directory):
        os.mkdir(directory)
    os.listdir(directory)
    path = directory + "/try.new"
    data = b"neonat" * (PIECE // 6)
    with open(path, "wb") as file:
        file.write(data)
    with open(path, "rb") as file:
        found = file.read(PIECE)
    os.remove(path)
    if found != data:
        raise OSError("it does not keep what is written")


def move(source: str, target: str) -> None:
    """Give the spool `target` the segments of `source`, after its own; OSError.

    After a power cut one may be in both: it is sent twice, and stored once.
    """
    if not flash.there(source):
        return
    numbers = [0] + [int(name[:-4]) for name in os.listdir(target) if _is_segment(name)]
    highest = max(numbers)
    for name in sorted(os.listdir(source)):
        if not _is_segment(name):
            continue
        highest += 1
        path = target + "/%010d" % highest
        with open(source + "/" + name, "rb") as old, open(path + ".new", "wb") as new:
            piece = old.read(512)
            while piece:
                if new.write(piece) != len(piece):
                    raise OSError(28)
                piece = old.read(512)
        os.rename(path + ".new", path + name[-4:])
        os.remove(source + "/" + name)


def _is_segment(name: str) -> bool:
    return name[-4:] in (Segment.suffix, PACKED) and name[:-4].isdigit()


def above(home: str) -> int:
    """The highest number of a boot that the flash knows."""
    highest = flash.read(home + BOOT).get("boot", 0)
    for name in BOOT_FILES:
        try:
            with open(home + FLASH_SPOOL + "/" + name, "rb") as file:
                found = decode(file.read(64).rstrip(b"\n"))
        except OSError:
            continue
        highest = max(highest, found[1] if found else 0)
    return highest


def keep(home: str, boot: int) -> None:
    """A boot begins on the card: the flash knows its number too; OSError."""
    flash.replace(home + BOOT, {"boot": boot})


def go_on(spool, files) -> None:
    """Let a spool go on in another directory; what it held so far is given up. OSError."""
    files.make()
    for name in BOOT_FILES:
        files.replace(name, encode("boot|%d.0|" % spool.boot))
    for segment in spool.segments:
        if segment.boot == spool.boot and segment.holds(1):
            spool.announced = False
        spool.missing(segment, segment.first, segment.last)
    # What is in RAM only goes to the new place.
    fresh, spool.fresh = spool.fresh, []
    spool.close()
    spool.fresh = fresh
    spool.segments = []
    spool.files = spool.journal.files = files
    spool.number = call("ledger", "opened", spool)


def look(remote) -> None:
    """The spool counted a failure: where the card is the cause, go on in the flash."""
    gateway = remote.gateway
    try:
        try_out(gateway.config["spool"])
        return
    except OSError as error:
        fault = "SD card: %s; the spool is in the flash now" % error
    from neonat.gateway.writing import record

    remote.log(fault)
    files = gateway.board.files(FLASH_SPOOL)
    try:
        go_on(gateway.spool, files)
    except OSError as error:
        remote.log("flash: %s" % error)
        return
    gateway.config["card"] = False
    gateway.tell(record("error", [("reason", "hardware"), ("detail", fault)]))
