"""A deleted adapter folder: whatever needs it says so and what to do, everything else works."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.backup.create import create_backup
from app.backup.restore import restore_backup
from app.engines.local_engine import LocalEngine
from app.jobs.queue import put_predict, put_try, put_tune
from app.selections.draw import make_selection
from app.web.page.place import TABS
from app.worker.loop import run_queued_job
from core.errors import UserError
from storage import store
from storage.database import Database, open_database
from tests.app.rpc import Remote
from tests.chaos.commands import command
from tests.projects.tiny_project import SETTINGS, TinyFiles, fill_project
from tests.servers.app_server import serving


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, files: TinyFiles) -> Path:
    """A project with a tuned and measured second round and its adapter."""
    data = tmp_path_factory.mktemp("whole") / "data"
    with closing(open_database(data)) as db:
        fill_project(db, files, settings=replace(SETTINGS, tuning=replace(SETTINGS.tuning, epochs=0.2)))
        make_selection(db, "tiny", budget=10, arm="random")
        for put in (put_predict, put_tune, put_predict):
            run_queued_job(db, put(db, "tiny"), LocalEngine("cpu"))
    return data


@pytest.fixture
def db(tmp_path: Path, whole: Path) -> Iterator[Database]:
    """The same without the adapter's folder."""
    shutil.copytree(whole, tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "adapters" / "run-1")
    with closing(open_database(tmp_path / "data")) as opened:
        yield opened


def new_samples(db: Database) -> None:
    """Delete round 1's predictions on the test set, so that its student is needed again."""
    with db.write() as connection:
        connection.exec_driver_sql(
            "DELETE FROM predictions WHERE round = 2 AND sample IN (SELECT samples.id FROM samples JOIN sample_sets ON "
            "sample_sets.id = sample_set WHERE role = 'test')"
        )


MISSING = r"There is no adapter in .*run-1/adapter; put the folder back from a backup, tune again, or choose a round"


def test_predicting_and_trying_say_where_it_was(db: Database) -> None:
    new_samples(db)
    with pytest.raises(UserError, match=MISSING):
        run_queued_job(db, put_predict(db, "tiny", round_number=1), LocalEngine("cpu"))
    with pytest.raises(UserError, match=MISSING):
        run_queued_job(db, put_try(db, "tiny", "student", round_number=1), LocalEngine("cpu"))


def test_the_round_before_is_predicted_as_ever(db: Database) -> None:
    ended = run_queued_job(db, put_predict(db, "tiny", round_number=0), LocalEngine("cpu"))
    assert (ended.state, ended.done) == ("done", 24)


def test_a_run_that_starts_from_it_says_so_and_one_from_the_base_model_goes_on(db: Database) -> None:
    selection = make_selection(db, "tiny", budget=10, arm="random", round_number=1).id
    with db.read() as connection:
        tuning = store.list_projects(connection)[0].settings.tuning
    further, afresh = replace(tuning, start="adapter"), replace(tuning, start="base")
    with pytest.raises(UserError, match=MISSING):
        run_queued_job(db, put_tune(db, "tiny", selection=selection, settings=further), LocalEngine("cpu"))
    assert run_queued_job(db, put_tune(db, "tiny", selection=selection, settings=afresh), LocalEngine("cpu"))
    with db.read() as connection:
        assert [each.number for each in store.rounds_of(connection, 1)] == [0, 1, 2]


def test_the_command_line_exports_no_adapter_and_compares_what_was_measured(
    db: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(db.data, "export", "adapter", "tiny", tmp_path / "out", "--round", "1") == 1
    said = capsys.readouterr().err
    assert "The adapter of round 1 in" in said
    assert "put it back there from a backup, or tune again" in said
    assert not (tmp_path / "out").exists()
    assert command(db.data, "compare", "tiny", "0", "1") == 0
    assert command(db.data, "status", "tiny") == 0
    assert command(db.data, "export", "report", "tiny", tmp_path / "report.md") == 0
    capsys.readouterr()
    assert command(db.data, "backup", tmp_path / "kept.zip") == 0
    assert "run-1 are not where they belong: left out" in " ".join(capsys.readouterr().out.split())


def test_every_tab_opens_and_tuning_says_what_is_gone(db: Database) -> None:
    make_selection(db, "tiny", budget=10, arm="random", round_number=1)
    with serving(db.data) as served, closing(Remote(served.url)) as remote:
        for tab in TABS:
            place = {"project": "tiny", "round": "1", "tab": tab}
            shown = remote.send("nav", place)
            assert not shown.is_refusal, (tab, shown.sentence)
            assert shown.status == 200
            if tab == "tuning":
                assert "adapter is gone from" in shown.body
                assert "back there from a backup, or start from the base model" in shown.body
        log = (db.data / "server.log").read_text()
        assert "Traceback" not in log, log[-2000:]


def test_put_back_from_a_backup_all_goes_on(db: Database, whole: Path, tmp_path: Path) -> None:
    with closing(open_database(whole)) as kept:
        create_backup(kept, tmp_path / "kept.zip", on_progress=lambda _: None)
    restore_backup(tmp_path / "kept.zip", tmp_path / "again", on_progress=lambda _: None)
    shutil.copytree(tmp_path / "again" / "adapters" / "run-1", db.adapters / "run-1")
    new_samples(db)
    assert run_queued_job(db, put_predict(db, "tiny", round_number=1), LocalEngine("cpu")).state == "done"
