"""Importing LLaVA-style samples: real Vision-Flan rows, and every row or file that cannot be used."""

import gzip
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.errors import UserError
from core.importers import ImportedSamples, read_samples
from core.importers.images import sources
from tests.fuzz.oddities import PNG, saved

FLAN = Path(__file__).resolve().parents[5] / "shared" / "data" / "vision-flan-sample"
needs_data = pytest.mark.skipif(not FLAN.is_dir(), reason="the folder ../shared/data with the real samples is not here")


def row(id: Any = "a", human: str = "<image>\nHow many? Options: (a) 12 (b) 3", gpt: str = "(b) 3", **more: Any) -> Any:
    turns = [{"from": "human", "value": human}, {"from": "gpt", "value": gpt}]
    return {"id": id, "image": "one.png", "conversations": turns} | more


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows (or raw lines) as JSONL, with the image one.png beside it."""
    (tmp_path / "one.png").write_bytes(PNG)

    def lines(*rows: Any, name: str = "set.jsonl") -> Path:
        texts = [each if isinstance(each, str) else json.dumps(each) for each in rows]
        (tmp_path / name).write_text("\n".join(texts))
        return tmp_path / name

    return lines


def refusals(read: ImportedSamples) -> list[tuple[int, str]]:
    return [(each.line, each.field) for each in read.refused]


def test_a_support_sample_keeps_its_turns(write: Callable[..., Path]) -> None:
    reply = "Step 1: I see three.\nThe answer is 3."
    read = read_samples(write(row(gpt=reply, skill_label="counting objects")), role="support")
    (sample,) = read.samples
    assert sample.question == "How many? Options: (a) 12 (b) 3"
    assert (sample.options, sample.response, sample.answer) == ((), reply, "3")
    assert sample.skill_label == "counting objects"


def test_the_truth_may_end_a_rationale(write: Callable[..., Path]) -> None:
    read = read_samples(write(row(gpt="There are 12 at the left.\nSo the answer is (B).")), role="test")
    assert read.samples[0].answer == "3"


def test_an_image_is_an_opaque_reference_that_reads_its_bytes_when_asked(write: Callable[..., Path]) -> None:
    path = write(row("a"), row("b", image="./one.png"))
    read = read_samples(path, role="validation")
    ((key, image),) = read.images.items()
    assert (image.hash, image.mime, image.width, image.height) == (key, "image/png", 8, 6)
    assert image.read() == PNG


BROKEN = [
    ("{not json", "row"),
    ("[1]", "row"),
    ("3", "row"),
    ('{"id": ' + "[" * 100_000, "row"),
    (row(id=None), "id"),
    (row(id=""), "id"),
    (row(id=True), "id"),
    (row(id="\ud800"), "id"),
    (row(image="../secret.png"), "image"),
    (row(image="a/../../secret.png"), "image"),
    (row(image="..\\secret.png"), "image"),
    (row(image="/etc/passwd"), "image"),
    (row(image="C:\\secret.png"), "image"),
    (row(image="x" * 5000), "image"),
    (row(image="nul\0.png"), "image"),
    (row(image=["one.png", "two.png"]), "image"),
    (row(image="set.jsonl"), "image"),
    (row(image=None), "image"),
    (row(human="<image> <image> Which?"), "conversations"),
    (row(human="<image>\n"), "question"),
    (row(human="<image>Options: (a) 12 (b) 3"), "question"),
    (row(gpt=" "), "answer"),
    (row(gpt="5"), "answer"),
    (row(gpt="(c)"), "answer"),
    (row(gpt="12 or 3"), "answer"),
    (row(human="How many? (A) three (B) 3", image=None), "options"),
    (row(conversations=[]), "conversations"),
    (row(conversations="hello"), "conversations"),
    (row(conversations=["hello"]), "conversations"),
    (row(conversations=[{"from": "human", "value": 3}, {"from": "gpt", "value": "y"}]), "conversations"),
    (row(task_name=3), "task_name"),
    (row(skill_label=["counting"]), "skill_label"),
]


@pytest.mark.parametrize(("broken", "field"), BROKEN, ids=[f"{at}-{field}" for at, (_, field) in enumerate(BROKEN)])
def test_a_broken_row_is_refused_with_line_and_field(write: Callable[..., Path], broken: Any, field: str) -> None:
    read = read_samples(write(row("first"), "", broken, row("last")), role="validation")
    assert refusals(read) == [(3, field)]
    assert read.refused[0].file == "set.jsonl"
    assert read.refused[0].reason.endswith((".", ").")), read.refused[0].reason
    assert (read.found, [sample.source_id for sample in read.samples]) == (3, ["first", "last"])


def test_the_second_row_with_an_id_is_refused(write: Callable[..., Path]) -> None:
    read = read_samples(write(row("7"), row("b"), row(7)), role="validation")
    assert refusals(read) == [(3, "id")]
    assert (read.found, read.duplicates, len(read.samples)) == (3, 1, 2)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    (tmp_path / "set").mkdir()
    os.symlink(tmp_path / "secret.png", tmp_path / "set" / "one.png")
    (tmp_path / "set" / "set.jsonl").write_text(json.dumps(row()))
    read = read_samples(tmp_path / "set" / "set.jsonl", role="validation")
    assert refusals(read) == [(1, "image")]
    assert "leads out of the folder" in read.refused[0].reason


@pytest.mark.parametrize("cut", [40, 60, -20])
def test_a_cut_off_image_is_refused(write: Callable[..., Path], tmp_path: Path, cut: int) -> None:
    path = write(row())
    (tmp_path / "one.png").write_bytes(saved(Image.new("RGB", (64, 64)), "PNG")[:cut])
    assert refusals(read_samples(path, role="validation")) == [(1, "image")]


def test_an_image_with_too_many_pixels_is_refused_before_it_is_decoded(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path = write(row())
    (tmp_path / "one.png").write_bytes(saved(Image.new("1", (20_000, 20_000)), "PNG"))
    read = read_samples(path, role="validation")
    assert refusals(read) == [(1, "image")]
    assert "million" in read.refused[0].reason


def test_a_file_too_large_to_be_an_image_is_refused(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 10)
    assert refusals(read_samples(write(row()), role="validation")) == [(1, "image")]


def zipped(path: Path, **members: bytes | str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_is_read_without_unpacking_it(tmp_path: Path) -> None:
    members = {"set/a.jsonl": json.dumps(row()), "set/images/one.png": PNG, "__MACOSX/set/._a.jsonl": "x"}
    path = zipped(tmp_path / "set.zip", **members)
    read = read_samples(path, role="validation")
    assert (read.format, read.refused, len(read.samples)) == ("LLaVA JSONL in a zip", (), 1)
    assert next(iter(read.images.values())).read() == PNG
    assert [each.name for each in tmp_path.iterdir()] == ["set.zip"]


def test_images_may_lie_in_a_zip_of_their_own(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(row(image="other.png"))
    read = read_samples(path, role="validation", images=zipped(tmp_path / "i.zip", **{"other.png": PNG}))
    assert (len(read.samples), read.refused) == (1, ())


def test_a_zip_with_several_sets_gives_the_one_that_is_asked_for(tmp_path: Path) -> None:
    members = {f"{name}.jsonl": json.dumps(row(name)) for name in ("validation", "test", "support")}
    path = zipped(tmp_path / "demo.zip", **members, **{"one.png": PNG})
    assert read_samples(path, role="test").samples[0].source_id == "test"


def test_the_same_rows_are_read_from_a_folder_and_from_gzip_with_a_byte_order_mark(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    plain = read_samples(write(row()), role="validation")
    assert (plain.format, plain.found, plain.duplicates) == ("LLaVA JSONL", 1, 0)
    assert read_samples(tmp_path, role="validation").samples == plain.samples
    packed = tmp_path / "set.jsonl.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + (tmp_path / "set.jsonl").read_bytes()))
    read = read_samples(packed, role="validation")
    assert (read.samples, read.format) == (plain.samples, "LLaVA JSONL.gz")


BAD_FILES: list[tuple[str, bytes, str]] = [
    ("set.zip", b"hello", "no zip"),
    ("set.zip", b"PK\x03\x04 broken", "broken zip"),
    ("set.jsonl", b"hello", "neither JSON nor a table"),
    ("set.jsonl", "[{'id': 'é'}]".encode("latin-1"), "no valid JSON at byte 2"),
    ("set.json", b"[]", "no rows"),
    ("set.json", b'[{"id": 1},\n{"id": ]', "line 2"),
    ("set.jsonl.gz", gzip.compress(json.dumps(row()).encode())[:-12], "damaged"),
]


@pytest.mark.parametrize(("name", "content", "says"), BAD_FILES)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence_that_names_it(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_samples(tmp_path / name, role="validation")
    assert says in str(raised.value)
    assert str(raised.value).startswith(name)
    assert "\n" not in str(raised.value)


def test_a_folder_or_zip_without_or_with_several_annotations_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no \.json"):
        read_samples(tmp_path, role="validation")
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("[]")
    with pytest.raises(UserError, match="several annotations"):
        read_samples(tmp_path, role="validation")
    with pytest.raises(UserError, match=r"no \.json"):
        read_samples(zipped(tmp_path / "z.zip", readme="x"), role="validation")


def test_a_zip_bomb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", **{"a.json": b" " * 20_000_000})
    with pytest.raises(UserError, match="times its size"):
        read_samples(path, role="validation")


def test_a_damaged_image_in_a_zip_refuses_its_row_only(tmp_path: Path) -> None:
    members = {"a.jsonl": json.dumps(row()) + "\n" + json.dumps(row("b", image="two.png"))}
    path = zipped(tmp_path / "set.zip", **members, **{"one.png": PNG, "two.png": os.urandom(500)})
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("one.png").header_offset
    content[at + 45] ^= 0xFF
    path.write_bytes(content)
    assert refusals(read_samples(path, role="validation")) == [(1, "image"), (2, "image")]


@pytest.mark.parametrize("role", ["support", "validation"])
@needs_data
def test_all_real_vision_flan_samples_are_imported(role: Any) -> None:
    read = read_samples(FLAN / "annotation.json", role=role)
    assert (read.found, len(read.samples), read.refused, read.duplicates, len(read.images)) == (102, 102, (), 0, 102)
    with_options = [sample for sample in read.samples if sample.options]
    assert len(with_options) == (23 if role == "validation" else 0)
    assert all(sample.answer in sample.options for sample in with_options)
    assert not [sample for sample in with_options if "ptions:" in sample.question or "<image>" in sample.question]
