"""A real Chromium for the browser tests; without one they are skipped, and say so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.browser.windows import TIMEOUT_MS, Windows

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, started once."""
    if not CHROMIUM.exists():
        pytest.skip(
            f"there is no Chromium at {CHROMIUM}: install the Debian package `chromium` to run the browser tests"
        )
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def windows(chromium: Browser) -> Windows:
    return Windows(chromium)


@pytest.fixture
def page(windows: Windows, served: Any) -> Iterator[Page]:
    """A window of 1280 × 900; a script error in it fails the test."""
    window = windows.take()
    errors: list[str] = []

    def note(error: Error) -> None:
        errors.append(str(error))

    window.on("pageerror", note)
    yield window
    windows.give_back(window, served.url)
    window.remove_listener("pageerror", note)
    assert not errors


@pytest.fixture
def other(windows: Windows, served: Any) -> Iterator[Page]:
    """The window of a second person."""
    window = windows.take()
    yield window
    windows.give_back(window, served.url)
