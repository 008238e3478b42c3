"""Files of another kind than their name says are read where possible, else named for what they are."""

import gzip
import io
import json
import pickle
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import UserError
from core.importers import read_samples
from tests.fuzz.oddities import saved

ROW = {"id": "1", "question": "Which?", "answer": "blue"}


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table samples (id)")
        content = connection.serialize()
    connection.close()
    return content


def written(save: Callable[[io.BytesIO], object]) -> bytes:
    content = io.BytesIO()
    save(content)
    return content.getvalue()


def document(content: io.BytesIO) -> None:
    with zipfile.ZipFile(content, "w") as archive:
        for name in ("[Content_Types].xml", "word/document.xml"):
            archive.writestr(name, "<x/>")


def archive_of_rows(content: io.BytesIO) -> None:
    with tarfile.open(fileobj=content, mode="w") as archive:
        info = tarfile.TarInfo("set.json")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"[]"))


KINDS = {
    "a PDF document": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    **{f"a {kind} image": saved(Image.new("RGB", (4, 4)), kind) for kind in ("PNG", "JPEG", "GIF")},
    "an SQLite database": database(),
    "a Python pickle": pickle.dumps([ROW]),
    "a Word document": written(document),
    "an old Excel or Word file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "a NumPy array": written(lambda content: np.save(content, np.zeros(3))),
    "a tar archive": written(archive_of_rows),
    "a bzip2 archive": b"BZh91AY&SY",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n",
    "a web page or XML": b"\xef\xbb\xbf\n <!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>\n<html></html>",
    "is empty": b"",
}


@pytest.mark.parametrize("name", ["set.json", "set.csv", "set.parquet"])
@pytest.mark.parametrize("what", KINDS)
def test_a_file_of_another_kind_is_named_for_what_it_is(tmp_path: Path, what: str, name: str) -> None:
    (tmp_path / name).write_bytes(KINDS[what])
    with pytest.raises(UserError) as raised:
        read_samples(tmp_path / name, role="validation")
    said = str(raised.value)
    assert said.startswith(f"{name} is ")
    assert what in said
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize("what", [what for what in KINDS if what != "a Word document"])
def test_it_is_recognised_inside_a_gzip_as_well(tmp_path: Path, what: str) -> None:
    (tmp_path / "set.json").write_bytes(gzip.compress(KINDS[what]))
    with pytest.raises(UserError, match=what):
        read_samples(tmp_path / "set.json", role="validation")


@pytest.mark.parametrize("name", ["set.json", "set.csv", "set.parquet", "set", "set.txt"])
def test_rows_are_read_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    line = json.dumps(ROW).encode()
    table = b"id\tquestion\tanswer\n1\tWhich?\tblue\n"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("set.json", b"[" + line + b"]")
    for content in (b"[" + line + b"]", line, gzip.compress(line), table, gzip.compress(table), zipped.getvalue()):
        (tmp_path / name).write_bytes(content)
        (sample,) = read_samples(tmp_path / name, role="validation").samples
        assert (sample.source_id, sample.question, sample.answer) == ("1", "Which?", "blue")


def test_a_gzip_in_a_folder_and_one_that_unpacks_without_end_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.importers.containers.encoding.MAX_TEXT", 1_000_000)
    (tmp_path / "set.csv.gz").write_bytes(gzip.compress(b"id,question,answer\n" + b"1,Which?,blue\n" * 200_000))
    with pytest.raises(UserError, match="larger than"):
        read_samples(tmp_path, role="validation")


@pytest.mark.parametrize(
    ("format", "says"),
    [
        ("parquet", "is no parquet file"),
        ("jsonl", "neither JSON nor JSON Lines"),
        ("csv", r"none of its columns \(nr, frage\) looks like the answer"),
        ("tsv", r"none of its columns \(nr;frage\) looks like the answer"),
        ("mmbench", "looks like the answer"),
    ],
)
def test_a_format_that_the_file_does_not_have_is_refused(tmp_path: Path, format: str, says: str) -> None:
    (tmp_path / "set.txt").write_text("nr;frage\n1;Was?\n")
    with pytest.raises(UserError, match=rf"set\.txt.*{says}"):
        read_samples(tmp_path / "set.txt", role="validation", format=format)


@pytest.mark.parametrize(("format", "field"), [("llava", "conversations"), ("scienceqa", "id")])
def test_rows_that_a_given_format_does_not_fit_are_refused_one_by_one(tmp_path: Path, format: str, field: str) -> None:
    (tmp_path / "set.txt").write_text("nr;frage\n1;Was?\n2;Wer?\n")
    read = read_samples(tmp_path / "set.txt", role="validation", format=format)
    assert [(each.line, each.field) for each in read.refused] == [(2, field), (3, field)]


def test_an_unknown_format_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="choose among llava, mmbench, scienceqa, csv"):
        read_samples(tmp_path, role="validation", format="ods")
