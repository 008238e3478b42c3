"""One id for several rows: they are read, and named apart."""

import json
from pathlib import Path
from typing import Any

from core.importers import ImportedSamples, read_samples
from core.types import Role


def turns(asked: str, said: str = "So.") -> dict[str, Any]:
    return {"conversations": [{"from": "human", "value": asked}, {"from": "gpt", "value": said}]}


def read(folder: Path, *rows: dict[str, Any], role: Role = "support") -> ImportedSamples:
    (folder / "mix.json").write_text(json.dumps(rows))
    return read_samples(folder / "mix.json", role=role)


def test_rows_that_share_an_id_and_ask_something_else_are_numbered(tmp_path: Path) -> None:
    rows = [
        {"id": key} | turns(asked) for key, asked in (("p", "a?"), ("p", "b?"), ("q", "c?"), ("p-2", "d?"), ("p", "e?"))
    ]
    found = read(tmp_path, *rows)
    assert found.refused == ()
    assert [each.source_id for each in found.samples] == ["p", "p-2", "q", "p-2-2", "p-3"]
    assert [each.question for each in found.samples] == ["a?", "b?", "c?", "d?", "e?"]
    (note,) = found.notes
    assert note.startswith("3 rows share their ids with an earlier row")
    assert "“p-2” instead of “p”" in note


def test_a_number_that_is_taken_is_passed_over(tmp_path: Path) -> None:
    rows = [{"id": key} | turns(asked) for key, asked in (("p-2", "a?"), ("p", "b?"), ("p", "c?"))]
    assert [each.source_id for each in read(tmp_path, *rows).samples] == ["p-2", "p", "p-3"]


def test_the_same_sample_twice_and_two_truths_for_one_question_are_refused(tmp_path: Path) -> None:
    one, other = {"id": "p"} | turns("a?", "Red."), {"id": "p"} | turns("a?", "Blue.")
    assert [each.line for each in read(tmp_path, one, one).refused] == [1]
    assert len(read(tmp_path, one, other, role="validation").refused) == 1
    assert [each.source_id for each in read(tmp_path, one, other).samples] == ["p", "p-2"]


def test_a_table_may_repeat_an_id_as_well(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("id,question,answer\np,Which?,a\np,What?,b\n")
    assert [each.source_id for each in read_samples(tmp_path / "set.csv", role="validation").samples] == ["p", "p-2"]


def test_rows_whose_ids_are_all_empty_are_named_by_their_number(tmp_path: Path) -> None:
    found = read(tmp_path, {"id": None} | turns("a?"), {"id": None} | turns("b?"))
    assert [each.source_id for each in found.samples] == ["mix-1", "mix-2"]
    assert any("No column is the id" in note for note in found.notes)
