"""What the tests of the app start from: an open database, and a small project in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.reviews.verdicts import accept_all
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.projects.empty_data import open_empty
from tests.projects.handmade_diagnoses import diagnose_by_hand
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
def command_line(db: Database, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(db.data, capsys)


@pytest.fixture
def tiny(db: Database, files: TinyFiles) -> str:
    """The small project's name, its three sets imported."""
    return fill_project(db, files)


@pytest.fixture
def ready(db: Database, tiny: str, files: TinyFiles) -> str:
    """The small project's name, its errors diagnosed by hand and all accepted."""
    diagnose_by_hand(db, tiny, files)
    accept_all(db, tiny, reviewer="ann")
    return tiny
