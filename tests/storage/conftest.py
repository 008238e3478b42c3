"""A real database file per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.projects.empty_data import open_empty


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_empty(tmp_path / "data")
    yield database
    database.close()
