"""What is seldom done about a line: how it is tried, what is told of it (opened, lost, up, down).

`line` is an `Acquisition`.
"""

from medibus.escape import escape
from neonat.gateway.writing import record

RAW_MAX = 160

# The TN500 first, parity as the original programs disagree; then other devices (medibus.md).
TRIED = (
    (38400, "odd"),
    (38400, "even"),
    (38400, "none"),
    (19200, "even"),
    (9600, "even"),
    (19200, "none"),
)


def tried(baud: "int | None", parity: "str | None", known: tuple) -> "list[tuple[int, str]]":
    """The pairs for what is told, None for what is to be found; `known` comes first."""
    pairs = TRIED if known in TRIED or not known else (known,) + TRIED
    found = [pair for pair in pairs if baud in (None, pair[0]) and parity in (None, pair[1])]
    if baud is not None and parity is None:
        found += [(baud, word) for word in ("odd", "even", "none") if (baud, word) not in found]
    if not found:
        found = [(baud or 38400, parity or "odd")]
    if known in found:
        found.remove(known)
        found.insert(0, known)
    return found


def opened(line) -> None:
    """The line is open, and something is tried with it."""
    line.log("line: %s open, %d baud, parity %s" % ((line.name,) + line.finder.current))


def lost(line, reason: str) -> None:
    """The line cannot be opened, or is gone."""
    line.log("line: " + line.name + ": " + reason + "; trying again")


def changed(line, now: int, changes: list) -> None:
    """Tell what a session says, and take each from `changes` once it is on record."""
    while changes:
        what, how = changes[0]
        up = what != "down"
        pairs: list = []
        if not up and line.up:
            pairs = [("state", "down"), ("reason", str(how))]
        elif up:
            pairs = [("state", "up")]
            if line.device is not None:
                pairs += [("device", line.device.id), ("name", line.device.name)]
        if pairs:
            line.emit(now, record("link", pairs))
        line.up = up
        del changes[0]
        if pairs:
            line.log("link: " + " ".join([str(value) for _, value in pairs]))


def error(line, now: int, reason: str, raw: bytes, length: int, skipped: int) -> None:
    """A record of bytes that gave no frame; `skipped` before it had none."""
    pairs: list = [("reason", reason), ("length", length)]
    if skipped:
        pairs.append(("skipped", skipped))
    line.emit(now, record("error", pairs + [("raw", escape(bytes(raw[:RAW_MAX])))]))
