"""The id of a row that is not a table's: its own, or one made of the file's name and the row's number."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from core.importers.containers.json_rows import Row
from core.importers.containers.open_rows import RowFile
from core.importers.fields.column_names import FIELDS, candidates


@dataclass(frozen=True, kw_only=True)
class RowIds:
    """The ``column`` of a file's ids, "" where no row has one."""

    file: RowFile
    column: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def row(self, row: Row) -> Any:
        """The row's value with its id as "id"."""
        number = next(self._numbers)
        if self.column == "id" or not isinstance(row.value, dict):
            return row.value
        return row.value | {"id": row.value.get(self.column) if self.column else row_name(self.file, row, number)}


def row_ids(file: RowFile) -> RowIds:
    """Where the ids of a file's rows are; in "id" if nothing has a name of its own for them."""
    rows = [row.value for row in file.first if isinstance(row.value, dict)]
    if not rows:
        return RowIds(file=file, column="id")
    named = candidates(file.columns, FIELDS["id"])
    return RowIds(
        file=file, column=next((each for each in named if any(row.get(each) is not None for row in rows)), "")
    )


def row_name(file: RowFile, row: Row, number: int) -> str:
    """The name of a row without an id, from its file and its number."""
    return f"{Path(row.file or file.name).name.split('.')[0]}-{row.line if row.file else number}"
