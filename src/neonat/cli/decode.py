"""`neonat decode`: bytes of a serial line, or envelopes, to text."""

import argparse
import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TextIO

from medibus.catalog import DEVICES, device_id, lookup
from medibus.decoder import Decoder, LineError
from medibus.frame import Frame
from medibus.items import items
from neonat.cli.decode_output import Output, json_lines, table
from neonat.cli.envelope_input import Note, of_envelopes
from neonat.cli.output import UsageError, writing_stdout

CHUNK = 65536

Event = Frame | LineError | Note


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parser of `neonat decode`."""
    parser = subparsers.add_parser(
        "decode",
        help="bytes of a serial line to text",
        description="Turns recorded bytes of a serial line into text, as they come.",
        epilog="example: neonat decode --format jsonl recording.bin",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="?", default="-", help="what to read, - for stdin (default)")
    parser.add_argument("--format", choices=("table", "jsonl"), default="table")
    parser.add_argument(
        "--device",
        metavar="MODEL",
        help="id or name of the device that names the codes (default: the one that says who it is)",
    )
    parser.add_argument(
        "--input",
        choices=("line", "envelopes"),
        default="line",
        help="bytes of the line (default), or lines of MQTT payloads, the original format included",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Decode; 0 also when frames were bad, UsageError (2) when the file cannot be read."""
    # A shell's background job would have Ctrl-C ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    model = _model(args.device)
    with _readable(args.file):
        source = _opened(args.file)
    with source, writing_stdout():
        _decode_all(source, args, model)
    return 0


@contextlib.contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from error


def _decode_all(
    source: io.BufferedReader, args: argparse.Namespace, model: ModuleType | None
) -> None:
    output = json_lines(sys.stdout) if args.format == "jsonl" else table(sys.stdout)
    counts = {"frames": 0}
    decoder = Decoder()
    read = _line_events(source, decoder) if args.input == "line" else _notes(source)
    try:
        _decode(_told(read, args.file), model, output, counts, sys.stdout)
    finally:
        _summary(counts, decoder)


def _model(name: str | None) -> ModuleType | None:
    if name is None:
        return None
    found = device_id(name)
    if found is None:
        known = ", ".join(f"{number} {device}" for number, device in DEVICES.items())
        raise UsageError(f"no single device is called {name!r}; known are {known}")
    return lookup(found)


def _opened(name: str) -> io.BufferedReader:
    if name == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    if os.path.isdir(name):
        raise IsADirectoryError(errno.EISDIR, "it is a directory")
    return open(name, "rb")


def _line_events(source: io.BufferedReader, decoder: Decoder) -> Iterator[Sequence[Event]]:
    """The events of each piece that can be read, and at last those of what is unfinished."""
    while piece := source.read1(CHUNK):
        yield decoder.feed(piece)
    yield decoder.close()


def _told(read: Iterator[Sequence[Event]], name: str) -> Iterator[Sequence[Event]]:
    """The same; UsageError when the file cannot be read on."""
    with _readable(name):
        yield from read


def _notes(source: io.BufferedReader) -> Iterator[Sequence[Event]]:
    while line := source.readline(CHUNK):
        yield of_envelopes(line)


def _decode(
    read: Iterator[Sequence[Event]],
    model: ModuleType | None,
    output: Output,
    counts: dict[str, int],
    out: TextIO,
) -> None:
    """Write every event; without a model, the device that last said who it is names the codes."""
    current = model
    for events in read:
        for event in events:
            if isinstance(event, Frame):
                counts["frames"] += 1
                found = items(event, current)
                if model is None and found and found[0][0] == "identity":
                    current = lookup(found[0].id)
                output.frame(event, found)
            elif isinstance(event, LineError):
                counts[event.reason] = counts.get(event.reason, 0) + 1
                output.error(event)
            else:
                output.note(event.text)
        if events:
            out.flush()


def _summary(counts: dict[str, int], decoder: Decoder) -> None:
    parts = [f"{count} {what}" for what, count in counts.items()]
    if decoder.realtime:
        parts.append(f"{decoder.realtime} bytes of real-time data set apart")
    if decoder.flow:
        parts.append(f"{decoder.flow} bytes of flow control skipped")
    print(", ".join(parts), file=sys.stderr)
