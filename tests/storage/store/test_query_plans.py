"""Every statement of the store finds its rows by an index: none scans a big table."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from core.answer_switch import find_switch
from core.types import BatchRequest, Draft, Evidence, Hit, Leak, Ruling, Spent, Trial, TuningSettings
from storage import images, jobs, store
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
    a_selection,
    an_adoption,
    an_update,
    lessons,
)

# Of reviews and predictions.
ALIASES = {"said", "newer", "earlier", "stood", "said_first", "said_second", "first", "second"}
BIG = ALIASES | {
    *("samples", "images", "predictions", "diagnoses", "reviews", "gold", "hits", "rulings", "leaks", "updates"),
    *("drafts", "bulk_reviews", "labels", "estimates", "replies", "spending", "trials", "evidence"),
    *("batched_requests", "replaced_readings", "set_aside_diagnoses", "set_aside_evidence"),
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


def everything_the_store_does(connection: Connection) -> dict[str, Callable[[], Any]]:
    """Each public function by name, ready to be called on a round with 30 errors, some of them reviewed."""
    base, ids = a_round_of_errors(connection, 30, undiagnosed=5)
    one = ids[0]
    refs = {"ab": Picture(hash="ab")}
    lesson, *_ = lessons(connection, [a_sample(number, image="ab") for number in range(9)], **refs)
    store.add_review(connection, a_review(base, one, "label_wrong"))
    store.add_review(connection, a_review(base, ids[1], "accepted"))
    part = store.begin_support_part(connection, "flan", "a file")
    hit = Hit(sample=lesson, skill="a", score=1.0, terms=("a",))
    asked = a_selection(base, [hit], leaks=(Leak(sample=lesson, why="image", key="ab", measured=one),))
    chosen = store.save_selection(connection, asked).id
    ruling = store.add_ruling(connection, 1, Ruling(skill="a", act="pin", sample=lesson))
    tuning = TuningSettings()
    run = store.create_run(connection, project=1, selection=chosen, from_round=base, settings=tuning).id
    mine = jobs.put(connection, "predict", 1, {})
    job = mine.id
    trial = Trial(project=1, base=base, setup="s", arm="targeted", budget=1, seed=0)
    begun = store.begin_trial(connection, trial).id
    said = Evidence(round=base, teacher="t", method="random_step", variant="0", sample=one, value="a skill")
    settings = store.project_of(connection, 1).settings
    named = {"project": 1, "role": "validation"}
    last = store.cases_page(connection, base, limit=3)[-1]
    draft = Draft(round=base, sample=one, reviewer="Ada", skill="adding")
    counts = {"requests": 2, "tokens_in": 1, "tokens_out": 1}
    batch = BatchRequest(project=1, support="flan", by="sample", model="m", url="u", token="t", **counts)
    batch = store.begin_batch(connection, batch, ["ab", "cd", "ef"])
    read = store.begin_rereading(connection, 1, [base], 1, "Ada")
    orders = ("least_sure", "skill", "id")

    def every_page(page: Callable[..., object]) -> None:
        for order in orders:
            for filters in (CaseFilters(), FILTERS):
                for after in (None, store.cursor_of(last, order), (None, one)):
                    page(connection, base, after=after, limit=2, filters=filters, order=order)

    return {
        "project_of": lambda: store.project_of(connection, 1),
        "project_named": lambda: store.project_named(connection, "demo"),
        "list_projects": lambda: store.list_projects(connection),
        "create_project": lambda: a_project(connection, "other"),
        "save_settings": lambda: store.save_settings(connection, 1, settings),
        "open_round": lambda: store.open_round(connection, 1, run=run),
        "round_of": lambda: store.round_of(connection, base),
        "rounds_of": lambda: store.rounds_of(connection, 1),
        "save_samples": lambda: store.save_samples(
            connection, **named, samples=[a_sample(1), a_sample(99)], images=refs
        ),
        "samples_of": lambda: list(store.samples_of(connection, **named)),
        "count_samples": lambda: store.count_samples(connection, **named),
        "samples_by_source_id": lambda: store.samples_by_source_id(connection, **named, source_ids=["s1"]),
        "samples_by_id": lambda: store.samples_by_id(connection, ids),
        "sample_roles": lambda: store.sample_roles(connection, ids),
        "get_sample": lambda: store.get_sample(connection, one),
        "support_samples": lambda: list(store.support_samples(connection, "")),
        "labelled_support": lambda: store.labelled_support(connection, ""),
        "named_support_set": lambda: store.named_support_set(connection, ""),
        "support_sets": lambda: store.support_sets(connection),
        "support_sample_ids": lambda: store.support_sample_ids(connection, ""),
        "support_questions": lambda: list(store.support_questions(connection, "")),
        "missing_label_ids": lambda: store.missing_label_ids(connection, ""),
        "missing_labels": lambda: store.missing_labels(connection, "", limit=2),
        "save_labels": lambda: store.save_labels(connection, [(lesson, "a")]),
        "labels_to_check": lambda: store.labels_to_check(connection, "", reviewer="Ada", seed=0, limit=2),
        "save_label_check": lambda: store.save_label_check(connection, lesson, reviewer="Ada", fits=True),
        "checked_labels": lambda: store.checked_labels(connection, ""),
        "is_same_sample": lambda: store.is_same_sample(store.get_sample(connection, one), a_sample(0)),
        "begin_support_part": lambda: store.begin_support_part(connection, "flan", "another file"),
        "unfinished_support_parts": lambda: store.unfinished_support_parts(connection, "flan"),
        "save_support_part": lambda: store.save_support_part(
            connection, part, name="flan", start=0, handled=2, samples=[a_sample(0), a_sample(50)], images=refs
        ),
        "finish_support_part": lambda: store.finish_support_part(connection, part),
        "save_predictions": lambda: store.save_predictions(connection, [a_prediction(base, one)]),
        "missing_predictions": lambda: store.missing_predictions(connection, base, "validation"),
        "predictions_of": lambda: store.predictions_of(connection, base, "validation"),
        "prediction_of": lambda: store.prediction_of(connection, base, one),
        "correct_predictions": lambda: store.correct_predictions(connection, base, "validation"),
        "prediction_scores": lambda: store.prediction_scores(connection, base, "validation"),
        "summed_scores": lambda: store.summed_scores(connection, base, "validation"),
        "save_gold_steps": lambda: store.save_gold_steps(connection, base, [(one, 1)]),
        "gold_steps_of": lambda: store.gold_steps_of(connection, base),
        "count_older_readings": lambda: store.count_older_readings(connection, 1, 2),
        "rounds_to_read": lambda: store.rounds_to_read(connection, 1, 1),
        "round_numbers": lambda: store.round_numbers(connection, 1),
        "older_readings": lambda: store.older_readings(connection, base, 1, after=one, limit=2),
        "has_given_answers": lambda: store.has_given_answers(connection, base),
        "begin_rereading": lambda: store.begin_rereading(connection, 1, [base], 1, "Ada"),
        "replace_readings": lambda: store.replace_readings(
            connection, read.id, [replace(a_prediction(base, ids[2]), reading_version=1)], {ids[2]}
        ),
        "newest_rereading": lambda: store.newest_rereading(connection, 1),
        "reading_stamp": lambda: store.reading_stamp(connection),
        "dependents_of": lambda: store.dependents_of(connection, read),
        "undo_rereading": lambda: store.undo_rereading(connection, read.id),
        "save_diagnoses": lambda: store.save_diagnoses(connection, [a_diagnosis(base, one)]),
        "missing_diagnoses": lambda: store.missing_diagnoses(connection, base),
        "diagnosis_of": lambda: store.diagnosis_of(connection, base, one),
        "diagnoses_of": lambda: store.diagnoses_of(connection, base),
        "curves_version": lambda: store.curves_version(connection, base),
        "apply_thresholds": lambda: store.apply_thresholds(connection, base, 0.1, 2, find_switch),
        "save_adoption": lambda: store.save_adoption(connection, an_adoption(1, base)),
        "adoptions_of": lambda: store.adoptions_of(connection, 1),
        "adopted_round_id": lambda: store.adopted_round_id(connection, 1),
        "origin_of": lambda: lineage.origin_of(connection, one),
        "hits_of_skill": lambda: lineage.hits_of_skill(connection, chosen, "a", limit=3),
        "count_hits_of_skill": lambda: lineage.count_hits_of_skill(connection, chosen, "a"),
        "hits_of_sample": lambda: lineage.hits_of_sample(connection, lesson),
        "review_at": lambda: lineage.review_at(connection, base, one, "2100"),
        "errors_asking_at": lambda: lineage.errors_asking_at(connection, base, "adding numbers", "2100"),
        "correctness_for": lambda: store.correctness_for(connection, base, ids),
        "score_pairs_of": lambda: store.score_pairs_of(connection, base, base, "validation"),
        "predictions_for": lambda: store.predictions_for(connection, base, ids),
        "skills_by_sample": lambda: store.skills_by_sample(connection, base),
        "missing_skills": lambda: store.missing_skills(connection, base),
        "cases_page": lambda: every_page(store.cases_page),
        "lines_page": lambda: every_page(store.lines_page),
        "case_of": lambda: store.case_of(connection, base, one),
        "count_cases": lambda: store.count_cases(connection, base, FILTERS),
        "facet_counts": lambda: store.facet_counts(connection, base, FILTERS),
        "add_review": lambda: store.add_review(connection, a_review(base, one, "rejected")),
        "undo_review": lambda: store.undo_review(connection, base, one, "Ada"),
        "redo_review": lambda: store.redo_review(connection, base, one, "Ada"),
        "newest_review_id": lambda: store.newest_review_id(connection, base, one),
        "add_bulk_review": lambda: store.add_bulk_review(
            connection, [(last, a_review(base, last.sample.id, "rejected"))]
        ),
        "bulk_review_of": lambda: store.bulk_review_of(connection, 1),
        "bulk_reviews_of": lambda: store.bulk_reviews_of(connection, base),
        "round_of_bulk_review": lambda: store.round_of_bulk_review(connection, 1),
        "undo_bulk_review": lambda: store.undo_bulk_review(connection, 1, "Ada"),
        "save_draft": lambda: store.save_draft(connection, draft),
        "draft_of": lambda: store.draft_of(connection, base, one, "Ada"),
        "drop_draft": lambda: store.drop_draft(connection, base, one, "Ada"),
        "current_review": lambda: store.current_review(connection, base, one),
        "last_reviewed_sample": lambda: store.last_reviewed_sample(connection, base, "Ada"),
        "review_histories": lambda: store.review_histories(connection, base),
        "review_history": lambda: store.review_history(connection, base, one),
        "accepted_skills": lambda: store.accepted_skills(connection, base),
        "review_counts": lambda: store.review_counts(connection, base),
        "save_selection": lambda: store.save_selection(connection, asked),
        "selection_of": lambda: store.selection_of(connection, chosen),
        "selections_of": lambda: store.selections_of(connection, 1),
        "composition_of": lambda: store.composition_of(connection, chosen),
        "leaks_of": lambda: store.leaks_of(connection, chosen, limit=1),
        "add_ruling": lambda: store.add_ruling(connection, 1, Ruling(skill="a", act="remove", task="task 1")),
        "rulings_of": lambda: store.rulings_of(connection, 1),
        "standing_ruling": lambda: store.standing_ruling(connection, 1, ruling),
        "ruling_of": lambda: store.ruling_of(connection, 1, ruling.id),
        "newest_ruling_id": lambda: store.newest_ruling_id(connection, 1),
        "hits_page": lambda: store.hits_page(connection, chosen, limit=1),
        "create_run": lambda: store.create_run(
            connection, project=1, selection=chosen, from_round=base, settings=tuning
        ),
        "run_of": lambda: store.run_of(connection, run),
        "runs_of": lambda: store.runs_of(connection, 1),
        "save_updates": lambda: store.save_updates(connection, [an_update(run, 1)]),
        "drop_updates": lambda: store.drop_updates(connection, run, after=1),
        "save_tuning_estimate": lambda: store.save_tuning_estimate(connection, chosen, tuning, AN_ESTIMATE),
        "tuning_estimate_of": lambda: store.tuning_estimate_of(connection, chosen),
        "selected_sample_ids": lambda: store.selected_sample_ids(connection, chosen),
        "updates_of": lambda: store.updates_of(connection, run),
        "finish_run": lambda: store.finish_run(connection, run, "adapter"),
        "reply_of": lambda: store.reply_of(connection, "ab"),
        "replies_of": lambda: store.replies_of(connection, ["ab"]),
        "begin_batch": lambda: store.begin_batch(connection, replace(batch, token="other"), ["gh"]),
        "advance_batch": lambda: store.advance_batch(connection, batch.id, state="creating"),
        "batches_of": lambda: store.batches_of(connection, 1),
        "batches_under_way": lambda: store.batches_under_way(connection),
        "spending_under_way": lambda: store.spending_under_way(connection, 1),
        "requests_in_batches": lambda: store.requests_in_batches(connection, ["ab"]),
        "save_answers": lambda: store.save_answers(connection, batch, {"ab": ("{}", 1, 1)}),
        "count_unanswered": lambda: store.count_unanswered(connection, batch, {"ab": (1, 1)}),
        "save_refusals": lambda: store.save_refusals(connection, batch, {"cd": ("no", 1)}),
        "release_requests": lambda: store.release_requests(connection, batch.id),
        "finish_batch": lambda: store.finish_batch(connection, batch.id),
        "drop_batch": lambda: store.drop_batch(connection, batch.id),
        "save_reply": lambda: store.save_reply(connection, "ab", "{}"),
        "add_spending": lambda: store.add_spending(
            connection, 1, Spent(model="m", requests=1, tokens_in=1, tokens_out=1)
        ),
        "spending_of": lambda: store.spending_of(connection, 1),
        "round_counts": lambda: store.round_counts(connection, 1),
        "category_counts": lambda: store.category_counts(connection, **named),
        "save_models": lambda: store.save_models(connection, 1, student="s", teacher="t"),
        "begin_pending_import": lambda: store.begin_pending_import(
            connection, 1, "Ada", request={}, file="a.csv", upload=""
        ),
        "pending_import_of": lambda: store.pending_import_of(connection, 1, "Ada"),
        "pending_imports": lambda: store.pending_imports(connection),
        "update_pending_import": lambda: store.update_pending_import(connection, 1, seen=5),
        "drop_pending_import": lambda: store.drop_pending_import(connection, 1),
        "save_model_try": lambda: store.save_model_try(connection, 1, "student", sample=one, model="s", result={}),
        "model_tries_of": lambda: store.model_tries_of(connection, 1),
        "begin_trial": lambda: store.begin_trial(connection, trial),
        "advance_trial": lambda: store.advance_trial(connection, begun, selection=chosen, run=run),
        "trial_answer_counts": lambda: store.trial_answer_counts(connection, [base]),
        "trial_of": lambda: store.trial_of(connection, begun),
        "count_evidence": lambda: store.count_evidence(connection, base),
        "trials_of": lambda: store.trials_of(connection, base, "s"),
        "save_evidence": lambda: store.save_evidence(connection, [said]),
        "evidence_of": lambda: store.evidence_of(connection, base, "t", "random_step", "0"),
        "accepted_cases": lambda: store.accepted_cases(connection, base),
        "cursor_of": lambda: store.cursor_of(last),
        "save_images": lambda: images.save_images(connection, refs.values()),
        "image_bytes": lambda: images.image_bytes(connection, "ab"),
        "image_version": lambda: images.image_version(connection, "ab"),
        "image_path": lambda: images.image_path(connection, "ab"),
        "content_hashes": lambda: images.content_hashes(connection, ["ab"]),
        "save_content_hashes": lambda: images.save_content_hashes(connection, {"ab": ("ab", "")}),
        "put": lambda: jobs.put(connection, "predict", 1, {}),
        "claim": lambda: jobs.claim(connection, "worker", 1, 1.0),
        "progress": lambda: jobs.progress(connection, mine, 1, 2),
        "job": lambda: jobs.job(connection, job),
        "jobs_of": lambda: jobs.jobs_of(connection, 1),
        "cancel_asked": lambda: jobs.cancel_asked(connection, job),
    }


def statements_of(connection: Connection, *names: str) -> list[tuple[str, Any]]:
    """What these functions run, all of them where none is named: each statement with its parameters."""
    calls = everything_the_store_does(connection)
    ran: list[tuple[str, Any]] = []
    event.listen(connection, "before_cursor_execute", lambda *call: ran.append(call[2:4]))
    for name in names or calls:
        calls[name]()
    return ran


def plan_of(connection: Connection, statement: str, parameters: Any) -> list[str]:
    first = parameters[0] if isinstance(parameters, list) else parameters
    return [row[3] for row in connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", first).fetchall()]


def test_no_statement_reads_a_big_table_from_end_to_end(connection: Connection) -> None:
    ran = statements_of(connection)
    scans = [
        (step, statement)
        for statement, parameters in ran
        if not statement.startswith("INSERT")  # its RETURNING is listed as a scan of the row that it added
        for step in plan_of(connection, statement, parameters)
        if step.startswith("SCAN") and step.split()[1] in BIG
    ]
    assert len({statement for statement, _ in ran}) > 60
    assert scans == []


def test_pages_of_cases_are_read_in_the_order_of_an_index(connection: Connection) -> None:
    plans = [plan_of(connection, *each) for each in statements_of(connection, "cases_page", "lines_page")]
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
def test_lineage_is_followed_by_its_indexes(connection: Connection, name: str, index: str) -> None:
    (statement,) = statements_of(connection, name)
    plan = plan_of(connection, *statement)
    assert any(f"USING {index} (" in step for step in plan)
    assert not any("TEMP B-TREE" in step for step in plan)


def test_every_public_function_of_the_store_was_looked_at(connection: Connection) -> None:
    public = {name for name, each in vars(store).items() if inspect.isfunction(each)}
    assert public <= set(everything_the_store_does(connection))


@pytest.mark.parametrize("table", sorted(BIG - ALIASES))
def test_the_check_would_notice_a_scan(connection: Connection, table: str) -> None:
    first = connection.exec_driver_sql(f"SELECT * FROM {table}").keys()
    (step,) = plan_of(connection, f"SELECT * FROM {table} WHERE {list(first)[-1]} || '' = 'x'", ())
    assert step.startswith("SCAN")
    assert step.split()[1] in BIG
