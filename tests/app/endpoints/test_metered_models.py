"""Jobs with models behind an endpoint: requests are stored, counted, capped, stoppable, and hold no secret."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.doctor.checks import run_checks
from app.endpoints.spending import (
    estimate_diagnose,
    estimate_label,
    estimate_predict,
    estimate_text,
    set_spending,
    spending,
)
from app.engines.local_engine import LocalEngine
from app.jobs.queue import cancel_job, put_diagnose, put_label, put_predict, put_try, put_tune
from app.projects.configuration import create_project
from app.projects.prompts import set_prompts
from app.settings import logs_folder
from app.web.page.place import Place, move_to
from app.web.tabs.data.sets import overview_html
from app.worker.loop import run_claimed_job, run_queued_job
from core.errors import UserError
from core.types import EndpointSettings
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from tests.app.command_line import CommandLine
from tests.models.demo_teacher import ByLetter
from tests.projects.demo_mistakes import QUICK, SETTINGS, fill, mistakes
from tests.projects.unlabelled_support import KEY
from tests.servers.openai_server import Manners, OpenAIServer, openai_server
from tests.wait_for import read_job

NOWHERE = LocalEngine("no such device")
COUNT = 16


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("SWITCHPOINT_API_KEY", KEY)
    with openai_server(ByLetter(), Manners(key=KEY)) as running:
        yield running


def diagnosed(db: Database, at: int) -> int:
    with db.read() as connection:
        return len(store.diagnoses_of(connection, at))


def go(db: Database, job: Job) -> Job:
    """Run a job like the worker, and return the ended job."""
    with db.write() as connection:
        claimed = jobs.claim(connection, "test", 1, 1.0)
    assert claimed is not None
    assert claimed.id == job.id
    run_claimed_job(db, claimed, NOWHERE, lambda: False)
    return read_job(db, job.id)


def save_bare(db: Database, **more: str) -> None:
    """A support set of five samples without labels."""
    samples = [replace(sample, source_id=f"l {sample.source_id}", **more) for sample, _ in mistakes(5)]
    with db.write() as connection:
        store.save_samples(connection, project=None, role="support", name="bare", samples=samples, images={})


def test_a_round_is_diagnosed_and_counted_and_a_second_project_pays_nothing(db: Database, server: OpenAIServer) -> None:
    at = fill(db, "one", teacher=server.name, count=COUNT)
    estimate = estimate_diagnose(db, "one")
    assert go(db, put_diagnose(db, "one")).state == "done"
    assert diagnosed(db, at) == COUNT
    (spent,) = spending(db, "one")["models"]
    assert spent["requests"] == len(server.asked) == estimate["requests"] + 1  # the probe
    assert estimate["tokens_in"] / 2 < spent["tokens_in"] < estimate["tokens_in"] * 2
    assert estimate["tokens_out"] / 3 < spent["tokens_out"] < estimate["tokens_out"] * 3
    again = fill(db, "two", teacher=server.name, count=COUNT)
    before = len(server.asked)
    assert go(db, put_diagnose(db, "two")).state == "done"
    assert len(server.asked) == before, "the same questions to the same model"
    assert spending(db, "two")["models"] == []
    with db.read() as connection:
        first, second = (store.diagnoses_of(connection, each) for each in (at, again))
    assert [(each.curve, each.skill) for each in first] == [(each.curve, each.skill) for each in second]
    assert {each.teacher for each in first} == {server.name}


def test_the_estimate_says_whether_the_teacher_votes_as_soon_as_it_was_asked(
    db: Database, server: OpenAIServer
) -> None:
    server.manners.logprobs = False
    fill(db, "p", teacher=server.name, count=4)
    before = estimate_diagnose(db, "p")
    assert before["votes"] is None
    assert "should it give no log-probabilities, 5 sampled replies" in estimate_text(before)
    run_queued_job(db, put_try(db, "p", "teacher"), NOWHERE)
    asked = len(server.asked)
    after = estimate_diagnose(db, "p")
    assert after["votes"] is True
    assert len(server.asked) == asked
    assert after["tokens_out"] > before["tokens_out"] * 4
    assert "gives no log-probabilities, so 5 sampled replies a step" in estimate_text(after)
    assert go(db, put_diagnose(db, "p")).state == "done"


def test_the_key_is_neither_in_the_database_nor_in_a_log(
    db: Database, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    fill(db, "p", teacher=server.name, count=2)
    with caplog.at_level(logging.DEBUG):
        assert go(db, put_diagnose(db, "p")).state == "done"
        server.manners.key = "another"
        fill(db, "q", teacher=f"demo-teacher@{server.url}/", count=3)
        failed = go(db, put_diagnose(db, "q"))
    assert (failed.state, "does not accept the key" in failed.error) == ("failed", True)
    assert any(each.headers["authorization"] == f"Bearer {KEY}" for each in server.asked)
    logs_folder(db.data)
    db.close()
    files = [path for path in db.data.rglob("*") if path.is_file()]
    assert len(files) >= 1
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert KEY not in caplog.text


def test_the_cap_ends_the_job_with_what_was_done_kept(db: Database, server: OpenAIServer) -> None:
    price = (server.name, 100.0, 100.0)
    settings = replace(SETTINGS, endpoint=replace(QUICK, at_once=2, prices=(price,)))
    at = fill(db, "p", teacher=server.name, count=COUNT, settings=settings)
    set_spending(db, "p", cap=0.05)
    estimate = estimate_diagnose(db, "p")
    assert estimate["money"] == pytest.approx(100 * (estimate["tokens_in"] + estimate["tokens_out"]) / 1e6)
    assert estimate["money"] > estimate["cap"] == 0.05
    ended = go(db, put_diagnose(db, "p"))
    assert ended.state == "failed"
    assert "The cap of $0.05 is reached" in ended.error
    assert "kept: raise the cap and start again" in ended.error
    money = spending(db, "p")["money"]
    dearest = 100 * 200 / 1e6
    assert 0.05 <= money < 0.05 + 2 * dearest, "no more than what was under way"
    asked = len(server.asked)
    assert "is reached" in go(db, put_diagnose(db, "p")).error
    assert len(server.asked) == asked
    set_spending(db, "p", no_cap=True)
    assert go(db, put_diagnose(db, "p")).state == "done"
    assert diagnosed(db, at) == COUNT
    assert len(server.asked) == estimate["requests"] + 1, "nothing was asked twice"


def test_a_cap_without_a_price_is_refused_before_anything_is_asked(db: Database, server: OpenAIServer) -> None:
    fill(db, "p", teacher=server.name, count=2)
    set_spending(db, "p", cap=1.0)
    ended = go(db, put_diagnose(db, "p"))
    assert f"switchpoint spending p --price {server.name} IN OUT" in ended.error
    assert server.asked == []
    assert estimate_diagnose(db, "p")["money"] is None
    set_spending(db, "p", prices=[(server.name, 0.0, 0.0)])
    assert go(db, put_diagnose(db, "p")).state == "done"


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf")])
def test_only_amounts_are_caps_and_prices(db: Database, amount: float) -> None:
    fill(db, "p", teacher="m@http://h/v1", count=1)
    with pytest.raises(UserError, match="amounts of US dollars"):
        set_spending(db, "p", cap=amount)
    with pytest.raises(UserError, match="amounts of US dollars"):
        set_spending(db, "p", prices=[("m", 1.0, amount)])


def test_a_cancelled_job_stops_in_the_middle_of_a_batch_and_goes_on_without_asking_twice(
    db: Database, server: OpenAIServer
) -> None:
    at = fill(db, "p", teacher=server.name, count=COUNT)
    requests = estimate_diagnose(db, "p")["requests"] + 1
    job = put_diagnose(db, "p")
    ask, seen = server.answers.tokens, []

    def cancel_soon(text: str) -> int:
        seen.append(text)
        if len(seen) == 60:
            cancel_job(db, job.id)
        return ask(text)

    server.answers.tokens = cancel_soon  # type: ignore[method-assign]
    assert go(db, job).state == "cancelled"
    kept = spending(db, "p")["models"][0]["requests"]
    assert 10 < kept <= len(server.asked) < requests / 2
    assert go(db, put_diagnose(db, "p")).state == "done"
    assert diagnosed(db, at) == COUNT
    assert spending(db, "p")["models"][0]["requests"] == requests
    assert len(server.asked) == requests, "what was under way was kept, and nothing asked twice"


def test_the_job_says_when_votes_stand_in(db: Database, server: OpenAIServer) -> None:
    server.manners.logprobs = False
    at = fill(db, "p", teacher=server.name, count=3)
    ended = go(db, put_diagnose(db, "p"))
    assert (ended.state, ended.done) == ("done", 3)
    assert "gives no log-probabilities: 5 sampled replies" in ended.message
    with db.read() as connection:
        assert {each.curve.votes for each in store.diagnoses_of(connection, at)} == {5}


def test_a_student_behind_an_endpoint_predicts_and_is_not_tuned(db: Database, server: OpenAIServer) -> None:
    at = fill(db, "p", teacher=server.name, student=server.name, count=3)
    with db.write() as connection:
        fresh = [replace(sample, source_id=f"new {sample.source_id}") for sample, _ in mistakes(6)]
        store.save_samples(connection, project=1, role="test", samples=fresh, images={})
    estimate = estimate_predict(db, "p")
    assert (estimate["items"], estimate["requests"], estimate["model"]) == (6, 6, server.name)
    job = go(db, put_predict(db, "p"))
    assert (job.state, job.done, job.error) == ("done", 9, "")
    with db.read() as connection:
        found = store.predictions_of(connection, at, "test")
    assert len(found) == len(server.asked) == 6
    assert all(each.text for each in found)
    with pytest.raises(UserError, match="answers behind an endpoint and cannot be tuned here"):
        put_tune(db, "p")


def test_labels_come_from_the_endpoint_after_an_estimate(db: Database, server: OpenAIServer) -> None:
    fill(db, "p", teacher=server.name, count=1)
    save_bare(db, response="2 is 2.")
    estimate = estimate_label(db, "bare", project="p", calls=5)
    assert (estimate["items"], estimate["requests"]) == (5, 5)
    assert "5 items: 5 requests to demo-teacher@" in estimate_text(estimate)
    assert go(db, put_label(db, "bare", project="p")).state == "done"
    assert len(server.asked) == 6
    assert estimate_label(db, "bare", project="p", calls=0)["requests"] == 0


def test_an_estimate_for_a_teacher_on_this_machine_is_nothing(db: Database) -> None:
    fill(db, "p", teacher="assets/demo/teacher", count=2)
    shown = estimate_diagnose(db, "p")
    assert (shown["requests"], shown["money"], shown["endpoint"]) == (0, 0.0, False)
    assert "runs on this machine" in estimate_text(shown)


def test_the_doctor_asks_each_endpoint_now(db: Database, server: OpenAIServer) -> None:
    fill(db, "p", teacher=server.name, student=server.name, count=1)
    first, second = run_checks(db.data)[-2:]
    assert (first["name"], first["found"]) == (f"{server.name} (p)", "answers, and lists 20 log-probabilities a token")
    assert second["ok"]
    server.manners.logprobs = False
    assert "gives no log-probabilities" in run_checks(db.data)[-2]["found"]
    server.manners.key = "another"
    assert all(not row["ok"] and "does not accept the key" in row["found"] for row in run_checks(db.data)[-2:])


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_a_project_with_a_key_in_a_models_name_is_not_made(db: Database, role: str) -> None:
    names = {"student": "s", "teacher": "t", role: f"m@http://user:{KEY}@host/v1"}
    with pytest.raises(UserError, match="hold no key"):
        create_project(db, "p", **names)
    with db.read() as connection:
        assert store.list_projects(connection) == []


def test_the_command_line_estimates_shows_what_was_spent_and_sets_the_cap(
    db: Database, server: OpenAIServer, command_line: CommandLine
) -> None:
    fill(db, "p", teacher=server.name, count=3)
    assert command_line.json("diagnose", "p", "--estimate")["items"] == 3
    assert "its price is not known" in " ".join(command_line.said("diagnose", "p", "--estimate").split())
    assert server.asked == []
    assert "of a cap of 2.50" in command_line.said("spending", "p", "--cap", 2.5, "--price", server.name, 1, 2)
    assert run_queued_job(db, put_diagnose(db, "p"), NOWHERE).done == 3
    shown = command_line.json("spending", "p")
    assert shown["cap"] == 2.5
    assert shown["models"][0]["price"] == [1.0, 2.0]
    assert shown["money"] > 0
    assert "no cap" in command_line.said("spending", "p", "--no-cap")
    with db.read() as connection:
        assert store.project_of(connection, 1).settings.endpoint == replace(
            QUICK, prices=((server.name, 1.0, 2.0),), spend_cap=EndpointSettings().spend_cap
        )


def test_the_data_tab_offers_the_cost_of_what_endpoints_will_be_asked(db: Database, server: OpenAIServer) -> None:
    fill(db, "p", teacher=server.name, count=2)
    fill(db, "here", teacher="assets/demo/teacher", count=2)
    assert 'data-of="diagnose"' in overview_html(db, move_to(Place(), project="p", round_number=0))
    assert "data-of" not in overview_html(db, move_to(Place(), project="here", round_number=0))
    assert server.asked == []


def test_groups_are_labelled_in_the_projects_own_words(db: Database, server: OpenAIServer) -> None:
    fill(db, "p", teacher=server.name, count=1)
    set_prompts(db, "p", {"label": "{question} NEEDS"})
    save_bare(db, task="sums")
    assert go(db, put_label(db, "bare", project="p", by="group")).state == "done"
    questions = [asked.body["messages"][-1]["content"] for asked in server.asked[1:]]  # the first one is the probe
    assert questions
    assert all(text.endswith(" NEEDS") for text in questions)


def test_a_model_behind_an_endpoint_is_tried_on_one_sample_and_a_refusal_is_told(
    db: Database, server: OpenAIServer
) -> None:
    fill(db, "p", teacher=server.name, student=server.name, count=1)
    for who in ("student", "teacher"):
        assert run_queued_job(db, put_try(db, "p", who), NOWHERE).state == "done"  # type: ignore[arg-type]
    with db.read() as connection:
        found = store.model_tries_of(connection, 1)
        assert store.diagnoses_of(connection, 1) == []
    assert found["student"].result["reply"]
    curve = found["teacher"].result["curve"]
    assert [round(sum(row), 6) for row in curve["probabilities"]] == [1.0] * len(curve["probabilities"])
    server.manners.key = "another"
    with pytest.raises(UserError, match="does not accept the key"):
        run_queued_job(db, put_try(db, "p", "student", another=True), NOWHERE)
