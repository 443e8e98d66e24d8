"""The gateway's modules compiled: the same program with other names, kept in a cache."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from neonat.board import compiling, files, linking, names
from neonat.board.problem import BoardError
from runtimes import micropython

START = "from a import answer\nprint(answer())\n"


def made(folder: Path, text: str) -> dict[str, Path]:
    (folder / "a.py").write_text(text)
    return {"a": folder / "a.py"}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "neonat" / "modules"


def said(sources) -> str:
    with compiling.kept(sources, START, micropython()) as script:
        done = subprocess.run([micropython(), str(script)], capture_output=True, text=True)
    return done.stdout + done.stderr


def test_it_is_compiled_once_and_again_when_the_source_changes(tmp_path, cache, monkeypatch):
    assert said(made(tmp_path, "def answer():\n    return 41\n")) == "41\n"
    assert said(made(tmp_path, "def answer():\n    return 42\n")) == "42\n"
    assert len(list(cache.iterdir())) == 2
    monkeypatch.setattr(compiling, "library", None)
    assert said(made(tmp_path, "def answer():\n    return 41\n")) == "41\n"


def test_many_processes_at_once_make_one_folder(tmp_path, cache):
    sources = made(tmp_path, "def answer():\n    return 7\n")
    heard: list[str] = []
    threads = [threading.Thread(target=lambda: heard.append(said(sources))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == ["7\n"] * 6
    assert len(list(cache.iterdir())) == 1


def test_where_nothing_can_be_kept_it_runs_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert said(made(tmp_path, "def answer():\n    return 8\n")) == "8\n"


def test_what_nobody_used_for_long_goes_and_what_runs_stays(tmp_path, cache):
    sources = made(tmp_path, "def answer():\n    return 1\n")
    said(sources)
    (old,) = cache.iterdir()
    long_ago = os.stat(old).st_mtime - 2 * compiling.UNUSED_S
    with compiling.kept(sources, START, micropython()):
        os.utime(old, (long_ago, long_ago))
        said(made(tmp_path, "def answer():\n    return 2\n"))
        assert old.exists()
    os.utime(old, (long_ago, long_ago))
    said(made(tmp_path, "def answer():\n    return 3\n"))
    assert not old.exists()
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("wrong", ["def answer(:\n", "match 5:\n    case 5:\n        pass\n"])
def test_what_cannot_be_compiled_is_named_in_one_line(tmp_path, cache, wrong):
    with pytest.raises(BoardError, match="cannot be compiled") as caught:
        said(made(tmp_path, wrong))
    assert "\n" not in str(caught.value)


def test_a_micropython_of_another_format_is_named_in_one_line(tmp_path, cache):
    other = tmp_path / "micropython"
    other.write_text("#!/bin/sh\necho 3\n")
    other.chmod(0o755)
    sources = made(tmp_path, "x = 1\n")
    with (
        pytest.raises(BoardError, match="does not run version 6") as caught,
        compiling.kept(sources, START, str(other)),
    ):
        pass
    assert "\n" not in str(caught.value)


SECRETIVE = '''
"""A docstring may say named and LIMIT."""
import sys
from b import Base, SHARED, LIMIT as OTHER

LIMIT = 1 << 4
NAMES = ("x", "y")
_COUNT: "int" = 3


class Thing(Base):
    __slots__ = ("_amount",)
    kind = "thing"

    def __init__(self, amount, public, base=_COUNT):
        super().__init__()
        self.amount: int = amount
        self.named = public
        self.public = public
        self.open = base

    def read(self, *, key=_COUNT):
        return self.amount + LIMIT + key + self.base + SHARED + OTHER

    def total(self):
        return self.read(key=2) + getattr(self, "named") + len(NAMES) + self.open

    def nobody_calls(self):
        return other_thing()


def other_thing():
    return NOWHERE


def with_inner(amount, kind):
    def inner(kind):
        return amount + kind

    return inner(1) + kind + sum(amount for amount in range(3))


def answer():
    global LIMIT2
    LIMIT2 = 5
    things = [Thing(1, 2).total(), Thing.kind, sys.implementation._mpy & 255, LIMIT2]
    return things + [with_inner(100, 20)]
'''
BASE = """
LIMIT = 100
SHARED = LIMIT * 10


class Base:
    def __init__(self):
        self.base = 10000

    def unused(self):
        return 1
"""


def test_what_is_not_needed_goes_and_other_names_change_nothing(tmp_path, cache):
    sources = made(tmp_path, SECRETIVE)
    (tmp_path / "b.py").write_text(BASE)
    sources["b"] = tmp_path / "b.py"
    texts = names.shortened({name: path.read_text() for name, path in sources.items()}, (START,))
    for gone in ("amount", "LIMIT", "other_thing", "unused", "docstring", "__slots__", "public"):
        assert f" {gone}" not in texts["a"] + texts["b"], gone
        assert f".{gone}" not in texts["a"] + texts["b"], gone
    assert "self.named" in texts["a"]
    assert "implementation._mpy" in texts["a"]
    total = 1 + 16 + 2 + 10000 + 1000 + 100 + 2 + 2 + 3
    assert said(sources) == f"{[total, 'thing', 6, 5, 100 + 1 + 20 + 3]}\n"


def test_all_that_the_program_names_has_a_name_that_costs_nothing():
    sources = files.sources()
    texts = {name: path.read_text() for name, path in sources.items()}
    texts = linking.linked(texts, *compiling.ALWAYS)
    after = names.shortened(texts, files.outside())
    for name, text in after.items():
        compile(text, name, "exec")
    whole = after[linking.WHOLE]
    assert "def run(" in whole
    assert "message_max" in whole
    assert not any("_finder" in text for text in after.values())
    # A name that is not of the ROM costs a dozen bytes, for good.
    assert len(set(re.findall(r"\b_\d+\b", "".join(after.values())))) < 60


def test_linked_modules_do_what_they_did(tmp_path, cache):
    parts = {
        "neonat/gateway/low": "SAME = 5\n\n\ndef same(value):\n    return value + SAME\n",
        "neonat/gateway/mid": "import sys\nfrom neonat.gateway.low import same as plus\n"
        "SAME = 70\nif sys:\n    def same(plus):\n        return plus + SAME\n",
        "neonat/gateway/program": "from neonat.gateway import low, mid\n"
        "from neonat.gateway.mid import same\n\n\ndef answer():\n"
        "    from neonat.gateway import late\n"
        "    return [low.same(1), mid.same(1), same(2), mid.plus(3), late.answer(), low.SAME]\n",
        "neonat/gateway/late": "from neonat.gateway.low import same\n"
        "from neonat.gateway import mid\n\n\ndef answer():\n    return same(4), mid.same(5)\n",
        "neonat/gateway/__init__": "",
        "neonat/__init__": "",
    }
    sources = {}
    for name, text in parts.items():
        sources[name] = tmp_path / f"{name.replace('/', '.')}.py"
        sources[name].write_text(text)
    start = "from neonat.gateway.program import answer\nprint(answer())\n"
    with compiling.kept(sources, start, micropython()) as script:
        assert (script.parent / f"{linking.WHOLE}.mpy").exists()
        done = subprocess.run([micropython(), str(script)], capture_output=True, text=True)
    assert done.stdout + done.stderr == "[6, 71, 72, 8, (9, 75), 5]\n"


def test_it_needs_nothing_that_is_not_always_installed():
    code = "from neonat.board import compiling, files; import sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"littlefs", "tqdm", "esptool"} & set(done.stdout.split())
