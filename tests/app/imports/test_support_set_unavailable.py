"""A support set's file that is unavailable for a while loses nothing: the import continues where it stopped.

The errors are real ones: a disk that fails under the open file, a missing share, a removed permission.
"""

import gzip
import json
import os
import random
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.engines.local_engine import LocalEngine
from app.imports import deduplication, support_set
from app.imports.pipeline import commit
from app.imports.report import Findings
from app.progress import Advance
from app.worker.loop import run_queued_job
from core.errors import UnavailableError, UserError
from core.importers.containers import parquet
from storage import store
from storage.database import Database, open_database
from tests.app.imports.test_support_set import (
    ROOT,
    begin,
    command_line,
    ends_as_unbroken,
    kill_in_the_middle,
    request,
    rows,
    stored,
    unfinished,
    write,
)
from tests.chaos.small_disk import as_anybody
from tests.wait_for import read_job

FAILED = "cannot be read just now (Input/output error): import it again once it can be"
GOES_ON = "rows that were read are kept, and importing it again goes on from there."


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deduplication, "ROWS_PER_BATCH", 10)
    monkeypatch.setattr(parquet, "ROWS_PER_BATCH", 10)


def long_rows(count: int) -> list[dict[str, Any]]:
    """Rows so long that no reader buffers all of them, compressed or not."""
    rng = random.Random(0)
    return [
        {"id": f"r{number}", "question": f"What is {number}? {rng.randbytes(15_000).hex()}", "answer": str(number)}
        for number in range(count)
    ]


def as_list(path: Path, found: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(found))


def as_table(path: Path, found: list[dict[str, Any]]) -> None:
    lines = [",".join(found[0]), *(",".join(row.values()) for row in found)]
    path.write_text("\n".join(lines) + "\n")


def as_gzip(path: Path, found: list[dict[str, Any]]) -> None:
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, found)).encode()))


