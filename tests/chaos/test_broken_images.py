"""Images that Pillow refuses with any error, and missing images: the sample is listed with its reason, all others are
done, by a local student, one behind an endpoint, the page, and an import."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from app.engines.local_engine import LocalEngine
from app.exports.write import export_report
from app.imports.pipeline import import_file
from app.jobs.queue import put_predict, put_try
from app.model_inputs import image_opener
from app.projects.configuration import create_project, set_settings
from app.worker.loop import run_queued_job
from core.errors import UserError
from core.images import FORMATS
from storage import store
from storage.database import Database
from storage.images import save_images
from tests.browser.cases import Picture
from tests.core.student.test_endpoint import Eyes
from tests.fuzz.oddities import PNG, claiming, saved
from tests.projects.tiny_project import TinyFiles
from tests.servers.openai_server import Manners, OpenAIServer, openai_server

KEY = "sk-test-0a1b2c3d4e5f6a7b"
SOUND = Image.new("RGB", (16, 16))


def changed(kind: str, at: int, value: int) -> bytes:
    content = bytearray(saved(SOUND, kind))
    content[at] = value
    return bytes(content)


BROKEN = {
    "SyntaxError": changed("PNG", 36, 0),
    "ValueError": changed("BMP", 30, 1),
    "DecompressionBombError": claiming(60_000, 60_000),
    "UnidentifiedImageError": b"no picture",
    "OSError": saved(SOUND, "JPEG")[:300],
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_of_these_makes_pillow_raise_that_error(name: str) -> None:
    raised = ""
    try:
        with Image.open(io.BytesIO(BROKEN[name]), formats=FORMATS) as image:
            image.load()
    except Exception as error:
        raised = type(error).__name__
    assert raised == name


@pytest.fixture
def server(db: Database, tiny: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """The endpoint of the small project's student."""
    monkeypatch.setenv("SWITCHPOINT_API_KEY", KEY)
    with openai_server(Eyes(), Manners(key=KEY)) as running:
        with db.write() as connection:
            connection.exec_driver_sql("UPDATE projects SET student = ? WHERE name = ?", (running.name, tiny))
        yield running


def give_image(db: Database, sample: int, key: str, content: bytes = b"", path: object = "") -> None:
    """Let a sample refer to an image with this content, or to that file."""
    with db.write() as connection:
        save_images(connection, [Picture(hash=key, content=content, path=str(path))])
        connection.exec_driver_sql("UPDATE samples SET image = ? WHERE id = ?", (key, sample))


def break_images(db: Database, folder: Path) -> list[str]:
    """Let a validation sample refer to each broken file, and one to a missing file; returns their source ids."""
    with db.read() as connection:
        found = list(store.samples_of(connection, project=1, role="validation"))
    for name, content in BROKEN.items():
        (folder / f"{name}.png").write_bytes(content)
    names = [*BROKEN, "gone"]
    for sample, name in zip(found, names, strict=False):
        give_image(db, sample.id, f"file:{name}", path=folder / f"{name}.png")
    return [sample.source_id for sample in found[: len(names)]]


def predicted(db: Database, names: list[str]) -> str:
    """The error of a predict job that answers all samples but these."""
    with pytest.raises(UserError) as raised:
        run_queued_job(db, put_predict(db, "tiny", roles=("validation",)), LocalEngine("cpu"))
    with db.read() as connection:
        answered = {each.sample for each in store.predictions_of(connection, 1, "validation")}
        known = list(store.samples_of(connection, project=1, role="validation"))
    assert {sample.source_id for sample in known if sample.id not in answered} == set(names)
    said = str(raised.value)
    assert said.startswith("6 were not answered, all others are done: start again to try only these.")
    assert all(name in said for name in names)
    assert "put a whole one there" in said
    assert "gone.png cannot be read (No such file or directory): put it back there" in said
    assert "bug" not in said
    return said


@pytest.mark.usefixtures("tiny")
def test_a_student_here_answers_all_others(db: Database, tmp_path: Path) -> None:
    predicted(db, break_images(db, tmp_path))
    open_image = image_opener(db)
    for name in BROKEN:
        with pytest.raises(UserError, match=r"cannot be opened .*: put a whole one there"):
            open_image(f"file:{name}")


def test_a_student_behind_an_endpoint_answers_all_others_and_is_sent_nothing_broken(
    db: Database, tmp_path: Path, server: OpenAIServer
) -> None:
    set_settings(db, "tiny", {"max_new_tokens": "64"})  # so that its replies are whole
    predicted(db, break_images(db, tmp_path))
    assert len(server.asked) == 6
    for name in (*BROKEN, "gone"):
        (tmp_path / f"{name}.png").write_bytes(PNG)
    assert run_queued_job(db, put_predict(db, "tiny", roles=("validation",)), LocalEngine("cpu")).state == "done"
    assert len(server.asked) == 12


def test_trying_the_student_on_a_sample_says_what_is_wrong_with_its_image(
    db: Database, tmp_path: Path, server: OpenAIServer
) -> None:
    break_images(db, tmp_path)
    with pytest.raises(UserError, match=r"Its image cannot be opened .*put a whole one there"):
        run_queued_job(db, put_try(db, "tiny", "student"), LocalEngine("cpu"))
    assert server.asked == []


def test_a_report_says_where_an_image_would_be(db: Database, tiny: str, files: TinyFiles, tmp_path: Path) -> None:
    import_file(db, "predictions", files["predictions"], tiny)
    break_images(db, tmp_path)
    export_report(db, tiny, tmp_path / "report.html", samples=[3, 6])  # of those that were answered wrong
    html = (tmp_path / "report.html").read_text()
    assert html.count("The image cannot be opened: put a whole one in its place.") == 1
    assert html.count("gone.png cannot be read (No such file or directory): put it back there") == 1


@pytest.mark.parametrize("name", BROKEN)
def test_an_import_refuses_the_row_with_its_reason(db: Database, tmp_path: Path, name: str) -> None:
    create_project(db, "p", student="s", teacher="t")
    (tmp_path / "one.png").write_bytes(BROKEN[name])
    (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "1", "image": "one.png", "question": "q", "answer": "yes"}))
    report = import_file(db, "validation", tmp_path / "rows.jsonl", "p")
    assert report["accepted"] == 0
    (refused,) = report["refused"]
    assert "one.png" in refused["reason"]
