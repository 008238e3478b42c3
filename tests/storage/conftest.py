"""A real database file per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage.database import Database
from tests.projects.empty_data import open_empty


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_empty(tmp_path / "data")
    yield database
    database.close()


@pytest.fixture
def connection(db: Database) -> Iterator[Connection]:
    """One transaction that the whole test writes and reads in."""
    with db.write() as opened:
        yield opened
