"""Logging of the long-running commands: one short line an event, to stderr."""

import argparse
import json
import logging
import os
import sys
import time
from typing import Any

FORMATS = ("text", "json")
FORMAT_VARIABLE = "NEONAT_LOG"

_TIME = "%Y-%m-%dT%H:%M:%S"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `event`, `message`, `pid`, maybe `trace`.

    `event` is the message before its values are put in, so the same event has the same text
    wherever it happens.
    """

    def __init__(self) -> None:
        super().__init__()
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            "time": f"{self.formatTime(record, _TIME)}.{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg),
            "message": record.getMessage(),
            "pid": record.process,
        }
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def add_log_option(parser: argparse.ArgumentParser) -> None:
    """Add how events are written; children that inherit the environment do the same."""
    parser.add_argument(
        "--log",
        choices=FORMATS,
        help=f"text (default) or one JSON object a line (or set {FORMAT_VARIABLE})",
    )


def to_stderr(verbose: bool = False, form: str | None = None) -> None:
    """Log to stderr with UTC times; other packages only from warnings on.

    `form` is text or json; without one NEONAT_LOG says, and what this process starts is told so.
    """
    choose(form)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(os.environ.get(FORMAT_VARIABLE) or "text"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("neonat").setLevel(logging.DEBUG if verbose else logging.INFO)


def choose(form: str | None) -> None:
    """Write events as text or json from now on, here and in what this process starts."""
    if form is not None:
        os.environ[FORMAT_VARIABLE] = form


def told(text: str, logger: str, speaker: str = "") -> str:
    """A line of a program that has no levels, as events are written: itself, or as JSON.

    What stands before the first colon, behind the name of the `speaker`, is its event.
    """
    if os.environ.get(FORMAT_VARIABLE) != "json":
        return text
    text = text.removeprefix(f"{speaker}: ")
    record = logging.LogRecord(logger, logging.INFO, "", 0, text.partition(":")[0], None, None)
    line = json.loads(JsonFormatter().format(record))
    return json.dumps({**line, "message": text}, ensure_ascii=False, separators=(",", ":"))


def _formatter(form: str) -> logging.Formatter:
    if form == "json":
        return JsonFormatter()
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", _TIME
    )
    formatter.converter = time.gmtime
    return formatter
