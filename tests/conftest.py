"""For every test: in which order they run, and that no property is timed."""

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.leftover_processes", "tests.process_mark"]

# A property says what holds, not how fast: on a busy machine a deadline fails what is right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Playwright keeps an event loop running in this thread from the first browser test to the end of the session, and
    # asyncio.run, by which endpoints are asked, starts none beside it: browser tests come last.
    items.sort(key=lambda item: BROWSER in item.path.parents)
