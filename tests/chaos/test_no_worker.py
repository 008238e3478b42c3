"""A worker that cannot start: a queued job says why it waits, and starts by itself once the cause is fixed."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from app.engines.local_engine import LocalEngine
from app.jobs.queue import put_predict
from app.worker.loop import run_queued_job
from storage import jobs
from storage.database import Database
from tests.app.rpc import Remote
from tests.chaos.commands import command, command_process
from tests.chaos.small_disk import as_anybody, read_only
from tests.projects.tiny_project import TinyFiles, fill_project
from tests.servers.app_server import serving
from tests.wait_for import open_for_workers, wait_for

PLACE = {"project": "tiny", "round": "0", "tab": "data"}


@pytest.fixture
def db(tmp_path: Path, files: TinyFiles, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    with open_for_workers(tmp_path / "data", monkeypatch) as opened:
        fill_project(opened, files)
        (opened.data / "worker.lock").touch()
        (opened.data / "logs").mkdir()
        yield opened


def states(db: Database) -> list[tuple[str, str]]:
    with db.read() as connection:
        return [(job.kind, job.state) for job in jobs.jobs_of(connection)]


def waits(remote: Remote, locked: Path) -> None:
    said = remote.send("predict", PLACE, role="test")
    assert "The job is queued and waits, since no worker can begin" in said.sentence
    assert str(locked) in said.sentence
    assert "Read-only file system" in said.sentence
    assert "It then begins by itself" in said.sentence
    assert "waits for the worker" in said.body, "and it is in the list of jobs"


def test_the_page_says_why_a_job_waits_and_it_begins_by_itself(db: Database) -> None:
    with ExitStack() as stack:
        mended = stack.enter_context(ExitStack())
        mended.enter_context(read_only(db.data / "worker.lock"))
        logs = stack.enter_context(ExitStack())
        logs.enter_context(read_only(db.data / "logs"))
        served = stack.enter_context(serving(db.data))
        remote = stack.enter_context(closing(Remote(served.url)))
        waits(remote, db.data / "logs")
        logs.close()
        waits(remote, db.data / "worker.lock")
        assert states(db) == [("predict", "queued")]
        mended.close()
        wait_for(lambda: states(db) == [("predict", "done")], db)
        assert "Traceback" not in (db.data / "server.log").read_text()


def test_the_command_line_says_why_a_job_waits_and_goes_on_with_it_later(
    db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with read_only(db.data / "logs"):
        assert command(db.data, "predict", "tiny", "--set", "test") == 1
        said = capsys.readouterr().err
        assert said.startswith("Job 1 (predict) is queued and waits, since no worker can begin.")
        assert "Then run the same command again." in said
        assert said.count("\n") == 1
    with read_only(db.data / "worker.lock"):
        assert command(db.data, "worker", "--leave-when-idle") == 1
        assert "worker.lock cannot be used (Read-only file system)" in capsys.readouterr().err
    assert states(db) == [("predict", "queued")]
    again = put_predict(db, "tiny", roles=("test",))  # as running the command again does
    assert again.id == 1
    assert run_queued_job(db, again, LocalEngine("cpu")).state == "done"


def test_a_lock_file_that_belongs_to_somebody_else_is_named(db: Database) -> None:
    (db.data / "worker.lock").chmod(0o400)
    done = command_process(db.data, "predict", "tiny", before=as_anybody())
    (db.data / "worker.lock").chmod(0o600)
    assert done.returncode == 1
    assert f"{db.data / 'worker.lock'} cannot be used (Permission denied)" in done.stderr
    assert states(db) == [("predict", "queued")]
