"""Images as public bug reports have them, which were no fault here: they stay readable, or refused with a sentence."""

import io
import json
from pathlib import Path

import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

from core.images import load_upright
from core.importers import read_samples


def picture(colour: str, mode: str = "RGB", kind: str = "PNG") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (16, 16), colour).convert(mode).save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize(("colour", "shown"), [("white", (255, 255, 255)), ("red", (254, 0, 0)), ("black", (0, 0, 0))])
def test_colours_for_print_are_shown_as_they_look(colour: str, shown: tuple[int, int, int]) -> None:
    """Cerebras/modelzoo #65: a JPEG in CMYK."""
    found = load_upright(picture(colour, "CMYK", "JPEG")).getpixel((8, 8))
    assert all(abs(one - two) <= 3 for one, two in zip(found, shown, strict=True))  # type: ignore[arg-type]


def test_an_image_in_a_list_is_that_image_and_two_are_refused(tmp_path: Path) -> None:
    """Roblox/FAI-RL #81: rows with embedded images in lists were dropped."""
    cells = [[{"bytes": picture(colour), "path": None}] for colour in ("red", "blue")]
    table = {"question": ["Which colour?", "And here?", "Both?"], "answer": ["red", "blue", "two"]}
    parquet.write_table(pyarrow.table(table | {"images": [*cells, [*cells[0], *cells[1]]]}), tmp_path / "rows.parquet")
    found = read_samples(tmp_path / "rows.parquet", role="validation")
    assert len({sample.image for sample in found.samples}) == 2
    assert ["several images" in each.reason for each in found.refused] == [True]


def test_two_names_in_one_text_are_no_image(tmp_path: Path) -> None:
    """haotian-liu/LLaVA #824: "a.jpg,b.jpg"."""
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(picture("red"))
    turns = [{"from": "human", "value": "<image>\nCompare."}, {"from": "gpt", "value": "The same."}]
    (tmp_path / "rows.json").write_text(json.dumps([{"id": "1", "image": "a.png,b.png", "conversations": turns}]))
    (refused,) = read_samples(tmp_path / "rows.json", role="support").refused
    assert refused.field == "image"
