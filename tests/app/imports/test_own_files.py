"""Nothing in the process opens the database but SQLite: whatever path leads to it, verdicts written afterwards stay."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.imports.pipeline import commit, dry_run
from app.imports.report import ImportRequest
from app.projects.configuration import create_project
from core.errors import UserError
from core.importers import ReadSample, open_samples
from core.models.files import check_model_folder
from storage import store
from storage.database import FILE_NAME, Database

REFUSED = "belongs to the data directory"
Way = Callable[[Database, Path], object]


def request(path: Path, **more: str) -> ImportRequest:
    return ImportRequest(what="validation", path=str(path), project="p", **more)  # type: ignore[arg-type]


def by_hard_link(db: Database, folder: Path) -> object:
    os.link(db.data / FILE_NAME, folder / "rows.jsonl")
    return dry_run(db, request(folder / "rows.jsonl"))


def by_link(db: Database, folder: Path) -> object:
    (folder / "rows.jsonl").symlink_to(db.data / FILE_NAME)
    return commit(db, request(folder / "rows.jsonl"))


def as_parquet_shard(db: Database, folder: Path) -> object:
    os.link(db.data / FILE_NAME, folder / "train.parquet")
    return dry_run(db, request(folder))


def as_predictions(db: Database, _: Path) -> object:
    return dry_run(db, ImportRequest(what="predictions", path=str(db.data / FILE_NAME), project="p"))


def as_image_archive(db: Database, folder: Path) -> object:
    return dry_run(db, request(written(folder), images=str(db.data / FILE_NAME)))


def as_image_folder(db: Database, folder: Path) -> object:
    return dry_run(db, request(written(folder), images=str(db.data)))


def as_image(db: Database, folder: Path) -> object:
    os.link(db.data / FILE_NAME, folder / "a.png")
    return dry_run(db, request(written(folder)))


def as_image_left_in_its_file(db: Database, folder: Path) -> object:
    os.link(db.data / FILE_NAME, folder / "a.png")
    with open_samples(written(folder), role="support", lazy_images=True) as file:
        (item,) = file.items
        assert isinstance(item, ReadSample)
        assert item.sample.image is not None
        return file.image(item.sample.image).read()


def as_weights(db: Database, folder: Path) -> object:
    (folder / "config.json").write_text("{}")
    os.link(db.data / FILE_NAME, folder / "model.safetensors")
    return check_model_folder(str(folder))


def by_its_path(db: Database, _: Path) -> object:
    return dry_run(db, request(db.data / "adapters" / ".." / FILE_NAME))


def by_the_lock_file(db: Database, _: Path) -> object:
    (db.data / "worker.lock").write_text("1 2\n")
    return dry_run(db, request(db.data / "worker.lock"))


WAYS: tuple[Way, ...] = (
    by_its_path, by_hard_link, by_link, by_the_lock_file, as_parquet_shard, as_predictions, as_image_archive,
    as_image_folder, as_image, as_image_left_in_its_file, as_weights,
)  # fmt: skip


def written(folder: Path) -> Path:
    path = folder / "rows.jsonl"
    path.write_text('{"id": "1", "question": "What is shown?", "answer": "a cat", "image": "a.png"}\n')
    return path


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_database_is_not_read_in_whatever_path_leads_to_it(way: Way, db: Database, tmp_path: Path) -> None:
    create_project(db, "p", student="s", teacher="t")
    (folder := tmp_path / "given").mkdir()
    with pytest.raises(UserError, match=REFUSED):
        way(db, folder)


def test_what_is_written_after_such_an_import_is_there_though_another_process_came_and_went(
    db: Database, tmp_path: Path
) -> None:
    create_project(db, "p", student="s", teacher="t")
    for way in WAYS:
        (folder := tmp_path / way.__name__).mkdir()
        with pytest.raises(UserError):
            way(db, folder)
    in_another_process(db.data)
    with db.write() as connection:
        store.save_models(connection, 1, student="another", teacher="t")
    assert in_another_process(db.data) == "another"


def in_another_process(data: Path) -> str:
    """The student of the first project as another process reads it, which then closes the database like a worker."""
    code = "import sys, pathlib; from storage import store; from storage.database import open_database as o\n"
    code += "db = o(pathlib.Path(sys.argv[1]))\n"
    code += "with db.read() as c: print(store.list_projects(c)[0].student)\ndb.close()"
    done = subprocess.run([sys.executable, "-c", code, str(data)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_uploads_and_other_folders_are_read(db: Database, tmp_path: Path) -> None:
    create_project(db, "p", student="s", teacher="t")
    for folder in (db.data / "uploads" / "1", db.data / "imports", tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
        (folder / "rows.zip").write_bytes(b"")
        with zipfile.ZipFile(folder / "rows.zip", "w") as archive:
            archive.writestr("rows.jsonl", '{"id": "1", "question": "What is shown?", "answer": "a cat"}\n')
        assert dry_run(db, request(folder / "rows.zip"))["accepted"] == 1


def test_a_data_directory_that_is_closed_is_a_folder_like_others(db: Database) -> None:
    db.close()
    with pytest.raises(UserError) as refused, open_samples(db.data / FILE_NAME, role="validation"):
        pass
    assert REFUSED not in str(refused.value)
