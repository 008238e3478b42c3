"""Ways to find mistake steps, compared on errors whose mistake step was imported with the predictions."""

import pytest

from app.engines.local_engine import LocalEngine
from app.experiments.identification import identification_report
from app.experiments.results import Results, markdown
from app.jobs.queue import put_identify
from app.projects.prompts import set_prompts
from app.worker.loop import run_queued_job
from core.errors import UserError
from storage import store
from storage.database import Database
from tests.projects.handmade_diagnoses import diagnose_by_hand
from tests.projects.tiny_project import TinyFiles


def test_every_way_is_asked_once_and_reported_on_one_half(db: Database, tiny: str, files: TinyFiles) -> None:
    diagnosed = diagnose_by_hand(db, tiny, files)
    job = put_identify(db, tiny)
    with pytest.raises(UserError, match="was not asked everything yet: run `switchpoint experiment"):
        identification_report(db, tiny)
    ended = run_queued_job(db, job, LocalEngine("cpu"))
    assert ended.done == ended.total == 5 * len(diagnosed)
    found = identification_report(db, tiny)
    assert [each.method for each in found] == ["any_step", "prompt_per_step", "pseudo_rationale", "answer_switch"]
    assert found[0].exact.value == pytest.approx(1 / 3)
    # Diagnosed by hand at step 2, where the mistake is: the curves at the usual settings find every one.
    assert (found[3].exact.value, found[3].settings) == (1, "π = 0.6, δ = 0, λ = 2")
    again = run_queued_job(db, put_identify(db, tiny), LocalEngine("no such device"))
    assert again.done == again.total
    table = markdown(Results(outcomes=(), tests=(), samples=0, open=0, refused=(), others=0), found)
    assert "| answer switch (ours) | 100.0% |" in table


def test_without_known_mistakes_there_is_nothing_to_compare(db: Database, tiny: str) -> None:
    with pytest.raises(UserError, match="no diagnosed error has a known mistake step: import predictions"):
        put_identify(db, tiny)


def test_a_prompt_that_was_changed_is_asked_anew(db: Database, tiny: str, files: TinyFiles) -> None:
    diagnosed = diagnose_by_hand(db, tiny, files)
    run_queued_job(db, put_identify(db, tiny), LocalEngine("cpu"))
    set_prompts(db, tiny, {"step.check": "{question} {step} Right or wrong?"})
    with pytest.raises(UserError, match="not asked everything"):
        identification_report(db, tiny)
    run_queued_job(db, put_identify(db, tiny), LocalEngine("cpu"))
    assert len(identification_report(db, tiny)) == 4
    with db.read() as connection:
        teacher = store.project_named(connection, tiny).teacher
        variants = {row[0] for row in connection.exec_driver_sql("SELECT DISTINCT variant FROM evidence WHERE method = "
                                                       "'prompt_per_step' AND teacher = ?", (teacher,))}  # fmt: skip
    assert len(variants) == 2
    assert diagnosed
