"""Support sets are invisible until complete, imports continue where they stopped, and images stay in their files."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.engines.local_engine import LocalEngine
from app.imports import deduplication, support_set
from app.imports.pipeline import commit, import_file
from app.imports.report import Findings, ImportRequest
from app.model_inputs import image_opener
from app.progress import Stopped
from app.worker.loop import run_queued_job
from core.errors import UserError
from core.types import Sample
from storage import store
from storage.database import Database, open_database
from tests.projects.tiny_project import TinyFiles

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT_SECONDS = 120.0


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deduplication, "ROWS_PER_BATCH", 10)


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "id": f"r{number}",
            "task_name": f"task {number % 3}",
            "skill_label": f"label {number % 5}" if number % 4 else "",
            "conversations": [
                {"from": "human", "value": f"What is {number}?"},
                {"from": "gpt", "value": f"It is {number}."},
            ],
        }
        for number in range(start, start + count)
    ]


def write(path: Path, found: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, found)) + "\n")
    return path


def request(path: Path, **more: Any) -> ImportRequest:
    return ImportRequest(what="support", path=str(path), name="big", **more)


def stored(db: Database, name: str = "big") -> list[Sample]:
    with db.read() as connection:
        known = [each.name for each in store.support_sets(connection)]
        return list(store.support_samples(connection, name)) if name in known else []


def unfinished(db: Database) -> list[store.SupportPart]:
    with db.read() as connection:
        return store.unfinished_support_parts(connection, "big")


def begin(db: Database, asked: ImportRequest, batches: int) -> None:
    """Import and stop after so many saved batches."""

    def stop() -> bool:
        return sum(part.handled for part in unfinished(db)) >= 10 * batches

    try:
        for advance in support_set.import_support(db, asked, Findings(), stop):
            with db.write() as connection:
                advance.save(connection)
    except Stopped:
        return
    pytest.fail("the import ended before it was stopped")


def ends_as_unbroken(db: Database, path: Path, tmp_path: Path) -> None:
    """Import the file to its end: everything is then as in one go."""
    whole = open_database(tmp_path / "unbroken")
    assert commit(db, request(path)) == commit(whole, request(path))
    assert stored(db) == stored(whole) != []
    with db.read() as one, whole.read() as other:
        assert store.support_sets(one) == store.support_sets(other)
    assert unfinished(db) == []
    whole.close()


def test_a_stopped_import_is_seen_by_nobody_and_goes_on(db: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", rows(55))
    begin(db, request(path), 2)
    assert stored(db) == []
    (part,) = unfinished(db)
    assert (part.handled, part.samples) == (20, 20)
    ends_as_unbroken(db, path, tmp_path)


def test_an_import_goes_on_only_with_the_same_file(db: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", rows(55))
    begin(db, request(path), 2)
    write(path, rows(40, start=100))
    assert commit(db, request(path))["accepted"] == 40
    assert [each.source_id for each in stored(db)] == [f"r{number}" for number in range(100, 140)]
    assert unfinished(db) == []


def test_a_second_file_adds_to_the_set_and_the_same_again_changes_nothing(db: Database, tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.jsonl", rows(30)), write(tmp_path / "b.jsonl", rows(30, start=20))
    commit(db, request(first))
    begin(db, request(second), 1)
    assert len(stored(db)) == 30
    report = commit(db, request(second))
    assert (report["accepted"], report["already_present"]) == (20, 10)
    assert [each.source_id for each in stored(db)] == [f"r{number}" for number in range(50)]
    with db.read() as connection:
        before = store.support_sets(connection)
    for path in (first, second):
        assert commit(db, request(path))["accepted"] == 0
    with db.read() as connection:
        assert store.support_sets(connection) == before


def test_a_refused_row_keeps_the_whole_file_out(db: Database, tmp_path: Path) -> None:
    found = rows(30)
    found[17]["conversations"] = "no turns"
    path = write(tmp_path / "rows.jsonl", found)
    report = commit(db, request(path))
    assert (report["accepted"], report["refused_rows"], report["refused"][0]["line"]) == (0, 1, 18)
    assert (stored(db), unfinished(db)) == ([], [])
    assert commit(db, request(path, skip_refused=True))["accepted"] == 29
    assert len(stored(db)) == 29


def test_rows_of_other_splits_that_come_before_the_training_rows_are_left_out(db: Database, tmp_path: Path) -> None:
    asked = [{"id": f"r{n}", "question": f"What is {n}?", "answer": str(n), "split": split_of(n)} for n in range(40)]
    path = write(tmp_path / "rows.jsonl", asked)
    report = commit(db, request(path))
    assert (report["accepted"], report["left_out"]) == (20, 20)
    assert [each.source_id for each in stored(db)] == [f"r{n}" for n in range(40) if split_of(n) == "train"]
    assert unfinished(db) == []


def test_a_file_whose_first_rows_are_there_begins_behind_them(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(db, request(write(tmp_path / "a.jsonl", rows(30))))
    again = write(tmp_path / "b.jsonl", rows(55))
    begin(db, request(again), 4)
    assert [(part.handled, part.samples) for part in unfinished(db)] == [(40, 10)]
    assert commit(db, request(again))["accepted"] == 25
    assert [each.source_id for each in stored(db)] == [f"r{number}" for number in range(55)]
    monkeypatch.setattr(support_set, "_begin_part", lambda *_: pytest.fail("a part for what is there already"))
    assert commit(db, request(again))["accepted"] == 0


def split_of(number: int) -> str:
    """Ten training rows, then some validation rows, and so on."""
    return "train" if number // 10 in (0, 2) else "val"


def test_a_file_that_breaks_in_the_middle_leaves_nothing_behind(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows(35))[:-40])
    with pytest.raises(UserError, match="is cut off at byte"):
        commit(db, request(path))
    assert (stored(db), unfinished(db)) == ([], [])


def test_a_queued_import_is_done_by_the_worker_and_says_what_came_of_it(db: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", rows(30))
    job = support_set.put_import(db, request(path))
    assert support_set.put_import(db, request(path)).id == job.id
    ended = run_queued_job(db, job, LocalEngine("no such device"))
    assert (ended.kind, ended.done, ended.total) == ("import", 30, 30)
    assert ended.message == "30 new samples, 0 already there"
    assert len(stored(db)) == 30
    found = rows(3)
    found[1] |= {"conversations": []}
    bad = support_set.put_import(db, request(write(tmp_path / "bad.jsonl", found)))
    with pytest.raises(UserError, match=r"1 of 3 rows are refused, the first at bad\.jsonl:2 \(conversations"):
        run_queued_job(db, bad, LocalEngine("no such device"))
    with pytest.raises(UserError, match="Only support sets"):
        support_set.put_import(db, ImportRequest(what="test", path=str(path)))


def test_images_in_a_folder_stay_there_and_are_opened_when_needed(db: Database, files: TinyFiles) -> None:
    import_file(db, "support", files["support"], images=files.images, name="big")
    sample = stored(db)[0]
    assert (sample.image or "").startswith("file:")
    assert image_opener(db)(sample.image or "").size == (16, 16)
    import_file(db, "support", files["support"], images=files.images, name="copied", copy_images=True)
    assert not any((each.image or "file:").startswith("file:") for each in stored(db, "copied"))


def test_an_image_that_broke_since_is_named(db: Database, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "one.png")
    found = rows(1)
    found[0] |= {"image": "one.png"}
    commit(db, request(write(tmp_path / "rows.jsonl", found)))
    key = stored(db)[0].image or ""
    (tmp_path / "one.png").write_text("<html>not found</html>")
    with pytest.raises(UserError, match=r"one\.png cannot be opened"):
        image_opener(db)(key)
    (tmp_path / "one.png").unlink()
    with pytest.raises(UserError, match=r"one\.png cannot be read \(No such file or directory\)"):
        image_opener(db)(key)


def command_line(db: Database, path: Path) -> list[str]:
    """The import on the command line."""
    command = [sys.executable, "-m", "app", "--data", str(db.data), "--json"]
    return [*command, "import", "support", str(path), "--name", "big"]


def kill_in_the_middle(broken: Database, path: Path) -> int:
    """Start the import of 8,000 rows, kill it once some are saved, and return their number."""
    process = subprocess.Popen(command_line(broken, path), cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not sum(part.handled for part in unfinished(broken)):
        assert process.poll() is None, "the import ended before it could be killed"
        assert time.monotonic() < deadline, "nothing was saved"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert stored(broken) == [], "half an import is seen"
    saved = sum(part.handled for part in unfinished(broken))
    assert 0 < saved < 8_000
    return saved


def test_an_import_that_was_killed_ends_as_one_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deduplication, "ROWS_PER_BATCH", 500)
    path = write(tmp_path / "many.jsonl", rows(8_000))
    broken, whole = open_database(tmp_path / "data"), open_database(tmp_path / "whole")
    kill_in_the_middle(broken, path)
    done = subprocess.run(command_line(broken, path), cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == commit(whole, request(path))
    assert stored(broken) == stored(whole)
    with broken.read() as one, whole.read() as other:
        assert store.support_sets(one) == store.support_sets(other)
    broken.close()
    whole.close()
