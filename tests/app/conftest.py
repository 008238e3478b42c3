"""What the tests of the app start from: an open database, and a small project in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.projects.empty_data import open_empty
from tests.projects.tiny_project import TinyFiles, fill_project, write_files


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> TinyFiles:
    """The small project's files and models, written once."""
    return write_files(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A new data directory."""
    opened = open_empty(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def tiny(db: Database, files: TinyFiles) -> str:
    """The small project's name, its three sets imported."""
    return fill_project(db, files)
