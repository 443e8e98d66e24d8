"""The trace of a compiled program under a real MicroPython, with the names of its sources."""

import subprocess

import pytest

from neonat.board import compiling, tracing
from neonat.cli.main import main
from neonat.gateway.writing import record
from runtimes import micropython

PROGRAM = """
from neonat.gateway.low import Pump


def attempt(pump):
    # Some words before it.
    return pump.press()


def begin():
    return attempt(Pump())
"""
LOW = """
class Valve:
    def press(self):
        return 1


class Pump:
    def __init__(self):
        self.missing_part = 1
        del self.missing_part

    def press(self):
        return turned_over(self)


def turned_over(pump):
    return pump.missing_part
"""
START = "from neonat.gateway.program import begin\nbegin()\n"


@pytest.fixture
def said(tmp_path, monkeypatch):
    """Its sources, and what it says when it fails."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    texts = {"program": PROGRAM, "low": LOW}
    sources = {}
    for name, text in texts.items():
        sources[f"neonat/gateway/{name}"] = tmp_path / f"{name}.py"
        sources[f"neonat/gateway/{name}"].write_text(text)
    for name in ("neonat/__init__", "neonat/gateway/__init__"):
        sources[name] = tmp_path / "empty.py"
        sources[name].write_text("")
    with compiling.kept(sources, START, micropython()) as script:
        done = subprocess.run([micropython(), str(script)], capture_output=True, text=True)
    return sources, done.stdout + done.stderr


def test_a_trace_has_the_names_of_the_sources(said):
    sources, text = said
    assert "missing_part" not in text and "turned_over" not in text
    shown = tracing.Tracing(sources, (START,)).translated(text).splitlines()
    assert shown[0] == text.splitlines()[0]
    frames = [line.strip() for line in shown[2:-1]]
    assert frames == [
        'File "neonat/gateway/program.py", line 10, in begin',
        'File "neonat/gateway/program.py", line 5, in attempt',
        'File "neonat/gateway/low.py", line 12, in Pump.press',
        'File "neonat/gateway/low.py", line 16, in turned_over',
    ]
    assert shown[-1] == "AttributeError: 'Pump' object has no attribute 'missing_part'"


def test_it_is_read_out_of_a_record_too(said):
    sources, text = said
    whole = record("error", [("reason", "exception"), ("trace", text)])
    found = tracing.Tracing(sources, (START,))
    assert found.translated(whole) == f"!error reason=exception \n{found.translated(text)}"


def test_what_is_no_trace_of_these_stays_as_it_is(tmp_path, capsys):
    text = "rubbish\n  File \"main.py\", line 3, in <module>\nValueError: 'x'\n"
    (tmp_path / "trace").write_text(text)
    assert main(["board", "trace", str(tmp_path / "trace")]) == 0
    assert capsys.readouterr().out == text
    assert main(["board", "trace", str(tmp_path / "none")]) == 1
