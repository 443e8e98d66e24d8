"""Fixtures of the web tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from web.browser import started, watched
from web.parts import Site, Ward


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path / "neonat.db")
    yield made
    made.store.close()


@pytest.fixture
def site(ward: Ward) -> Iterator[Site]:
    with ward.reporting():
        made = Site(ward.url)
        yield made
        made.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for the tests of a module: Playwright's event loop ends with it."""
    with started(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A new tab, with nothing kept of the one before."""
    made = browser.new_page()
    with watched(made):
        yield made
    browser.clear_cookies()
