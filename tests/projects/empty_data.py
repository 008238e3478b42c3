"""A new data folder without its dozen migrations, which take most of the time that a short test needs."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from storage.database import FILE_NAME, Database, open_database


def open_empty(data: Path) -> Database:
    """A new database, as ``open_database`` leaves it in a folder that is not there yet."""
    data.mkdir(parents=True)
    (data / FILE_NAME).write_bytes(_migrated())
    return open_database(data)


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        open_database(Path(folder)).close()
        return (Path(folder) / FILE_NAME).read_bytes()
