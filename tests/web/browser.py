"""A real browser for the tests of the page."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needs_chromium = pytest.mark.skipif(
    shutil.which(CHROMIUM) is None, reason=f"{CHROMIUM} is missing: apt install chromium"
)


@contextlib.contextmanager
def started(profile: Path, **more: Any) -> Iterator[Any]:
    """A browser with a profile of its own; `more` goes to Playwright's context."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    # A busy machine is no fault of the page.
    playwright.expect.set_options(timeout=20_000)
    with playwright.sync_playwright() as one:
        given: dict[str, Any] = {"viewport": {"width": 1000, "height": 800}, **more}
        context = one.chromium.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=FLAGS, **given
        )
        context.set_default_timeout(20_000)
        yield context
        context.close()


@contextlib.contextmanager
def watched(page: Any, *expected: str) -> Iterator[Any]:
    """A tab that fails the test for anything that the browser complained about.

    `expected` are words of complaints that belong to the test.
    """
    page.complaints = []
    page.foreign = []
    fine = ("ERR_", "503", *expected)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            page.complaints.append(message.text)
            if message.type == "error" and not any(word in message.text for word in fine)
            else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            page.foreign.append(request.url)
            if not request.url.startswith(("http://127.0.0.1:", "blob:http://127.0.0.1:"))
            else None
        ),
    )
    yield page
    page.close()
    assert page.complaints == []
    assert page.foreign == []


def until(page: Any, condition: Callable[[], Any], what: str, timeout_s: float = 15) -> None:
    """Wait for a condition while the browser goes on; AssertionError when time is up."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        page.wait_for_timeout(50)
