"""Read the rows of an Excel workbook (.xlsx, .xlsm), as VLMEvalKit writes them: the first sheet that has cells.

python-calamine parses the sheet as a whole, so its unpacked size is bounded. The first row names the columns; a row
without cells is skipped; line numbers are Excel's row numbers.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time
from typing import IO, Any

from python_calamine import CalamineError, load_workbook

from core.errors import UserError
from core.importers.containers.csv_rows import check_names
from core.importers.containers.json_rows import Row
from core.importers.containers.zip_checks import check_zip, is_workbook

MAX_UNPACKED = 512 * 1024**2
MAX_CELL = 32_767  # characters; Excel cuts a longer text
Cells = list[Any]


@contextmanager
def open_workbook(file: IO[bytes], name: str) -> Iterator[tuple[tuple[str, ...], Iterator[Row], tuple[str, ...]]]:
    """The columns of a workbook, its rows, and what is to be said of it. Raises UserError, naming the file."""
    _check(file, name)
    try:
        with load_workbook(file) as workbook:
            sheets = {each: workbook.get_sheet_by_name(each) for each in workbook.sheet_names}
            filled = {each: sheet for each, sheet in sheets.items() if sheet.start is not None}
            if not filled:
                raise UserError(f"{name} holds no cells, so there is nothing to import.")
            first, *others = filled
            rows = enumerate(filled[first].iter_rows(), 1)
            columns = check_names(
                name, *next((line, _names(cells)) for line, cells in rows if any(map(_is_filled, cells)))
            )
            yield columns, _rows(rows, columns), _notes(first, others)
    except CalamineError as error:
        raise _damaged(name, error) from error


def _check(file: IO[bytes], name: str) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            check_zip(archive, name)
            unpacked = sum(member.file_size for member in archive.infolist())
            pictures = [each for each in archive.NameToInfo if each.startswith("xl/media/")]
            known = is_workbook(archive)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(name, error) from error
    if not known:
        raise UserError(f"{name} is no Excel workbook but another archive: unpack it first.")
    if unpacked > MAX_UNPACKED:
        raise UserError(f"{name} unpacks to more than {MAX_UNPACKED // 1024**2} MB: save its sheet as CSV.")
    if pictures:
        raise UserError(
            f"{name} holds pictures ({len(pictures):,}), which belong to no row: save them as files, and name the file "
            "of each row in a column."
        )
    file.seek(0)


def _damaged(name: str, error: Exception) -> UserError:
    return UserError(f"{name} is a damaged Excel workbook ({error}): copy or download it again.")


def _names(cells: Cells) -> list[str]:
    names = [str(_value(each)) for each in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _rows(rows: Iterator[tuple[int, Cells]], columns: tuple[str, ...]) -> Iterator[Row]:
    for line, cells in rows:
        values = [_value(each) for each in cells]
        if any(map(_is_filled, values[len(columns) :])):
            yield Row(line=line, error=f"The row has more cells than the first row names columns ({len(columns)}).")
        elif cut := next((name for name, each in zip(columns, values, strict=False) if _is_cut(each)), ""):
            error = f"“{cut}” holds {MAX_CELL:,} characters, the most that Excel keeps: its text was cut off there."
            yield Row(line=line, error=error)
        elif any(map(_is_filled, values)):
            yield Row(line=line, value=dict(zip(columns, values, strict=False)))


def _value(cell: Any) -> Any:
    """The cell as in a CSV of the sheet; Excel keeps whole numbers as decimals."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if isinstance(cell, date | time):
        return cell.isoformat()
    return cell if isinstance(cell, str | int | float) else str(cell)


def _is_filled(cell: Any) -> bool:
    return bool(cell != "")


def _is_cut(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= MAX_CELL


def _notes(first: str, others: list[str]) -> tuple[str, ...]:
    if not others:
        return ()
    shown = ", ".join(f"“{each}”" for each in others[:5])
    return (f"Only the first sheet, “{first}”, is read. For {shown} save that sheet as a file of its own.",)
