"""The job tray: what runs, and what waits behind it by name."""

from app.imports import support_set
from app.imports.report import ImportRequest
from app.jobs.queue import put_predict
from app.web.components.job_tray import tray_html, waits
from app.web.page.place import Place, move_to
from app.web.tabs.data.sets import supports_html
from storage import jobs
from storage.database import Database
from storage.jobs import Job


def queued_import(db: Database, name: str) -> Job:
    return support_set.put_import(db, ImportRequest(what="support", path=f"/data/flan/{name}", name="flan"))


def test_an_import_behind_a_running_job_is_named_with_what_it_waits_for(db: Database, tiny: str) -> None:
    running = put_predict(db, tiny)
    job = queued_import(db, "vision & flan.json")
    assert "import of vision &amp; flan.json waits for the worker" in tray_html(db)
    with db.write() as connection:
        jobs.claim(connection, "test", 1, 1.0)
        found = jobs.jobs_of(connection, limit=30)
    shown = tray_html(db)
    assert f"import of vision &amp; flan.json waits behind predict (job {running.id})" in shown
    assert waits(next(each for each in found if each.id == running.id), found) == ""
    assert f"(job {running.id})" in supports_html(db, move_to(Place(), project=tiny, round_number=0))
    assert f'data-job="{job.id}" data-state="queued"' in shown


def test_any_other_job_says_what_it_waits_for_too(db: Database, tiny: str) -> None:
    first = queued_import(db, "flan.json")
    put_predict(db, tiny)
    with db.write() as connection:
        jobs.claim(connection, "test", 1, 1.0)
    assert f"predict waits behind import (job {first.id})" in tray_html(db)
