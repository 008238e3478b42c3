"""JSON as a stream of rows equals reading it whole, at any block size; errors name the place."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UserError
from core.importers.containers import json_rows as rows
from core.importers.containers.encoding import find_encoding
from core.importers.containers.files import open_content
from core.importers.containers.json_rows import Row, json_kind, json_rows

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, min_size=1, max_size=3)
repeated = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path, content: bytes) -> list[Row]:
    path.write_bytes(content)
    with open_content(path) as opened:
        encoding = find_encoding(opened)
        return list(json_rows(opened, encoding, json_kind(opened, encoding)))


@repeated
@given(data=st.data(), given_rows=st.lists(values, min_size=1, max_size=6), indent=st.sampled_from([None, 0, 2]))
def test_a_list_is_read_as_json_reads_it_at_any_block_size(
    data: st.DataObject, tmp_path: Path, given_rows: list[Any], indent: int | None
) -> None:
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    text, lines = "[", []
    for number, row in enumerate(given_rows):
        text += (
            data.draw(st.sampled_from([", ", ",\n", "\n\t,\r\n"])) if number else data.draw(st.sampled_from(["", "\n"]))
        )
        lines.append(1 + text.count("\n"))
        text += json.dumps(row, indent=indent, ensure_ascii=data.draw(st.booleans()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_BLOCK", data.draw(st.integers(1, 40)))
        found = read(tmp_path / "rows.json", (text + "\n]\n").encode(encoding))
    assert [(row.line, row.value) for row in found] == list(zip(lines, given_rows, strict=True))


@repeated
@given(data=st.data(), given_rows=st.dictionaries(texts, objects, min_size=2, max_size=5))
def test_an_object_of_rows_is_read_with_its_keys(
    data: st.DataObject, tmp_path: Path, given_rows: dict[str, Any]
) -> None:
    text = json.dumps(given_rows, indent=data.draw(st.sampled_from([None, 1])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_BLOCK", data.draw(st.integers(1, 40)))
        found = read(tmp_path / "rows.json", text.encode())
    assert {row.key: row.value for row in found} == given_rows


@repeated
@given(given_rows=st.lists(objects, min_size=1, max_size=4), data=st.data())
def test_a_list_cut_off_anywhere_names_the_byte_and_how_many_rows_are_whole(
    given_rows: list[Any], data: st.DataObject, tmp_path: Path
) -> None:
    pieces = [json.dumps(row, ensure_ascii=False) for row in given_rows]
    content = ("[" + ",\n".join(pieces) + "]").encode("utf-8")
    cut = data.draw(st.integers(1, len(content) - 1))
    ends = [len(("[" + ",\n".join(pieces[: n + 1])).encode("utf-8")) for n in range(len(pieces))]
    with pytest.raises(UserError) as raised:
        read(tmp_path / "rows.json", content[:cut])
    said = str(raised.value)
    assert f"(whole rows before it: {sum(end <= cut for end in ends)})" in said
    assert re.search(rf"cut off at byte {cut:,}\b", said) or cut_in_a_character(content[:cut])


def cut_in_a_character(content: bytes) -> bool:
    """Such a byte is counted as the three bytes of the replacement character."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ('{"id": 1}\n{"id": é}\n', 2, "byte 17"),
        ('{"id": 1}\n\n{"id": 2,\n', 3, "byte 21"),
        ('{"id": "é"}\n{"id": "2', 2, "cut off in this row, at byte 22"),
        ('{"id": 1}\n{"id": ' + "[" * 100_000 + "\n", 2, "nests brackets too deeply"),
    ],
)
def test_a_broken_line_says_at_which_byte(tmp_path: Path, content: str, line: int, says: str) -> None:
    broken = [row for row in read(tmp_path / "rows.jsonl", content.encode()) if row.error]
    assert [row.line for row in broken] == [line]
    assert says in broken[0].error


def test_a_row_too_large_to_be_one_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MAX_LINE", 1000)
    monkeypatch.setattr(rows, "_BLOCK", 100)
    with pytest.raises(UserError, match="too large at line 1"):
        read(tmp_path / "rows.json", b'[{"id": "' + b"x" * 5000 + b'"}]')
