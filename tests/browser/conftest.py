"""A real Chromium for the browser tests, without which they are skipped, and say so; and the app that they look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.browser import cases
from tests.browser.windows import TIMEOUT_MS, Windows
from tests.servers.app_server import Served, serving

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


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app on what the ``fill`` of the tests' own module writes into a new data folder: ``cases`` if it has none."""
    data = tmp_path_factory.mktemp("served") / "data"
    getattr(request.module, "fill", cases.fill)(data)
    with serving(data) as running:
        yield running


@pytest.fixture
def page(windows: Windows, served: Served) -> Iterator[Page]:
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
def other(windows: Windows, served: Served) -> Iterator[Page]:
    """The window of a second person."""
    window = windows.take()
    yield window
    windows.give_back(window, served.url)
