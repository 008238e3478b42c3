"""Read rows of CSV and TSV files: the delimiter is detected, and the first row names the columns.

Parsing is done by Python's csv module; line numbers are those of a text editor, even inside quotes.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from itertools import islice

from core.errors import UserError
from core.importers.containers.encoding import MAX_LINE, Encoding, bounded_lines, open_text
from core.importers.containers.files import Content, translate_read_errors
from core.importers.containers.json_rows import Row

DELIMITERS = {"\t": "TSV", ",": "CSV", ";": "CSV", "|": "CSV"}
MAX_COLUMNS = 2_000
_HEAD_CHARS = 2**16
_SNIFFED_ROWS = 20
# A first line with which Excel is told the delimiter; it is no row.
_EXCELS_LINE = re.compile(r"\"?sep=([\t,;|])\"?\r?(?:\n|$)", re.IGNORECASE)


def find_delimiter(content: Content, encoding: Encoding) -> str:
    """The delimiter that splits the first rows into equally many cells, at least two. Raises UserError for none."""
    with translate_read_errors(content.name), open_text(content, encoding, "") as text:
        head = text.read(_HEAD_CHARS)
    if said := _EXCELS_LINE.match(head):
        return said[1]
    fits = {delimiter: _delimiter_fit(head, delimiter) for delimiter in DELIMITERS}
    best = max(fits, key=lambda delimiter: fits[delimiter])
    if fits[best][1] < 2:
        raise UserError(
            f"{content.name} is neither JSON nor a table: it must begin with “[” or “{{”, or with a line that names "
            "its columns, separated by commas, semicolons or tabs."
        )
    return best


def read_columns(content: Content, encoding: Encoding, delimiter: str) -> tuple[str, ...]:
    """The column names in the first row. Raises UserError when a name is repeated or there are too many."""
    with open_text(content, encoding, "") as text:
        line, cells = next(_parsed(bounded_lines(text, content.name), delimiter, content.name), (1, []))
    return check_names(content.name, line, cells)


def check_names(file: str, line: int, cells: list[str]) -> tuple[str, ...]:
    """The names of a table's columns. Raises UserError when a name is repeated or there are too many."""
    names = [name.strip() for name in cells]
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise UserError(f"{file}, line {line}: the column “{twice[0]}” occurs twice: give each its own name.")
    if len(names) > MAX_COLUMNS:
        raise UserError(f"{file}, line {line}: more than {MAX_COLUMNS:,} columns: is the delimiter right?")
    # pandas writes its index as an unnamed first column.
    return tuple(name or f"column {number}" for number, name in enumerate(names, 1))


def table_rows(content: Content, encoding: Encoding, delimiter: str, columns: tuple[str, ...]) -> Iterator[Row]:
    """The rows below the first; one with more or fewer cells than there are columns is a broken row."""
    with open_text(content, encoding, "") as text:
        parsed = _parsed(bounded_lines(text, content.name), delimiter, content.name)
        next(parsed, None)
        for line, cells in parsed:
            if len(cells) == len(columns):
                yield Row(line=line, value=dict(zip(columns, cells, strict=True)))
            elif cells:
                error = f"The row has {len(cells)} cells where the first line names {len(columns)} columns."
                yield Row(line=line, error=error)


def _parsed(lines: Iterator[str], delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it starts on."""
    # A module-wide limit; a base64 image in a cell exceeds the default.
    csv.field_size_limit(MAX_LINE)
    line = held = skipped = 0

    def bounded() -> Iterator[str]:
        nonlocal held, skipped
        for number, each in enumerate(lines):
            if number == 0 and _EXCELS_LINE.fullmatch(each):
                skipped = 1
                continue
            held += len(each)
            if held > MAX_LINE:
                raise UserError(
                    f"{name}, line {line + 1 + skipped}: the row is too large: is a quote opened and not closed?"
                )
            yield each

    reader = csv.reader(bounded(), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield line + 1 + skipped, cells
            line, held = reader.line_num, 0
    except csv.Error as error:
        raise UserError(
            f"{name}, line {line + 1 + skipped}: the row cannot be cut into cells ({error}): is a quote opened and not "
            "closed?"
        ) from error


def _delimiter_fit(head: str, delimiter: str) -> tuple[int, int]:
    """How well a delimiter fits: minus the number of rows with another width than the first, then that width."""
    csv.field_size_limit(MAX_LINE)
    rows: list[list[str]] = []
    with suppress(csv.Error):  # the head may end inside quotes
        rows.extend(islice(csv.reader(StringIO(head, newline=""), delimiter=delimiter), _SNIFFED_ROWS))
    if len(head) >= _HEAD_CHARS and len(rows) > 1:
        rows.pop()
    rows = [cells for cells in rows if cells]
    if not rows or len(rows[0]) < 2:
        return (-_SNIFFED_ROWS, 1)
    return (-sum(len(cells) != len(rows[0]) for cells in rows), len(rows[0]))
