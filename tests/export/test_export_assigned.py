"""What was recorded under a name, wherever it was."""

import csv
import io
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from histories import ALARMS, MEASURED, READER, T0, made
from neonat.cli import main as cli
from neonat.store import assignments, open_store
from neonat.web.query import stamp

MINUTE = 60_000


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Two gateways for an hour; a device goes from one to the other, with a break."""
    found = f"sqlite:///{tmp_path}/n.db"
    store = open_store(found, reader=READER)
    for gateway in ("g1", "g2"):
        frames = [MEASURED[0], ALARMS[1]]
        store.write(
            [made(gateway, 1, n + 1, frames[n % 2], T0 + n * MINUTE, n * MINUTE) for n in range(60)]
        )
    for gateway, bed, patient, start, until in (
        ("g1", "1", "p1", 0, 10),
        ("g1", "1", "p2", 10, 20),
        ("g1", "1", "p2", 30, 40),
        ("g2", "2", "p2", 40, None),
    ):
        row = {
            **dict.fromkeys(assignments.FIELDS),
            "gateway": gateway,
            "bed": bed,
            "patient": patient,
            "start": T0 + start * MINUTE,
            "until": None if until is None else T0 + until * MINUTE,
        }
        store.change(partial(assignments.add, new=row))
    store.close()
    return found


def rows(url: str, capsys: Any, *words: str) -> list[dict[str, str]]:
    assert cli.main(["export", "--db", url, *words]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def minutes(found: list[dict[str, str]], column: str = "at") -> dict[str, list[int]]:
    """The minutes of the rows of each gateway, each once."""
    out: dict[str, list[int]] = {}
    known = {stamp(T0 + n * MINUTE): n for n in range(60)}
    for row in found:
        out.setdefault(row["gateway"], []).append(known[row[column]])
    return {gateway: sorted(set(times)) for gateway, times in out.items()}


def test_the_frames_of_a_patient_wherever(url: str, capsys: Any) -> None:
    found = rows(url, capsys, "--what", "frames", "--patient", "p2")
    assert minutes(found) == {
        "g1": [*range(10, 20), *range(30, 40)],
        "g2": list(range(40, 60)),
    }
    assert found == rows(url, capsys, "--what", "frames", "--patient", "p2")
    found = rows(url, capsys, "--what", "frames", "--patient", "p2", "--bed", "1")
    assert list(minutes(found)) == ["g1"]
    found = rows(url, capsys, "--what", "frames", "--assignment", "1")
    assert minutes(found) == {"g1": list(range(10))}
    to = stamp(T0 + 35 * MINUTE) or ""
    found = rows(url, capsys, "--what", "frames", "--patient", "p2", "--to", to)
    assert minutes(found) == {"g1": [*range(10, 20), *range(30, 35)]}


def test_what_lasts_over_two_spans_is_there_once(url: str, capsys: Any) -> None:
    assert len(rows(url, capsys, "--what", "alarms", "--bed", "1")) == 1
    assert len(rows(url, capsys, "--what", "gateways", "--bed", "1")) == 1
    found = rows(url, capsys, "--what", "readings", "--bed", "1")
    assert minutes(found) == {"g1": [*range(0, 20, 2), *range(30, 40, 2)]}


def test_a_name_that_nothing_had(url: str, capsys: Any) -> None:
    assert cli.main(["export", "--db", url, "--what", "frames", "--bed", "9"]) == 1
    assert "nothing was assigned to bed 9" in capsys.readouterr().err
