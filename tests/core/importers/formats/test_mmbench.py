"""MMBench's TSV: rows share images by index, in any order."""

import base64
import csv
import io
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.importers import ImportedSamples, read_samples
from tests.fuzz.oddities import saved

HEADER = ("index", "question", "hint", "A", "B", "C", "D", "answer", "category", "image", "l2-category", "split")


def png(colour: int) -> str:
    return base64.b64encode(saved(Image.new("RGB", (3, 2), (colour, 0, 0)), "PNG")).decode()


def row(index: int, image: str) -> tuple[str, ...]:
    return (str(index), f"Question {index}?", "", "yes", "no", "", "", "A", "logic", image, "reasoning", "dev")


def read(folder: Path, *rows: tuple[str, ...]) -> ImportedSamples:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows([HEADER, *rows])
    (folder / "MMBench_DEV_EN.tsv").write_text(text.getvalue())
    return read_samples(folder / "MMBench_DEV_EN.tsv", role="validation")


# 1 and 2 have their own images; the others refer to one of these through one or two rows.
ROWS = [row(1, png(10)), row(2, png(20)), row(3, "1"), row(4, "3"), row(1_000_001, "1"), row(5, "2"), row(6, "")]
OWNER = {"1": "1", "2": "2", "3": "1", "4": "1", "1000001": "1", "5": "2"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(ROWS))
def test_the_order_of_the_rows_does_not_matter(tmp_path: Path, order: list[tuple[str, ...]]) -> None:
    found = read(tmp_path, *order)
    assert (found.format, found.refused, len(found.images)) == ("MMBench TSV", (), 2)
    images = {sample.source_id: sample.image for sample in found.samples}
    assert images == {index: images[owner] for index, owner in OWNER.items()} | {"6": None}
    assert len({images["1"], images["2"]}) == 2
    for sample in found.samples:
        if sample.image:
            assert base64.b64encode(found.images[sample.image].read()).decode() == png(
                10 if OWNER[sample.source_id] == "1" else 20
            )


def test_rows_that_wait_for_each_other_or_for_an_unusable_image_are_refused(tmp_path: Path) -> None:
    rows = (row(1, "2"), row(2, "1"), row(3, "6"), row(4, "iVBORw0KGgo" + "A" * 80), row(5, "4"), row(6, ""))
    found = read(tmp_path, *rows)
    assert sorted((each.line, each.field) for each in found.refused) == [(line, "image") for line in (2, 3, 4, 5, 6)]
    assert [sample.source_id for sample in found.samples] == ["6"]


def test_the_image_of_a_refused_row_may_still_be_used(tmp_path: Path) -> None:
    unlabelled = (*row(1, png(10))[:7], "", *row(1, png(10))[8:])
    found = read(tmp_path, unlabelled, row(2, "1"))
    assert [(each.line, each.field) for each in found.refused] == [(2, "answer")]
    assert [bool(sample.image) for sample in found.samples] == [True]
