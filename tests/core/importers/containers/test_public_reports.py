"""Files and zips made after public bug reports, each named beside its input."""

import json
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import UserError
from core.importers import ImportedSamples, read_samples
from tests.fuzz.oddities import GOOD

ROW = {"id": "1", "question": "How many cups?", "answer": "2", "image": "a.png"}
PICTURES = [content for name, content in GOOD.items() if name.endswith("PNG")]


def packed(folder: Path, *members: tuple[str, bytes], name: str = "set.zip") -> Path:
    path = folder / name
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # a name that is there twice
        for member, content in (("rows.json", json.dumps([ROW]).encode()), *members):
            archive.writestr(member, content)
    return path


def patched(path: Path, change: Callable[[bytearray, int], None]) -> Path:
    """The zip with both headers of each member changed; ``change`` gets where the flags stand."""
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            change(content, at + flags)
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    return path


def encrypt(content: bytearray, flags: int) -> None:
    content[flags] |= 1


def deflate64(content: bytearray, flags: int) -> None:
    content[flags + 2] = 9


@pytest.mark.parametrize(
    ("change", "said"),
    [(encrypt, "is protected by a password"), (deflate64, "method 9; Windows uses 9 for large files")],
)
def test_a_zip_that_cannot_be_unpacked_says_why(change: Callable[..., None], said: str, tmp_path: Path) -> None:
    """CartoDB/cartodb #1978: a password looked like a damaged file, which another copy would not mend."""
    path = patched(packed(tmp_path, ("a.png", PICTURES[0])), change)
    with pytest.raises(UserError, match=said):
        read_samples(path, role="validation")


def test_two_files_of_one_name_are_not_chosen_between(tmp_path: Path) -> None:
    """openaddresses/machine #292, ISSResearch/Data-Collection-Tool #63: the last one won in silence."""
    path = packed(tmp_path, ("a.png", PICTURES[0]), ("a.png", PICTURES[1]))
    with pytest.raises(UserError, match=r"holds “a\.png” twice, with different contents"):
        read_samples(path, role="validation")
    same = packed(tmp_path, ("a.png", PICTURES[0]), ("a.png", PICTURES[0]), ("rows.json", json.dumps([ROW]).encode()))
    assert read_samples(same, role="validation").refused == ()


def test_a_link_in_a_zip_is_no_broken_image(tmp_path: Path) -> None:
    path = packed(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("a.png")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "../pictures/a.png")
    (refused,) = read_samples(path, role="validation").refused
    assert refused.reason == "“a.png” is only a link in the zip: pack the file that it points to."


def test_a_zip_in_a_zip_is_named(tmp_path: Path) -> None:
    inner = packed(tmp_path, ("a.png", PICTURES[0]), name="inner.zip")
    path = tmp_path / "outer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(inner, "data/inner.zip")
    with pytest.raises(UserError, match=r"another archive \(data/inner\.zip\): unpack it first"):
        read_samples(path, role="validation")


def read(folder: Path, content: bytes, name: str) -> ImportedSamples:
    path = folder / name
    path.write_bytes(content)
    return read_samples(path, role="validation")


def test_a_mark_inside_joined_files_is_no_part_of_a_row(tmp_path: Path) -> None:
    """huggingface/datasets #8241, pydantic/pydantic-ai #8316: BOMs, here of two files that were joined."""
    line = '\ufeff{"id": %d, "question": "How many?", "answer": "2"}\r\n'
    found = read(tmp_path, (line % 1 + line % 2 + "\ufeff{x}\r\n").encode(), "rows.jsonl")
    assert [each.source_id for each in found.samples] == ["1", "2"]
    (refused,) = found.refused
    assert refused.line == 3
    assert f"at byte {len((line % 1 + line % 2).encode()) + 4}" in refused.reason


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(("delimiter", "first"), [(";", "sep=;"), ("|", '"sep=|"'), ("\t", "SEP=\t"), (",", "sep=,")])
def test_the_line_that_tells_excel_the_delimiter_is_no_row(
    delimiter: str, first: str, mark: str, tmp_path: Path
) -> None:
    """evanplaice/jquery-csv #142: Excel with a German setting, here with its “sep=” in front."""
    rows = [["id", "question", "answer"], ["1", '"How wide?\r\nIn m; not cm."', '"3,5"'], ["2", "How long?", ""]]
    text = "\r\n".join([first, *(delimiter.join(row) for row in rows)])
    found = read(tmp_path, f"{mark}{text}\r\n".encode(), "rows.csv")
    assert [(each.question, each.answer) for each in found.samples] == [("How wide?\r\nIn m; not cm.", "3,5")]
    assert [each.line for each in found.refused] == [5]


def test_a_name_from_an_address_finds_its_file(tmp_path: Path) -> None:
    """dotnet/machinelearning-modelbuilder #2806: “data%20(99).jpg”."""
    (tmp_path / "data (9).png").write_bytes(PICTURES[0])
    (tmp_path / "100%25.png").write_bytes(PICTURES[1])
    lines = [
        json.dumps(ROW | {"id": str(at), "image": name}) for at, name in enumerate(["data%20(9).png", "100%25.png"])
    ]
    found = read(tmp_path, "\n".join(lines).encode(), "rows.jsonl")
    assert found.refused == ()
    assert len({each.image for each in found.samples}) == 2
