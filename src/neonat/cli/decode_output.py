"""How `neonat decode` shows frames: a table for people, JSON lines for programs."""

import json
from typing import Any, Protocol, TextIO

from medibus.decoder import LineError
from medibus.escape import escape
from medibus.frame import Frame
from medibus.items import as_dict, request_name

# Direction, code, what, value; the unit has the rest of the line.
_ROW = "{:<9}{:>5}  {:<40}{:>20}  {}"


class Output(Protocol):
    """Takes events in their order."""

    def frame(self, frame: Frame, items: list[Any]) -> None:
        """Show a frame and its items."""

    def error(self, error: LineError) -> None:
        """Show bytes that were no frame."""

    def note(self, text: str) -> None:
        """Show a record of the gateway."""


class JsonLines:
    """One JSON object a line, as commands.md has it."""

    def __init__(self, out: TextIO) -> None:
        self._write = out.write
        self._encode = json.JSONEncoder(ensure_ascii=False).encode

    def frame(self, frame: Frame, items: list[Any]) -> None:
        """Write `{"event": "frame", …}`."""
        self._line(
            {
                "event": "frame",
                "direction": frame.direction,
                "code": f"{frame.code:02X}",
                "name": request_name(frame.code),
                "items": [as_dict(item) for item in items],
            }
        )

    def error(self, error: LineError) -> None:
        """Write `{"event": "error", …}`; `length` where `raw` is only the beginning."""
        line: dict[str, Any] = {"event": "error", "reason": error.reason, "raw": escape(error.raw)}
        if error.length != len(error.raw):
            line["length"] = error.length
        self._line(line)

    def note(self, text: str) -> None:
        """Write `{"event": "record", …}`."""
        self._line({"event": "record", "data": text})

    def _line(self, line: dict[str, Any]) -> None:
        self._write(self._encode(line) + "\n")


class Table:
    """Aligned columns, one row an item."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._row("DIRECTION", "CODE", "WHAT", "VALUE", "UNIT")

    def frame(self, frame: Frame, items: list[Any]) -> None:
        """Write a row for the frame and one for each item."""
        name = request_name(frame.code) or "unknown request"
        self._row(frame.direction, f"{frame.code:02X}", name, "" if items else "-", "")
        for item in items:
            self._row("", *_cells(as_dict(item)))

    def error(self, error: LineError) -> None:
        """Write a row for bytes that were no frame."""
        more = " …" if error.length > len(error.raw) else ""
        self._row("error", "", error.reason, f"{error.length} bytes", escape(error.raw) + more)

    def note(self, text: str) -> None:
        """Write a row for a record of the gateway."""
        self._row("gateway", "", _printable(text), "", "")

    def _row(self, *cells: str) -> None:
        self._out.write(_ROW.format(*cells).rstrip() + "\n")


def json_lines(out: TextIO) -> Output:
    """Events as JSON lines."""
    return JsonLines(out)


def table(out: TextIO) -> Output:
    """Events as a table; the header is written at once."""
    return Table(out)


def _cells(item: dict[str, Any]) -> tuple[str, str, str, str]:
    """Code, what, value and unit of an item."""
    kind = item["kind"]
    if kind == "alarm":
        page = f"page {item['codepage']}"
        return _text(item, "code"), _text(item, "phrase"), _priority(item["priority"]), page
    if kind == "text":
        return _text(item, "code"), _text(item, "text"), "", ""
    if kind == "clock":
        return "", "local time of the device", item["value"] or _text(item, "raw"), ""
    if kind == "identity":
        return _text(item, "id"), _text(item, "name"), _text(item, "revision"), ""
    if kind == "raw":
        return "", "", "", _text(item, "raw")
    if kind == "stream":
        return _text(item, "code"), "real-time stream", _text(item, "interval_us"), "us"
    name = item["name"] or "unknown code"
    if kind == "limit":
        name += f", {item['side']} limit"
    value = _text(item, "raw").strip() if item["value"] is None else str(item["value"])
    return _text(item, "code"), name, value or "-", item["unit"] or ""


def _priority(char: str) -> str:
    """A priority as a number and the class that public sources give it (medibus.md, "Alarms")."""
    number = ord(char) - 0x30 if len(char) == 1 else 0
    for least, word in ((25, "high"), (11, "medium"), (1, "low")):
        if least <= number <= 31:
            return f"{word} {number}"
    return _printable(char)


def _text(item: dict[str, Any], key: str) -> str:
    return _printable(str(item[key]))


def _printable(text: str) -> str:
    return text if text.isprintable() else escape(text.encode())
