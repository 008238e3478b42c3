"""Names of class labels that stand in the files beside a set, not in it."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.importers import read_samples

ROWS = [{"id": str(at), "question": "Which?", "label": label} for at, label in enumerate((0, 2, 1))]
CARD = """---
license: mit
dataset_info:
  features:
  - name: question
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': cat
          '2': fox
---
# A set
"""
FEATURES = {"features": {"label": {"_type": "ClassLabel", "names": ["cat", None, "fox"]}}}
BESIDE = {
    "README.md": CARD,
    "dataset_info.json": json.dumps(FEATURES),
    "dataset_infos.json": json.dumps({"default": FEATURES}),
}


def written(folder: Path, kind: str) -> Path:
    path = folder / f"set.{kind}"
    if kind == "csv":
        path.write_text("id,question,label\n" + "".join(f"{row['id']},Which?,{row['label']}\n" for row in ROWS))
    elif kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, ROWS)))
    else:
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("beside", BESIDE)
def test_labels_get_the_names_that_a_file_beside_them_has(tmp_path: Path, kind: str, beside: str) -> None:
    (tmp_path / beside).write_text(BESIDE[beside])
    found = read_samples(written(tmp_path, kind), role="validation")
    assert [sample.answer for sample in found.samples] == ["cat", "fox"]
    assert len(found.refused) == 1  # 1 has no name
    assert "Class labels in “label” are read by their names." in found.notes


def test_a_folder_of_shards_has_its_card_beside_it(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(CARD)
    (tmp_path / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(ROWS[:2]), tmp_path / "data" / "train-00000-of-00001.parquet")
    assert [each.answer for each in read_samples(tmp_path, role="validation").samples] == ["cat", "fox"]


@pytest.mark.parametrize(
    "beside",
    [
        {"README.md": "# only text"},
        {"README.md": "---\n: [\n---\n"},
        {"dataset_info.json": "[1"},
        {"dataset_infos.json": json.dumps({"a": FEATURES, "b": {"features": {"label": {"_type": "Value"}}}})},
    ],
)
def test_files_that_name_nothing_or_two_things_change_nothing(tmp_path: Path, beside: dict[str, str]) -> None:
    for name, text in beside.items():
        (tmp_path / name).write_text(text)
    found = read_samples(written(tmp_path, "csv"), role="validation")
    assert [each.answer for each in found.samples] == ["0", "2", "1"]
