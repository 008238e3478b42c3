"""Images left in their files: read on demand, hashed once, and reported when missing."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import UserError
from storage.database import Database
from storage.images import content_hashes, image_bytes, save_content_hashes, save_images
from tests.storage.world import Picture


@dataclass(frozen=True, kw_only=True)
class FilePicture(Picture):
    def read(self) -> bytes:
        raise AssertionError("an image that stays where it is is not read to be saved")


def a_file(folder: Path, name: str, content: bytes) -> FilePicture:
    path = folder / name
    path.write_bytes(content)
    return FilePicture(hash="file:" + hashlib.sha256(str(path).encode()).hexdigest(), path=str(path))


def test_an_image_in_a_file_is_read_when_it_is_needed(db: Database, tmp_path: Path) -> None:
    ref = a_file(tmp_path, "one.png", b"first")
    with db.write() as connection:
        assert save_images(connection, [ref, ref]) == 1
        assert image_bytes(connection, ref.hash) == (b"first", "image/png")


def test_a_moved_file_is_said_in_a_sentence(db: Database, tmp_path: Path) -> None:
    ref = a_file(tmp_path, "one.png", b"first")
    with db.write() as connection:
        save_images(connection, [ref])
    Path(ref.path).rename(tmp_path / "two.png")
    with db.read() as connection:
        with pytest.raises(UserError, match=r"one\.png cannot be read \(No such file.*put it back there"):
            image_bytes(connection, ref.hash)
        with pytest.raises(UserError, match="put it back there"):
            content_hashes(connection, [ref.hash])


def test_each_file_is_hashed_once_until_it_changes(db: Database, tmp_path: Path) -> None:
    ref, stored = a_file(tmp_path, "one.png", b"first"), Picture(hash="ab")
    with db.write() as connection:
        save_images(connection, [ref, stored])
        known, fresh = content_hashes(connection, [ref.hash, "ab"])
        assert known == {ref.hash: hashlib.sha256(b"first").hexdigest(), "ab": "ab"}
        assert list(fresh) == [ref.hash]
        save_content_hashes(connection, fresh)
        assert content_hashes(connection, [ref.hash]) == ({ref.hash: known[ref.hash]}, {})
    Path(ref.path).write_bytes(b"other")
    os.utime(ref.path, ns=(1, 1))
    with db.write() as connection:
        assert content_hashes(connection, [ref.hash])[0] == {ref.hash: hashlib.sha256(b"other").hexdigest()}
