"""The worker does the jobs of every kind that it knows, and refuses the others, which the database takes too."""

from collections.abc import Iterator
from typing import get_args

import pytest

from app.engines.local_engine import LocalEngine
from app.projects.status import next_step
from app.worker.loop import run_queued_job
from app.worker.registry import run_job
from core.errors import UserError
from core.types import JobKind
from storage import jobs
from storage.database import Database


@pytest.mark.parametrize("kind", get_args(JobKind))
def test_every_kind_has_its_generator(db: Database, tiny: str, kind: JobKind) -> None:
    with db.write() as connection:
        job = jobs.put(connection, kind, 1, {})
    assert isinstance(run_job(db, job, LocalEngine(), lambda: False), Iterator)


def test_a_kind_that_is_not_known_fails_with_what_to_do(db: Database, tiny: str) -> None:
    with db.write() as connection:
        job = jobs.put(connection, "from_tomorrow", 1, {})  # type: ignore[arg-type]
    assert next_step(db, tiny).sentence == f"Job {job.id} runs: wait for it, or look around."
    with pytest.raises(UserError, match=r"knows no job of the kind 'from_tomorrow'.*update"):
        run_queued_job(db, job, LocalEngine())
    with db.read() as connection:
        assert jobs.job(connection, job.id).state == "failed"
