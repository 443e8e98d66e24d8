"""The page's source: its types, its unit tests, and that the files that are served come from it."""

import filecmp
import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from neonat.audit.reasons import REASONS
from neonat.web.health import CODES
from neonat.web.ward import BACKLOG
from neonat.web.words import ALARMS

FRONT_END = Path(__file__).parents[2] / "frontend"
GATEWAY = Path(__file__).parents[2] / "src/neonat/gateway"
STATIC = Path(__file__).parents[2] / "src/neonat/web/static"
PACKED_MAX = 90_000

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (FRONT_END / "node_modules").is_dir(),
    reason="no node, or no node packages of the page: apt install nodejs npm; scripts/setup test",
)


def node(*words: str) -> None:
    run = subprocess.run(
        ["npx", "--no-install", *words],
        cwd=FRONT_END,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@needs_node
def test_types():
    node("tsc", "--noEmit")


@needs_node
def test_units():
    node("vitest", "run")


@needs_node
def test_what_is_served_is_built_from_this_source(tmp_path: Path):
    node("vite", "build", "--logLevel", "error", "--outDir", str(tmp_path), "--emptyOutDir")
    made = {file.name for file in tmp_path.iterdir()}
    assert made == {file.name for file in STATIC.iterdir()}
    match, differ, odd = filecmp.cmpfiles(tmp_path, STATIC, made, shallow=False)
    assert not differ + odd, "run `make page` and commit what it made"
    assert match


def test_the_page_is_small():
    packed = sum(len(gzip.compress(file.read_bytes())) for file in STATIC.iterdir())
    assert packed < PACKED_MAX


def test_the_lock_file_names_no_registry():
    text = (FRONT_END / "package-lock.json").read_text()
    assert '"resolved"' not in text and "registry" not in text


def test_the_page_explains_alarms_as_the_server_does():
    assert json.loads((FRONT_END / "src/words/alarms.json").read_text()) == ALARMS


def test_the_page_and_the_server_call_the_same_thing_behind():
    text = (FRONT_END / "src/live/staleness.ts").read_text()
    assert f"export const BACKLOG = {BACKLOG};" in text


def test_the_page_has_french_for_what_can_be_wrong_with_the_server():
    text = (FRONT_END / "src/words/fr.ts").read_text()
    assert [code for code in CODES if not re.search(rf"^  {code}: ", text, re.MULTILINE)] == []


def test_the_page_has_french_for_what_gateways_refuse():
    table = (FRONT_END / "src/words/refusals.ts").read_text()
    patterns = [
        re.compile(found.replace("\\/", "/")) for found in re.findall(r"^  \[/(.+)/,", table, re.M)
    ]
    said = [
        text
        for file in ("commands", "download", "checking", "incoming")
        for text in re.findall(
            r'(?:ValueError|BundleError|"error"\] =)\(? ?f?[\'"]([^"]+)"',
            (GATEWAY / f"{file}.py").read_text(),
        )
    ]
    assert len(said) > 10
    assert [text for text in said if not any(one.search(text) for one in patterns)] == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_has_words_for_every_reason_of_a_gap(language: str):
    text = (FRONT_END / f"src/words/{language}.ts").read_text()
    assert [reason for reason in REASONS if f"      {reason}: " not in text] == []
