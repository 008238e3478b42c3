"""Truncated, missing or invalid files: a sentence names the problem, the file stays unchanged, the rest works."""

import gzip
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.engines.local_engine import LocalEngine
from app.jobs.queue import put_predict, put_tune
from app.selections.draw import make_selection
from app.worker.loop import run_queued_job
from core.errors import UserError
from storage import jobs, store
from storage.database import FILE_NAME, Database
from tests.chaos.commands import command_process
from tests.chaos.test_broken_images import give_image
from tests.storage.migrations.schemas.make import HERE


def test_predicting_leaves_out_the_sample_whose_image_is_cut_and_names_it(db: Database, tiny: str) -> None:
    with db.read() as connection:
        sample = list(store.samples_of(connection, project=1, role="validation"))[3]
    give_image(db, sample.id, "cut", b"\x89PNG\r\n\x1a\ncut")
    with pytest.raises(UserError, match=rf"1 were not answered.* {sample.source_id}: The image cut cannot be opened"):
        run_queued_job(db, put_predict(db, tiny, roles=("validation",)), LocalEngine("cpu"))
    with db.read() as connection:
        assert len(store.predictions_of(connection, 1, "validation")) == 11


def test_tuning_names_the_sample_whose_image_is_cut(db: Database, tiny: str) -> None:
    make_selection(db, tiny, budget=25, arm="random")
    with db.read() as connection:
        chosen = store.selected_sample_ids(connection, 1)[0]
        name = connection.exec_driver_sql("SELECT source_id FROM samples WHERE id = ?", (chosen,)).scalar()
    give_image(db, chosen, "file:1", path="/gone.png")
    with pytest.raises(UserError, match=rf"Sample {name} cannot be learned from.*gone.png cannot be read.*put it back"):
        run_queued_job(db, put_tune(db, tiny), LocalEngine("cpu"))
    with db.read() as connection:
        assert "bug" not in jobs.jobs_of(connection)[0].error


def newer(whole: bytes, place: Path) -> bytes:
    (place / "x.db").write_bytes(whole)
    with closing(sqlite3.connect(place / "x.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        connection.execute("PRAGMA journal_mode = WAL")
    return (place / "x.db").read_bytes()


CASES = {
    "newer": (newer, "A newer Switchpoint (schema 9999) wrote this data"),
    "no database": (lambda whole, place: b"hello " * 3000, "cannot be read (file is not a database)"),
    "cut": (lambda whole, place: newer(whole, place)[: len(whole) // 3], "cannot be read (database disk image is malf"),
    "empty": (lambda whole, place: b"", "is empty, which no database of Switchpoint is"),
}


@pytest.mark.parametrize("words", [["status"], ["serve", "--port", "1"]])
@pytest.mark.parametrize("case", CASES)
def test_a_database_that_cannot_be_used_is_refused_and_left_alone(tmp_path: Path, case: str, words: list[str]) -> None:
    made, said = CASES[case]
    data = tmp_path / "data"
    data.mkdir()
    content = made(gzip.decompress((HERE / "0013.db.gz").read_bytes()), tmp_path)
    (data / FILE_NAME).write_bytes(content)
    os.utime(data / FILE_NAME, (1.0, 1.0))
    done = command_process(data, *words)
    assert done.returncode == 1, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (data / FILE_NAME).read_bytes() == content
