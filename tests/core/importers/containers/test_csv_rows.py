"""CSV and TSV: whatever the csv module writes is read back, with the line that each row starts on."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UserError
from core.importers.containers.csv_rows import find_delimiter, read_columns, table_rows
from core.importers.containers.encoding import find_encoding
from core.importers.containers.files import open_content
from core.importers.containers.json_rows import Row

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def read(path: Path, content: bytes) -> tuple[str, tuple[str, ...], list[Row]]:
    path.write_bytes(content)
    with open_content(path) as opened:
        encoding = find_encoding(opened)
        delimiter = find_delimiter(opened, encoding)
        columns = read_columns(opened, encoding, delimiter)
        return delimiter, columns, list(table_rows(opened, encoding, delimiter, columns))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(cells, cells, cells).filter(any), max_size=8), data=st.data())
def test_what_the_csv_module_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    text = io.StringIO(newline="")
    delimiter, end = data.draw(st.sampled_from(["\t", ",", ";", "|"])), data.draw(st.sampled_from(["\n", "\r\n"]))
    # With other line ends, the csv module writes a lone carriage return unquoted, but reads it as a line end.
    needs_quotes = end == "\n" and any("\r" in cell for row in rows for cell in row)
    quoting = csv.QUOTE_ALL if needs_quotes else data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(("id", "question", "answer"))
    begins: list[int] = []
    for row in rows:
        begins.append(1 + len(io.StringIO(text.getvalue(), newline="").readlines()))
        writer.writerow(row)
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    found_delimiter, columns, found = read(tmp_path / "table.csv", text.getvalue().encode(encoding))
    assert (found_delimiter, columns) == (delimiter, ("id", "question", "answer"))
    assert [(row.line, tuple(row.value.values()), row.error) for row in found] == [
        (line, row, "") for line, row in zip(begins, rows, strict=True)
    ]


def test_a_row_that_never_ends_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.importers.containers.csv_rows.MAX_LINE", 1000)
    with pytest.raises(UserError, match="line 3: the row is too large: is a quote opened"):
        read(tmp_path / "table.csv", b'id,question\n1,Which?\n2,"Which?\n' + b"3,And now?\n" * 1000)


def test_a_cell_may_be_as_large_as_an_image_in_base64(tmp_path: Path) -> None:
    large = "x" * 3_000_000
    _, _, found = read(tmp_path / "table.tsv", f"index\timage\n1\t{large}\n2\t1\n".encode())
    assert [(row.line, len(row.value["image"])) for row in found] == [(2, 3_000_000), (3, 1)]


@pytest.mark.parametrize("name", ["", "index", "Ünnamed"])
def test_an_unnamed_column_is_named_by_its_place(tmp_path: Path, name: str) -> None:
    assert read(tmp_path / "table.csv", f"{name},question\n0,Which?\n".encode())[1] == (name or "column 1", "question")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'id,question\n1,ok\n2,"Which?" he said\n', "line 3: the row cannot be cut into cells"),
        (b"," * 3000 + b"\n", "more than 2,000 columns"),
        (b"id,question\n1,\x81\x8d\xff\n", "is not UTF-8 .*; it may be"),
        (b"id,question\n1,\x00\x01\n", "zero bytes"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read(tmp_path / "table.csv", content)