def as_zip(path: Path, found: list[dict[str, Any]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", "\n".join(map(json.dumps, found)))


def as_parquet(path: Path, found: list[dict[str, Any]]) -> None:
    from pyarrow import Table
    from pyarrow.parquet import write_table

    write_table(Table.from_pylist(found), path, row_group_size=20)


KINDS: dict[str, Callable[[Path, list[dict[str, Any]]], object]] = {
    "rows.jsonl": write,
    "rows.json": as_list,
    "rows.csv": as_table,
    "rows.jsonl.gz": as_gzip,
    "rows.zip": as_zip,
    "rows.parquet": as_parquet,
}


def failing(path: Path, batch: int) -> Callable[[Advance], None]:
    """Makes reading the open file fail with EIO after that batch."""
    seen = []

    def on_progress(advance: Advance) -> None:
        seen.append(advance)
        if len(seen) != batch:
            return
        nothing = os.open("/proc/self/mem", os.O_RDONLY)
        for each in os.listdir("/proc/self/fd"):
            link = Path("/proc/self/fd") / each
            if link.is_symlink() and os.readlink(link) == os.path.realpath(path):
                os.dup2(nothing, int(each))
        os.close(nothing)

    return on_progress


def nothing_is_seen(db: Database) -> bool:
    with db.read() as connection:
        return store.support_sets(connection) == []


def kept(db: Database) -> int:
    return sum(part.handled for part in unfinished(db))


def fails(db: Database, path: Path, said: str) -> str:
    """Run the import as a job, which must fail with this error."""
    job = support_set.put_import(db, request(path))
    with pytest.raises(UserError, match=said) as caught:
        run_queued_job(db, job, LocalEngine("no such device"))
    assert read_job(db, job.id).state == "failed"
    assert nothing_is_seen(db)
    return str(caught.value)


@pytest.mark.parametrize("name", KINDS)
def test_a_disk_that_fails_in_the_middle_costs_nothing_that_was_read(db: Database, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    KINDS[name](path, long_rows(120))
    with pytest.raises(UserError) as caught:
        commit(db, request(path), on_progress=failing(path, 3))
    assert 30 <= kept(db) < 120
    assert str(caught.value).startswith(name)
    assert f"{FAILED}; the {kept(db)} {GOES_ON}" in str(caught.value)
    assert nothing_is_seen(db)
    ends_as_unbroken(db, path, tmp_path)


def test_what_a_killed_import_saved_outlives_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deduplication, "ROWS_PER_BATCH", 500)
    path = write(tmp_path / "many.jsonl", rows(8_000))
    broken = open_database(tmp_path / "data")
    saved = kill_in_the_middle(broken, path)
    for batch in (1, saved // 500 + 1):
        with pytest.raises(UserError, match=r"many\.jsonl cannot be read just now \(Input/output error\)") as caught:
            commit(broken, request(path), on_progress=failing(path, batch))
        assert f"the {kept(broken):,} {GOES_ON}" in str(caught.value)
        assert saved <= kept(broken) < 8_000
        assert nothing_is_seen(broken)
    ends_as_unbroken(broken, path, tmp_path)
    broken.close()


def test_a_share_that_is_away_fails_the_job_and_costs_nothing_that_was_saved(db: Database, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    path = write(share / "rows.jsonl", rows(55))
    begin(db, request(path), 2)
    share.rename(tmp_path / "away")
    said = fails(db, path, r"rows\.jsonl cannot be read just now \(No such file or directory\)")
    assert f"the 20 {GOES_ON}" in said
    (tmp_path / "away").rename(share)
    assert kept(db) == 20
    ends_as_unbroken(db, path, tmp_path)


def test_a_share_that_has_the_second_file_of_a_set_may_come_late(db: Database, tmp_path: Path) -> None:
    folder, share = tmp_path / "set", tmp_path / "share"
    for each in (folder, share):
        each.mkdir()
    as_parquet(folder / "train-0.parquet", long_rows(120)[:110])
    as_parquet(share / "train-1.parquet", long_rows(130)[110:])
    (folder / "train-1.parquet").symlink_to(share / "train-1.parquet")
    share.rename(tmp_path / "away")
    said = fails(db, folder, r"train-1\.parquet cannot be read just now \(.*No such file or directory")
    assert f"the 110 {GOES_ON}" in said
    (tmp_path / "away").rename(share)
    ends_as_unbroken(db, folder, tmp_path)


def test_a_right_that_is_taken_away_and_given_back_costs_nothing(db: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", rows(55))
    begin(db, request(path), 2)
    path.chmod(0)
    asked = [*as_anybody(), *command_line(db, path)]
    refused = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"{path} cannot be read just now (Permission denied)" in refused.stderr
    assert f"the 20 {GOES_ON}" in refused.stderr
    path.chmod(0o600)
    assert kept(db) == 20
    ends_as_unbroken(db, path, tmp_path)


def test_an_image_that_goes_away_while_it_is_copied_is_named(db: Database, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "one.png")
    found = [row | {"image": "one.png"} for row in rows(3)]
    asked = request(write(tmp_path / "rows.jsonl", found), copy_images=True)
    first = next(support_set.import_support(db, asked, Findings(), lambda: False))
    (tmp_path / "one.png").rename(tmp_path / "away.png")
    with (
        pytest.raises(UnavailableError, match=r"one\.png cannot be read just now \(No such file"),
        db.write() as connection,
    ):
        first.save(connection)
    (tmp_path / "away.png").rename(tmp_path / "one.png")
    assert commit(db, asked)["accepted"] == 3


def test_a_file_that_was_never_read_is_said_to_be_away_and_nothing_is_kept(db: Database, tmp_path: Path) -> None:
    begin(db, request(write(tmp_path / "other.jsonl", rows(55))), 2)
    said = fails(db, tmp_path / "none.jsonl", r"none\.jsonl cannot be read just now \(No such file or directory\)")
    assert "kept" not in said


def test_another_file_under_the_name_still_takes_the_place_of_what_was_kept(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write(path, long_rows(120))
    with pytest.raises(UserError, match="Input/output error"):
        commit(db, request(path), on_progress=failing(path, 3))
    assert kept(db) > 0
    other = write(tmp_path / "other.jsonl", rows(40, start=500))
    assert commit(db, request(other))["accepted"] == 40
    assert [each.source_id for each in stored(db)] == [f"r{number}" for number in range(500, 540)]
    assert unfinished(db) == []


def test_a_file_that_proves_broken_leaves_nothing_of_what_was_kept(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(long_rows(120))[:-40])
    with pytest.raises(UserError, match="Input/output error"):
        commit(db, request(path), on_progress=failing(path, 3))
    assert kept(db) > 0
    with pytest.raises(UserError, match=r"rows\.json is cut off at byte"):
        commit(db, request(path))
    assert (stored(db), unfinished(db)) == ([], [])
