"""Excel workbooks: what VLMEvalKit writes, and sheets as people keep them."""

import zipfile
from pathlib import Path

import pytest

from core.errors import UserError
from core.importers import read_predictions, read_samples
from core.types import Sample
from tests.workbooks import workbook

HEAD = ("index", "question", "A", "B", "answer", "prediction")
REPLY = "It has a snout.\nIt barks.\nThe answer is B."
ROWS = [HEAD, (1, "Which is it?", "cat", "dog", "A", REPLY), (2, "And this?", "cow", "fox", "B", "B")]


def saved(folder: Path, content: bytes, name: str = "set.xlsx") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_samples_are_read_from_the_first_sheet_with_cells(tmp_path: Path) -> None:
    path = saved(tmp_path, workbook({"empty": [], "Sheet1": [(), *[row[:5] for row in ROWS]], "notes": [("x",)]}))
    found = read_samples(path, role="validation")
    assert [(each.source_id, each.options, each.answer) for each in found.samples] == [
        ("1", ("cat", "dog"), "cat"),
        ("2", ("cow", "fox"), "fox"),
    ]
    assert found.format == "Excel"
    assert "Only the first sheet, “Sheet1”, is read" in found.notes[0]


def test_vlmevalkits_predictions_are_read(tmp_path: Path) -> None:
    known = {
        "1": Sample(source_id="1", question="Which is it?", options=("cat", "dog"), answer="cat"),
        "2": Sample(source_id="2", question="And this?", options=("cow", "fox"), answer="fox"),
    }
    found = read_predictions(saved(tmp_path, workbook({"Sheet1": ROWS})), known)
    assert [(each.source_id, each.answer) for each in found.predictions] == [("1", "dog"), ("2", "fox")]
    assert found.predictions[0].steps == ("It has a snout.", "It barks.")


def test_a_text_that_excel_cut_off_is_refused_with_its_row(tmp_path: Path) -> None:
    rows = [("id", "question", "answer"), ("a", "Why?", "x"), (), ("b", "w" * 32_767, "y")]
    (refusal,) = read_samples(saved(tmp_path, workbook({"s": rows})), role="validation").refused
    assert (refusal.line, "32,767 characters" in refusal.reason) == (4, True)


def test_numbers_are_written_as_in_the_sheet(tmp_path: Path) -> None:
    rows = [("id", "question", "answer"), (7, "How many?", 12), (8, "How much?", 1.5), (9, "Sign?", "1,5")]
    found = read_samples(saved(tmp_path, workbook({"s": rows})), role="validation")
    assert [(each.source_id, each.answer) for each in found.samples] == [("7", "12"), ("8", "1.5"), ("9", "1,5")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (workbook({"s": []}), "holds no cells"),
        (workbook({"s": [("id", "id"), ("a", "b")]}), "line 1: the column “id” occurs twice"),
        (workbook({"s": ROWS}, more={"xl/media/image1.png": b"x"}), r"holds pictures \(1\), which belong to no row"),
        (workbook({"s": ROWS})[:300], "is a broken zip archive"),
        (workbook({"s": ROWS}, more={"xl/worksheets/sheet1.xml": b"<worksheet"}), "is a damaged Excel workbook"),
    ],
)
def test_what_is_no_sheet_of_rows_is_said(content: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^set\.xlsx.*{told}"):
        read_samples(saved(tmp_path, content), role="validation")


def test_a_workbook_is_found_in_a_folder_and_in_a_zip(tmp_path: Path) -> None:
    content = workbook({"s": [row[:5] for row in ROWS]})
    saved(tmp_path, content)
    assert len(read_samples(tmp_path, role="validation").samples) == 2
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("data/set.xlsx", content)
    assert len(read_samples(tmp_path / "packed.zip", role="validation").samples) == 2


def test_a_format_that_it_is_not_is_said(tmp_path: Path) -> None:
    saved(tmp_path, b"id,question,answer\n1,a,b\n", "set.csv")
    with pytest.raises(UserError, match="is no Excel workbook"):
        read_samples(tmp_path / "set.csv", role="validation", format="xlsx")
