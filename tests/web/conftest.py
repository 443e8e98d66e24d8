"""Fixtures of the web tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from web.parts import Site, Ward


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path / "neonat.db")
    yield made
    made.store.close()


@pytest.fixture
def site(ward: Ward) -> Iterator[Site]:
    ward.health()
    made = Site(ward.url)
    yield made
    made.stop()
