"""Previews save only their result, survive restarts, and are imported once."""

import json
from pathlib import Path

import pytest

from app.engines.local_engine import LocalEngine
from app.imports import pending_imports
from app.imports.pending_imports import Previews, obstacle
from app.imports.preview import read_refusals, request_of, run_preview
from app.imports.report import ImportRequest
from app.imports.uploads import sweep_uploads, uploaded_file, uploads_folder
from app.jobs.queue import cancel_job
from app.projects.configuration import create_project
from app.worker.loop import run_queued_job
from core.errors import UserError
from storage import jobs, store
from storage.database import FILE_NAME, Database
from storage.store import PendingImport


@pytest.fixture
def project(db: Database) -> str:
    return create_project(db, "p", student="s", teacher="t").name


def written(path: Path, rows: int, *, bad: int = 0) -> Path:
    """A file of that many samples, of which the last ``bad`` have no answer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for n in range(rows):
            row = {"id": f"r{n}", "question": f"What is {n}?", "answer": "" if n >= rows - bad else str(n)}
            file.write(json.dumps(row) + "\n")
    return path


def looked(db: Database, path: Path, what: str = "validation", **more: object) -> PendingImport:
    request = ImportRequest(what=what, path=str(path), project="" if what == "support" else "p", **more)  # type: ignore[arg-type]
    upload = str(path) if path.is_relative_to(db.data) else ""
    previews = Previews(db)
    made = previews.begin(request, reviewer="Ada", file=path.name, upload=upload)
    previews._running[made.id].join()
    return now(db, made)


def now(db: Database, pending: PendingImport) -> PendingImport:
    with db.read() as connection:
        (found,) = (each for each in store.pending_imports(connection) if each.id == pending.id)
    return found


def samples(db: Database, role: str = "validation") -> int:
    with db.read() as connection:
        return store.count_samples(connection, project=1, role=role)  # type: ignore[arg-type]


def test_a_look_says_what_an_import_would_do_and_does_none_of_it(db: Database, project: str, tmp_path: Path) -> None:
    pending = looked(db, written(tmp_path / "a.jsonl", 10))
    assert pending.report is not None
    assert (pending.report["accepted"], pending.report["held_out"]) == (10, 3)
    assert samples(db) == 0
    assert obstacle(pending) == ""
    assert "10 samples are in “p”, 3 of them held out" in Previews(db).carry_out(pending)
    assert (samples(db), samples(db, "test")) == (7, 3)
    with pytest.raises(UserError, match="in the meantime"):
        Previews(db).carry_out(pending)


def test_an_uploaded_copy_goes_with_its_import(db: Database, project: str) -> None:
    kept = written(uploads_folder(db) / "one" / "a.jsonl", 3)
    left = written(uploads_folder(db) / "two" / "b.jsonl", 3)
    pending = looked(db, kept)
    sweep_uploads(db)
    assert kept.exists()
    assert not left.parent.exists()
    Previews(db).carry_out(pending)
    assert not kept.parent.exists()


def test_giving_up_or_looking_at_another_file_removes_the_copy(db: Database, project: str, tmp_path: Path) -> None:
    first = written(uploads_folder(db) / "one" / "a.jsonl", 3)
    second = written(uploads_folder(db) / "two" / "a.jsonl", 3)
    looked(db, first)
    pending = looked(db, second)
    assert not first.exists()
    Previews(db).give_up(pending)
    assert not second.exists()
    elsewhere = written(tmp_path / "a.jsonl", 3)
    Previews(db).give_up(looked(db, elsewhere))
    assert elsewhere.exists()


def test_only_a_file_among_the_uploads_is_one(db: Database, tmp_path: Path) -> None:
    outside = written(tmp_path / "a.jsonl", 1)
    uploads_folder(db).mkdir(parents=True)
    (uploads_folder(db) / "link").symlink_to(outside)
    for path in (
        str(outside),
        str(uploads_folder(db) / "link"),
        str(uploads_folder(db) / ".." / "switchpoint.db"),
        "\x00",
    ):
        assert uploaded_file(db, path) is None


def test_a_look_that_the_end_of_the_app_cut_short_is_begun_again(db: Database, project: str, tmp_path: Path) -> None:
    request = ImportRequest(what="validation", path=str(written(tmp_path / "a.jsonl", 4)), project="p")
    with db.write() as connection:
        left = store.begin_pending_import(connection, 1, "Ada", request=vars(request), file="a.jsonl", upload="")
    assert obstacle(left).startswith("Wait")
    previews = Previews(db)
    assert previews.refresh(left) == left
    previews._running[left.id].join()
    assert now(db, left).report is not None


def test_a_look_whose_row_is_gone_writes_nothing(db: Database, project: str, tmp_path: Path) -> None:
    pending = looked(db, written(tmp_path / "a.jsonl", 4))
    Previews(db).give_up(pending)
    run_preview(db, pending)
    with db.read() as connection:
        assert store.pending_imports(connection) == []


def test_refused_rows_are_counted_and_left_out_only_when_asked_for(db: Database, project: str, tmp_path: Path) -> None:
    pending = looked(db, written(tmp_path / "a.jsonl", 10, bad=2))
    assert obstacle(pending) == "2 of 10 rows are refused: mend them, or leave them out."
    assert [each.line for each in read_refusals(db, request_of(pending))] == [9, 10]
    with pytest.raises(UserError, match="2 of 10"):
        Previews(db).carry_out(pending)
    with db.write() as connection:
        store.update_pending_import(connection, pending.id, request={**pending.request, "skip_refused": True})
    assert "2 refused rows were left out" in Previews(db).carry_out(now(db, pending))
    assert samples(db) + samples(db, "test") == 8


def test_a_table_that_leaves_a_field_open_shows_its_columns(db: Database, project: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("nr,was,loesung\n1,Wie viele sind es hier,drei\n")
    pending = looked(db, file)
    assert "question=COLUMN" in pending.error
    assert pending.report is not None
    assert pending.report["columns"] == ["nr", "was", "loesung"]
    mended = looked(db, file, mapping={"question": "was", "answer": "loesung"})
    assert mended.error == ""
    assert mended.report is not None
    assert mended.report["accepted"] == 1


def test_a_large_support_set_is_a_job_and_the_wait_is_over_with_it(db: Database) -> None:
    pending = looked(db, written(uploads_folder(db) / "one" / "lessons.jsonl", 6000), "support", name="lessons")
    previews = Previews(db)
    assert "on their way into “lessons”" in previews.carry_out(pending)
    waiting = now(db, pending)
    assert previews.refresh(waiting) == waiting
    assert "job" in obstacle(waiting)
    with pytest.raises(UserError, match="runs"):
        previews.begin(request_of(waiting), reviewer="Ada", file="x", upload="")
    assert waiting.job is not None
    with db.read() as connection:
        job = jobs.job(connection, waiting.job)
    run_queued_job(db, job, LocalEngine("cpu"))
    assert previews.refresh(waiting) is None
    assert uploaded_file(db, pending.upload) is None
    with db.read() as connection:
        assert [(each.name, each.samples) for each in store.support_sets(connection)] == [("lessons", 6000)]


def test_an_import_whose_job_was_cancelled_can_be_carried_out_again(db: Database, tmp_path: Path) -> None:
    pending = looked(db, written(tmp_path / "lessons.jsonl", 6000), "support")
    Previews(db).carry_out(pending)
    first = now(db, pending)
    assert first.job is not None
    cancel_job(db, first.job)
    assert Previews(db).refresh(first) == first
    Previews(db).carry_out(first)
    assert now(db, pending).job not in (None, first.job)


def test_a_preview_whose_process_is_killed_says_so_and_is_not_begun_again(
    db: Database, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_imports, "WAIT_SECONDS", 0.0)
    previews, path = Previews(db), written(tmp_path / "large.jsonl", 200_000)
    made = previews.begin(
        ImportRequest(what="validation", path=str(path), project="p"), reviewer="Ada", file=path.name, upload=""
    )
    process = previews._running[made.id]
    process.kill()
    process.join()
    previews.refresh(made)
    assert now(db, made).error.startswith("Reading large.jsonl was ended by the system (signal 9)")
    previews.refresh(now(db, made))
    assert previews._running[made.id] is process
    previews.give_up(made)


def test_the_apps_own_database_is_no_file_to_import(db: Database, project: str) -> None:
    pending = looked(db, db.data / FILE_NAME)
    assert "belongs to the data directory" in pending.error
