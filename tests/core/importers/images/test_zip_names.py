"""Pictures in zips are found by the names that rows give, whichever system packed the zip."""

import json
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.importers import read_samples
from core.importers.images.zip_names import ZipNames
from tests.fuzz.oddities import PNG

NAMES = [
    ("图片1.jpg", "gb18030"),
    ("写真.png", "cp932"),
    ("表示.png", "cp932"),  # its second byte is a backslash
    ("圖片.png", "big5"),
    ("그림.png", "cp949"),
    ("Übung.png", "cp850"),
    ("Øre.png", "cp1252"),
    ("рисунок.png", "cp866"),
    ("図.png", "utf-8"),
    ("図.png", "euc_jp"),
    ("zdjęcie.png", "cp852"),
    ("zdjęcie.png", "cp1250"),
    ("εικόνα.png", "cp737"),
    ("εικόνα.png", "cp1253"),
    ("ışık.png", "cp857"),
    ("תמונה.png", "cp862"),
    ("תמונה.png", "cp1255"),
    ("صورة.png", "cp1256"),
    ("ภาพ.png", "cp874"),
    ("рисунок.png", "koi8-u"),
    ("Übung.png", "mac_roman"),
]


class Unflagged(zipfile.ZipInfo):
    """A member whose name is in the packing system's encoding, without the flag of UTF-8."""

    encoding = ""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802, zipfile's own name
        return self.filename.encode(self.encoding), 0


def pack(path: Path, members: dict[str, bytes], encoding: str = "") -> Path:
    """A zip of these members; with an encoding, their names are in it and carry no flag."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            entry = Unflagged(name) if encoding else zipfile.ZipInfo(name)
            if isinstance(entry, Unflagged):
                entry.encoding = encoding
            archive.writestr(entry, content)
    return path


def rows(*names: str) -> bytes:
    turns = [{"from": "human", "value": "<image>\nWhich?"}, {"from": "gpt", "value": "red"}]
    listed = [{"id": str(at), "image": name, "conversations": turns} for at, name in enumerate(names)]
    return json.dumps(listed).encode()


@pytest.mark.parametrize(("name", "encoding"), NAMES)
def test_a_name_in_the_packing_systems_encoding_is_found(tmp_path: Path, name: str, encoding: str) -> None:
    path = pack(tmp_path / "a.zip", {"data.json": rows(name), f"images/{name}": PNG}, encoding)
    assert [each.image is not None for each in read_samples(path, role="test").samples] == [True]
    path = pack(tmp_path / "b.zip", {f"{name[:-4]}/data.json": rows(name), f"{name[:-4]}/{name}": PNG}, encoding)
    assert [each.image is not None for each in read_samples(path, role="test").samples] == [True]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_may_be_taken_apart_on_either_side(tmp_path: Path, form: str) -> None:
    other = "NFD" if form == "NFC" else "NFC"
    stored, named = (unicodedata.normalize(each, "café ガ.png") for each in (form, other))
    path = pack(tmp_path / "a.zip", {"data.json": rows(named), f"images/{stored}": PNG})
    assert len(read_samples(path, role="test").samples) == 1
    (tmp_path / "set" / "images").mkdir(parents=True)
    (tmp_path / "set" / "data.json").write_bytes(rows(named))
    (tmp_path / "set" / "images" / stored).write_bytes(PNG)
    assert len(read_samples(tmp_path / "set", role="test").samples) == 1


def test_a_folder_packed_on_macos_is_read_with_its_copies_left_out(tmp_path: Path) -> None:
    members = {
        "__MACOSX/set/._data.json": b"\0\5\26\7", "__MACOSX/set/._one.png": b"\0\5\26\7",
        "set/data.json": rows("one.png"), "set/._data.json": b"\0\5\26\7", "set/.DS_Store": b"x", "set/one.png": PNG,
    }  # fmt: skip
    assert len(read_samples(pack(tmp_path / "a.zip", members), role="test").samples) == 1
    (tmp_path / "rows.json").write_bytes(rows("one.png"))
    pictures = pack(tmp_path / "b.zip", {name: members[name] for name in members if "json" not in name})
    assert len(read_samples(tmp_path / "rows.json", role="test", images=pictures).samples) == 1


def test_backslashes_are_folders(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"set\\data.json": rows("pics/one.png"), "set\\pics\\one.png": PNG})
    assert len(read_samples(path, role="test").samples) == 1


def test_names_may_begin_with_a_dot_and_a_slash(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"./set/data.json": rows("p.png"), "./set/p.png": PNG})
    assert [each.image is not None for each in read_samples(path, role="test").samples] == [True]


def test_what_is_not_there_is_refused_all_the_same(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"data.json": rows("图片2.jpg"), "images/图片1.jpg": PNG}, "gb18030")
    (refused,) = read_samples(path, role="test").refused
    assert "图片2.jpg” is not there" in refused.reason


@given(
    st.lists(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=6), max_size=5),
    st.sampled_from(["gb18030", "utf-8"]),
)
def test_no_name_finds_another_picture(names: list[str], encoding: str) -> None:
    path = Path(__file__).parent / "none.zip"
    archive = zipfile.ZipFile.__new__(zipfile.ZipFile)
    members = [zipfile.ZipInfo(f"{name}.png".encode(encoding).decode("cp437")) for name in dict.fromkeys(names)]
    archive.filelist, archive.NameToInfo = members, {each.filename: each for each in members}
    archive.fp, archive._filePassed, archive.filename = None, 1, str(path)
    table = ZipNames(archive)
    for name in names:
        assert table.find(f"{name}.png") == f"{name}.png".encode(encoding).decode("cp437")
    assert table.find("龘龘龘龘龘龘龘.png") is None
