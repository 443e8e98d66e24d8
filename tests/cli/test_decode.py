"""`neonat decode` as a process: the recording, the old firmware's payloads, bad input."""

import collections
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medibus.escape import escape
from medibus.frame import response

RECORDING = Path(__file__).parents[1] / "data" / "tn500.bin"
FIRST = [
    ("65", 30.8),
    ("66", 31.6),
    ("6C", 18),
    ("6D", 33.3),
    ("6E", 0),
    ("C2", 0.8),
    ("E4", 183),
    ("EC", 53),
    ("F1", 4),
    ("F3", 101),
]
COMMAND = [sys.executable, "-m", "neonat", "decode"]


def decode(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *words], input=stdin, capture_output=True, timeout=60)


def lines(*words: str, stdin: bytes = b"") -> list[dict]:
    result = decode("--format", "jsonl", *words, stdin=stdin)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def check_recording(events: list[dict]) -> None:
    frames = [event for event in events if event["event"] == "frame"]
    counts = collections.Counter(chr(int(frame["code"], 16)) for frame in frames)
    assert counts == {"$": 8, "*": 7, "(": 6, ")": 5, "+": 4, "'": 4}
    assert {frame["direction"] for frame in frames} == {"response"}
    first = next(frame for frame in frames if frame["code"] == "24")
    assert [(item["code"], item["value"]) for item in first["items"]] == FIRST
    assert all(item["name"] for item in first["items"])


def test_the_recording() -> None:
    events = lines(str(RECORDING))
    check_recording(events)
    errors = [event for event in events if event["event"] == "error"]
    assert errors == [{"event": "error", "reason": "truncated", "raw": "\\x01'C4"}]


def test_frames_are_as_promised() -> None:
    data = response(0x29, b"1A 31.5")
    assert lines(stdin=data) == [
        {
            "event": "frame",
            "direction": "response",
            "code": "29",
            "name": "settings",
            "items": [
                {
                    "kind": "setting",
                    "code": "1A",
                    "name": "air_temperature_setting",
                    "value": 31.5,
                    "unit": "Cel",
                    "raw": " 31.5",
                }
            ],
        }
    ]


def test_the_recording_in_single_bytes() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--format", "jsonl", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdin
    for byte in RECORDING.read_bytes():
        process.stdin.write(bytes((byte,)))
    out, _ = process.communicate(timeout=60)
    assert [json.loads(line) for line in out.splitlines()] == lines(str(RECORDING))


def test_payloads_of_the_old_firmware() -> None:
    frames = re.findall(rb"\x01[^\x01\r]*(?=\r)", RECORDING.read_bytes())
    written = []
    for number, frame in enumerate(frames):
        text = escape(frame).replace("\\", "\\\\")
        text = text if number % 2 else text.removeprefix("\\\\x01")
        written.append(f"b'e89f6dd0edd8|2023/07/07 16:35:{number}|{text}'\n")
    events = lines("--input", "envelopes", stdin="".join(written).encode())
    check_recording(events)
    assert len(events) == 34


def test_envelopes() -> None:
    frame = response(0x29, b"1A 31.5")[:-1]
    start = "gw|2026-11-23T08:45:00.123Z|7."
    text = f"{start}1|!boot reason=start\n{start}2|{escape(frame)}\n\nwhat\n"
    text += f"{start}3|{escape(frame[:-1])}0"
    events = lines("--input", "envelopes", stdin=text.encode())
    assert events[0] == {"event": "record", "data": "!boot reason=start"}
    assert events[1]["items"][0]["value"] == 31.5
    assert events[2:] == [
        {"event": "error", "reason": "noise", "raw": "what"},
        {"event": "error", "reason": "checksum", "raw": escape(frame[:-1] + b"0")},
    ]


def test_the_device_names_the_codes() -> None:
    data = response(0x24, b"FA   3")
    who = response(0x52, b"5701'Isolette 8000 plus'01.00:02.00")
    assert lines(stdin=data)[0]["items"][0]["name"] is None
    assert lines(stdin=who + data)[1]["items"][0]["name"] == "body_weight_age"
    for device in ("5701", "Isolette 8000 plus", "isolette"):
        assert lines("--device", device, stdin=data)[0]["items"][0]["name"] == "body_weight_age"
    assert lines("--device", "5700", stdin=who + data)[1]["items"][0]["name"] is None


def test_the_table_shows_every_item() -> None:
    result = decode(str(RECORDING))
    assert result.returncode == 0
    text = result.stdout.decode()
    rows = text.splitlines()
    assert len(rows) == 1 + len(lines(str(RECORDING))) + sum(
        len(event.get("items", ())) for event in lines(str(RECORDING))
    )
    for what in (
        "skin_temperature_peripheral",
        "30.8  Cel",
        "O2 SENS ERR",
        "medium 19",
        "Air Mode",
    ):
        assert what in text
    assert result.stderr.decode() == "34 frames, 1 truncated\n"


def test_the_table_shows_any_bytes_without_harm() -> None:
    texts = response(0x2A, b"13" + b"\x3f\x07\x08\x1f\x7f" + b"\x03")
    noise = bytes(range(256)) * 3
    result = decode(stdin=texts + noise + b"\x01" + b"A" * 5000 + b"\r" + bytes((0x82, 0x11)))
    assert result.returncode == 0
    assert not re.search(rb"[^\n -~\xe2\x80\xa6]", result.stdout)
    assert b"oversize" in result.stdout
    assert b"real-time" in result.stderr


def test_nothing_is_fine() -> None:
    assert lines(stdin=b"") == []
    assert decode(stdin=b"").stderr == b"0 frames\n"


@pytest.mark.parametrize("name", ["missing.bin", "."])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    result = decode(str(tmp_path / name))
    assert result.returncode == 2
    assert result.stdout == b""
    assert len(result.stderr.splitlines()) == 1
    assert b"cannot read" in result.stderr


def test_a_device_that_nobody_knows() -> None:
    result = decode("--device", "toaster")
    assert result.returncode == 2
    assert b"5700 Babyleo TN500" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_shows_frames_at_once_and_stops_when_told(number: int) -> None:
    # As in a job that a script has put into the background.
    ignored = ["env", "--ignore-signal=INT", *COMMAND]
    process = subprocess.Popen(
        [*ignored, "--format", "jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(response(0x29, b"1A 31.5"))
    assert b'"29"' in process.stdout.readline()
    process.send_signal(number)
    assert process.wait(60) == 0
    process.stdin.close()
    process.stdout.close()


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--format", "jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.close()
    _, trouble = process.communicate(RECORDING.read_bytes() * 20, timeout=60)
    assert b"Traceback" not in trouble
