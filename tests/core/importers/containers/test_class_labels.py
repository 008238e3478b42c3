"""Class labels: the names stand in the features of a Hugging Face data set."""

from pathlib import Path
from typing import Any

import pytest

from core.importers import read_samples
from core.importers.containers.class_labels import label_decoders

NAMES = ["cat", "dog", "fox"]
LABEL = {"_type": "ClassLabel", "names": NAMES}


@pytest.mark.parametrize("as_parquet", [True, False])
def test_a_saved_set_is_read_by_its_names(as_parquet: bool, tmp_path: Path) -> None:
    import datasets

    rows = {"id": ["a", "b", "c"], "question": ["Which?"] * 3, "answer": [2, 0, -1]}
    features = datasets.Features(
        id=datasets.Value("string"), question=datasets.Value("string"), answer=datasets.ClassLabel(names=NAMES)
    )
    made = datasets.Dataset.from_dict(rows, features=features)
    path = tmp_path / ("set.parquet" if as_parquet else "saved")
    made.to_parquet(str(path)) if as_parquet else made.save_to_disk(str(path))
    found = read_samples(path, role="validation")
    assert [sample.answer for sample in found.samples] == ["fox", "cat"]
    assert [refused.reason for refused in found.refused] == ["The answer is empty: a labelled sample needs one."]
    assert found.notes == ("Class labels in “answer” are read by their names.",)


@pytest.mark.parametrize(
    ("feature", "cell", "named"),
    [
        (LABEL, 1, "dog"),
        (LABEL, 9, None),
        ({"_type": "ClassLabel", "names": {"0": "cat", "4": "fox"}}, 4, "fox"),
        ({"_type": "ClassLabel", "names": {"0": "cat", "4": "fox"}}, 1, None),
        (LABEL, "dog", "dog"),
        ([LABEL], [0, 2], ["cat", "fox"]),
        ({"_type": "Sequence", "feature": LABEL}, [1], ["dog"]),
        ({"kind": LABEL, "more": {"_type": "Value"}}, {"kind": 1, "more": 3}, {"kind": "dog", "more": 3}),
    ],
)
def test_labels_are_named_where_they_lie(feature: Any, cell: Any, named: Any) -> None:
    assert label_decoders({"column": feature})["column"](cell) == named


@pytest.mark.parametrize("features", [None, [], {"a": {"_type": "Value", "dtype": "int64"}}, {"a": 3}])
def test_features_without_labels_name_none(features: Any) -> None:
    assert label_decoders(features) == {}
