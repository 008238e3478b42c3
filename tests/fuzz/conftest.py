"""Fixtures of the odd inputs: a world, and the table of results at the end."""

import pytest

from tests.fuzz.oddities import PNG
from tests.fuzz.world import TALLIES, World, table

# Of each measured import: MB above the start, and seconds.
MEASURED: dict[str, tuple[int, float]] = {}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A data folder, and a folder of files with one image, links that lead out of it, and a folder named like an
    image."""
    made = World(tmp_path_factory.mktemp("fuzz"))
    (made.files / "images").mkdir(parents=True)
    (made.files / "folder.png").mkdir()
    for name in ("one.png", "images/one.png"):
        (made.files / name).write_bytes(PNG)
    (made.files / "link.png").symlink_to(made.known)
    (made.files / "loop.png").symlink_to(made.files / "loop.png")
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MEASURED:
        terminalreporter.section("memory of imports")
        for case, (mb, seconds) in MEASURED.items():
            terminalreporter.write_line(f"{case:42}{mb:6,} MB{seconds:8.1f} s")
    if TALLIES:
        terminalreporter.section("odd inputs")
        for line in table():
            terminalreporter.write_line(line)
