"""For every test: in which order they run, and that no property is timed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.chaos.small_disk import Disk, small_disk

pytest_plugins = ["tests.leftover_processes", "tests.process_mark"]

# A property says what holds, not how fast: on a busy machine a deadline fails what is right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

BROWSER = Path(__file__).parent / "browser"
# The files of browser tests that take longest, begun first: a run does not end with one of them alone.
LONGEST = ("test_loop.py", "test_accessibility.py", "test_hostile_text.py", "test_desk.py", "test_tuning.py")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A mounted disk of 24 MB, which fills at once."""
    with small_disk(tmp_path / "disk", "24m") as made:
        yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Playwright keeps an event loop running in this thread from the first browser test to the end of the session, and
    # asyncio.run, by which endpoints are asked, starts none beside it: browser tests come last.
    items.sort(key=place_in_run)


def place_in_run(item: pytest.Item) -> int:
    if BROWSER not in item.path.parents:
        return 0
    return 1 + (LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
