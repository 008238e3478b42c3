"""Every statement that the store runs finds its rows by an index: nothing reads a big table from end to end."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from core.answer_switch import find_switch
from core.types import Batch, Draft, Evidence, Hit, Leak, Ruling, Selection, Spent, Trial, TuningSettings, Update
from storage import images, jobs, store
from storage.database import Database
from storage.store import CaseFilters, lineage
from tests.storage.world import (
    AN_ESTIMATE,
    Picture,
    a_diagnosis,
    a_prediction,
    a_project,
    a_review,
    a_round_of_errors,
    a_sample,
    an_adoption,
)

ALIASES = {
    "said",
    "newer",
    "earlier",
    "stood",
    "said_first",
    "said_second",
    "first",
    "second",
}  # of reviews, predictions
BIG = {
    *(
        "samples",
        "images",
        "predictions",
        "diagnoses",
        "reviews",
        "gold",
        "hits",
        "rulings",
        "leaks",
        "updates",
        "drafts",
        "bulk_reviews",
    ),
    *("labels", "rulings", "leaks", "estimates"),
    *("replies", "spending", "trials", "evidence"),
    "batched_requests",
    *ALIASES,
}
FILTERS = CaseFilters(
    verdict="unreviewed",
    category="category 1",
    skill="skill 1",
    mistake_step=2,
    status="switched",
    confidence=(0.1, 0.9),
    reviewer="Ada",
    text="what",
)


def everything_the_store_does(c: Connection) -> dict[str, Callable[[], Any]]:
    """Each public function by name, ready to be called on a round with 30 errors, some of them reviewed."""
    base, ids = a_round_of_errors(c, 30, undiagnosed=5)
    one = ids[0]
    refs = {"ab": Picture(hash="ab")}
    found = [a_sample(number, image="ab") for number in range(9)]
    store.save_samples(c, project=None, role="support", name="flan", samples=found, images=refs)
    store.add_review(c, a_review(base, one, "label_wrong"))
    store.add_review(c, a_review(base, ids[1], "accepted"))
    lesson = next(store.support_samples(c, "")).id
    part = store.begin_part(c, "flan", "a file")
    hit = Hit(sample=lesson, skill="a", score=1.0, terms=("a",))
    asked = Selection(project=1, round=base, support="flan", budget=1, seed=0, demands=(), hits=(hit,), leaked=0)
    leak = Leak(sample=lesson, why="image", key="ab", measured=one)
    asked = replace(asked, leaks=(leak,))
    chosen = store.save_selection(c, asked).id
    ruling = store.add_ruling(c, 1, Ruling(skill="a", act="pin", sample=lesson))
    tuning = TuningSettings()
    run = store.create_run(c, project=1, selection=chosen, from_round=base, settings=tuning).id
    update = Update(run=run, number=1, total=1, epoch=1.0, loss=1.0, learning_rate=1.0, samples_per_second=1.0)
    mine = jobs.put(c, "predict", 1, {})
    job = mine.id
    trial = Trial(project=1, base=base, setup="s", arm="targeted", budget=1, seed=0)
    begun = store.begin_trial(c, trial).id
    said = Evidence(round=base, teacher="t", method="random_step", variant="0", sample=one, value="a skill")
    settings = store.project(c, 1).settings
    named = {"project": 1, "role": "validation"}
    last = store.cases_page(c, base, limit=3)[-1]
    draft = Draft(round=base, sample=one, reviewer="Ada", skill="adding")
    counts = {"requests": 2, "tokens_in": 1, "tokens_out": 1}
    batch = Batch(project=1, support="flan", by="sample", model="m", url="u", token="t", **counts)
    batch = store.begin_batch(c, batch, ["ab", "cd", "ef"])
    orders = ("least_sure", "skill", "id")

    def every_page(page: Callable[..., object]) -> None:
        for order in orders:
            for filters in (CaseFilters(), FILTERS):
                for after in (None, store.cursor_of(last, order), (None, one)):
                    page(c, base, after=after, limit=2, filters=filters, order=order)

    return {
        "project": lambda: store.project(c, 1),
        "project_named": lambda: store.project_named(c, "demo"),
        "list_projects": lambda: store.list_projects(c),
        "create_project": lambda: a_project(c, "other"),
        "save_settings": lambda: store.save_settings(c, 1, settings),
        "open_round": lambda: store.open_round(c, 1, run=run),
        "round_of": lambda: store.round_of(c, base),
        "rounds_of": lambda: store.rounds_of(c, 1),
        "save_samples": lambda: store.save_samples(c, **named, samples=[a_sample(1), a_sample(99)], images=refs),
        "samples_of": lambda: list(store.samples_of(c, **named)),
        "count_samples": lambda: store.count_samples(c, **named),
        "samples_by_source_id": lambda: store.samples_by_source_id(c, **named, source_ids=["s1"]),
        "samples_by_id": lambda: store.samples_by_id(c, ids),
        "roles_of": lambda: store.roles_of(c, ids),
        "get_sample": lambda: store.get_sample(c, one),
        "support_samples": lambda: list(store.support_samples(c, "")),
        "labelled_support": lambda: store.labelled_support(c, ""),
        "support_set": lambda: store.support_set(c, ""),
        "support_sets": lambda: store.support_sets(c),
        "support_ids": lambda: store.support_ids(c, ""),
        "support_questions": lambda: list(store.support_questions(c, "")),
        "missing_label_ids": lambda: store.missing_label_ids(c, ""),
        "missing_labels": lambda: store.missing_labels(c, "", limit=2),
        "save_labels": lambda: store.save_labels(c, [(lesson, "a")]),
        "labels_to_check": lambda: store.labels_to_check(c, "", reviewer="Ada", seed=0, limit=2),
        "save_label_check": lambda: store.save_label_check(c, lesson, reviewer="Ada", fits=True),
        "checked_labels": lambda: store.checked_labels(c, ""),
        "same_content": lambda: store.same_content(store.get_sample(c, one), a_sample(0)),
        "begin_part": lambda: store.begin_part(c, "flan", "another file"),
        "unfinished_parts": lambda: store.unfinished_parts(c, "flan"),
        "save_part": lambda: store.save_part(
            c, part, name="flan", start=0, handled=2, samples=[a_sample(0), a_sample(50)], images=refs
        ),
        "finish_part": lambda: store.finish_part(c, part),
        "save_predictions": lambda: store.save_predictions(c, [a_prediction(base, one)]),
        "missing_predictions": lambda: store.missing_predictions(c, base, "validation"),
        "predictions_of": lambda: store.predictions_of(c, base, "validation"),
        "prediction": lambda: store.prediction(c, base, one),
        "correctness": lambda: store.correctness(c, base, "validation"),
        "scores": lambda: store.scores(c, base, "validation"),
        "save_gold": lambda: store.save_gold(c, base, [(one, 1)]),
        "gold_of": lambda: store.gold_of(c, base),
        "save_diagnoses": lambda: store.save_diagnoses(c, [a_diagnosis(base, one)]),
        "missing_diagnoses": lambda: store.missing_diagnoses(c, base),
        "diagnosis": lambda: store.diagnosis(c, base, one),
        "diagnoses_of": lambda: store.diagnoses_of(c, base),
        "readings_version": lambda: store.readings_version(c, base),
        "reread": lambda: store.reread(c, base, 0.1, 2, find_switch),
        "save_adoption": lambda: store.save_adoption(c, an_adoption(1, base)),
        "adoptions_of": lambda: store.adoptions_of(c, 1),
        "adopted_round": lambda: store.adopted_round(c, 1),
        "origin_of": lambda: lineage.origin_of(c, one),
        "hits_of_skill": lambda: lineage.hits_of_skill(c, chosen, "a", limit=3),
        "count_hits_of_skill": lambda: lineage.count_hits_of_skill(c, chosen, "a"),
        "hits_of_sample": lambda: lineage.hits_of_sample(c, lesson),
        "review_at": lambda: lineage.review_at(c, base, one, "2100"),
        "errors_asking_at": lambda: lineage.errors_asking_at(c, base, "adding numbers", "2100"),
        "marks_for": lambda: store.marks_for(c, base, ids),
        "pairs_of": lambda: store.pairs_of(c, base, base, "validation"),
        "predictions_for": lambda: store.predictions_for(c, base, ids),
        "named_skills": lambda: store.named_skills(c, base),
        "missing_skills": lambda: store.missing_skills(c, base),
        "cases_page": lambda: every_page(store.cases_page),
        "lines_page": lambda: every_page(store.lines_page),
        "case_of": lambda: store.case_of(c, base, one),
        "count_cases": lambda: store.count_cases(c, base, FILTERS),
        "facet_counts": lambda: store.facet_counts(c, base, FILTERS),
        "add_review": lambda: store.add_review(c, a_review(base, one, "rejected")),
        "undo": lambda: store.undo(c, base, one, "Ada"),
        "redo": lambda: store.redo(c, base, one, "Ada"),
        "newest_review": lambda: store.newest_review(c, base, one),
        "add_reviews": lambda: store.add_reviews(c, [(last, a_review(base, last.sample.id, "rejected"))]),
        "bulk_of": lambda: store.bulk_of(c, 1),
        "bulks_of": lambda: store.bulks_of(c, base),
        "round_of_bulk": lambda: store.round_of_bulk(c, 1),
        "undo_bulk": lambda: store.undo_bulk(c, 1, "Ada"),
        "save_draft": lambda: store.save_draft(c, draft),
        "draft_of": lambda: store.draft_of(c, base, one, "Ada"),
        "drop_draft": lambda: store.drop_draft(c, base, one, "Ada"),
        "current_review": lambda: store.current_review(c, base, one),
        "last_reviewed": lambda: store.last_reviewed(c, base, "Ada"),
        "histories": lambda: store.histories(c, base),
        "history": lambda: store.history(c, base, one),
        "accepted_skills": lambda: store.accepted_skills(c, base),
        "review_counts": lambda: store.review_counts(c, base),
        "save_selection": lambda: store.save_selection(c, asked),
        "selection": lambda: store.selection(c, chosen),
        "selections_of": lambda: store.selections_of(c, 1),
        "make_up_of": lambda: store.make_up_of(c, chosen),
        "leaks_of": lambda: store.leaks_of(c, chosen, limit=1),
        "add_ruling": lambda: store.add_ruling(c, 1, Ruling(skill="a", act="remove", task="task 1")),
        "rulings_of": lambda: store.rulings_of(c, 1),
        "standing_ruling": lambda: store.standing_ruling(c, 1, ruling),
        "ruling_of": lambda: store.ruling_of(c, 1, ruling.id),
        "newest_ruling": lambda: store.newest_ruling(c, 1),
        "hits_page": lambda: store.hits_page(c, chosen, limit=1),
        "create_run": lambda: store.create_run(c, project=1, selection=chosen, from_round=base, settings=tuning),
        "run_of": lambda: store.run_of(c, run),
        "runs_of": lambda: store.runs_of(c, 1),
        "save_updates": lambda: store.save_updates(c, [update]),
        "drop_updates": lambda: store.drop_updates(c, run, after=1),
        "save_estimate": lambda: store.save_estimate(c, chosen, tuning, AN_ESTIMATE),
        "estimate_of": lambda: store.estimate_of(c, chosen),
        "selected_ids": lambda: store.selected_ids(c, chosen),
        "updates_of": lambda: store.updates_of(c, run),
        "finish_run": lambda: store.finish_run(c, run, "adapter"),
        "reply_of": lambda: store.reply_of(c, "ab"),
        "replies_of": lambda: store.replies_of(c, ["ab"]),
        "begin_batch": lambda: store.begin_batch(c, replace(batch, token="other"), ["gh"]),
        "advance_batch": lambda: store.advance_batch(c, batch.id, state="creating"),
        "batches_of": lambda: store.batches_of(c, 1),
        "batches_under_way": lambda: store.batches_under_way(c),
        "spending_under_way": lambda: store.spending_under_way(c, 1),
        "requests_in_batches": lambda: store.requests_in_batches(c, ["ab"]),
        "take_answers": lambda: store.take_answers(c, batch, {"ab": ("{}", 1, 1)}),
        "take_refusals": lambda: store.take_refusals(c, batch, {"cd": ("no", 1)}),
        "release_requests": lambda: store.release_requests(c, batch.id),
        "finish_batch": lambda: store.finish_batch(c, batch.id),
        "drop_batch": lambda: store.drop_batch(c, batch.id),
        "save_reply": lambda: store.save_reply(c, "ab", "{}"),
        "add_spent": lambda: store.add_spent(c, 1, Spent(model="m", requests=1, tokens_in=1, tokens_out=1)),
        "spending_of": lambda: store.spending_of(c, 1),
        "counts": lambda: store.counts(c, 1),
        "categories_of": lambda: store.categories_of(c, **named),
        "save_models": lambda: store.save_models(c, 1, student="s", teacher="t"),
        "begin_pending": lambda: store.begin_pending(c, 1, "Ada", request={}, file="a.csv", upload=""),
        "pending_import": lambda: store.pending_import(c, 1, "Ada"),
        "pending_imports": lambda: store.pending_imports(c),
        "update_pending": lambda: store.update_pending(c, 1, seen=5),
        "drop_pending": lambda: store.drop_pending(c, 1),
        "save_try": lambda: store.save_try(c, 1, "student", sample=one, model="s", result={}),
        "tries_of": lambda: store.tries_of(c, 1),
        "begin_trial": lambda: store.begin_trial(c, trial),
        "advance_trial": lambda: store.advance_trial(c, begun, selection=chosen, run=run),
        "answered": lambda: store.answered(c, [base]),
        "trial_of": lambda: store.trial_of(c, begun),
        "count_evidence": lambda: store.count_evidence(c, base),
        "trials_of": lambda: store.trials_of(c, base, "s"),
        "save_evidence": lambda: store.save_evidence(c, [said]),
        "evidence_of": lambda: store.evidence_of(c, base, "t", "random_step", "0"),
        "accepted_cases": lambda: store.accepted_cases(c, base),
        "cursor_of": lambda: store.cursor_of(last),
        "save_images": lambda: images.save_images(c, refs.values()),
        "image_bytes": lambda: images.image_bytes(c, "ab"),
        "image_version": lambda: images.image_version(c, "ab"),
        "image_path": lambda: images.image_path(c, "ab"),
        "content_hashes": lambda: images.content_hashes(c, ["ab"]),
        "keep_hashes": lambda: images.keep_hashes(c, {"ab": ("ab", "")}),
        "put": lambda: jobs.put(c, "predict", 1, {}),
        "claim": lambda: jobs.claim(c, "worker", 1, 1.0),
        "progress": lambda: jobs.progress(c, mine, 1, 2),
        "job": lambda: jobs.job(c, job),
        "jobs_of": lambda: jobs.jobs_of(c, 1),
        "cancel_asked": lambda: jobs.cancel_asked(c, job),
    }


def plan_of(c: Connection, statement: str, parameters: Any) -> list[str]:
    first = parameters[0] if isinstance(parameters, list) else parameters
    return [row[3] for row in c.connection.execute(f"EXPLAIN QUERY PLAN {statement}", first).fetchall()]


def test_no_statement_reads_a_big_table_from_end_to_end(db: Database) -> None:
    ran: list[tuple[str, Any]] = []
    with db.write() as c:
        calls = everything_the_store_does(c)
        event.listen(c, "before_cursor_execute", lambda *call: ran.append(call[2:4]))
        for call in calls.values():
            call()
        scans = [
            (step, statement)
            for statement, parameters in ran
            if not statement.startswith("INSERT")  # its RETURNING is listed as a scan of the row that it added
            for step in plan_of(c, statement, parameters)
            if step.startswith("SCAN") and step.split()[1] in BIG
        ]
    assert len({statement for statement, _ in ran}) > 60
    assert scans == []


def test_pages_of_cases_are_read_in_the_order_of_an_index(db: Database) -> None:
    ran: list[tuple[str, Any]] = []
    with db.write() as c:
        calls = everything_the_store_does(c)
        event.listen(c, "before_cursor_execute", lambda *call: ran.append(call[2:4]))
        calls["cases_page"]()
        calls["lines_page"]()
        plans = [plan_of(c, statement, parameters) for statement, parameters in ran]
    assert len(plans) > 30
    assert [plan for plan in plans if any("TEMP B-TREE" in step for step in plan)] == []
    firsts = {plan[0].split("USING ")[1].split(" (")[0] for plan in plans}
    assert firsts == {"INDEX diagnoses_least_sure", "INDEX diagnoses_by_skill", "INDEX predictions_wrong"}


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("hits_of_skill", "COVERING INDEX hits_by_skill"),
        ("count_hits_of_skill", "COVERING INDEX hits_by_skill"),
        ("hits_of_sample", "INDEX hits_by_sample"),
        ("errors_asking_at", "INDEX reviews_by_skill"),
        ("review_at", "INDEX reviews_of_case"),
    ],
)
def test_lineage_is_followed_by_its_indexes(db: Database, name: str, index: str) -> None:
    ran: list[tuple[str, Any]] = []
    with db.write() as c:
        calls = everything_the_store_does(c)
        event.listen(c, "before_cursor_execute", lambda *call: ran.append(call[2:4]))
        calls[name]()
        ((statement, parameters),) = ran
        plan = plan_of(c, statement, parameters)
    assert any(f"USING {index} (" in step for step in plan)
    assert not any("TEMP B-TREE" in step for step in plan)


def test_every_public_function_of_the_store_was_looked_at(db: Database) -> None:
    public = {name for name, each in vars(store).items() if inspect.isfunction(each)}
    with db.write() as c:
        assert public <= set(everything_the_store_does(c))


@pytest.mark.parametrize("table", sorted(BIG - ALIASES))
def test_the_check_would_notice_a_scan(db: Database, table: str) -> None:
    with db.read() as c:
        first = c.exec_driver_sql(f"SELECT * FROM {table}").keys()
        (step,) = plan_of(c, f"SELECT * FROM {table} WHERE {list(first)[-1]} || '' = 'x'", ())
        assert step.startswith("SCAN")
        assert step.split()[1] in BIG
