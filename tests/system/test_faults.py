"""The list of faults in its short form; `make chaos` tries each many times."""

import os
from pathlib import Path

import pytest

from system.faults import FAULTS, Options

SEED = int(os.environ.get("NEONAT_CHAOS_SEED", "1"))

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


@pytest.mark.parametrize("name", [name for name, (_, tries, _) in FAULTS.items() if tries])
def test_nothing_is_lost(name: str, tmp_path: Path) -> None:
    fault, tries, _ = FAULTS[name]
    outcome = fault(tmp_path, tries, Options(seed=SEED))
    if not outcome.tries:
        pytest.skip(outcome.note)
    assert outcome.lost == []
