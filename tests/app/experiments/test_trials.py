"""Experiments as jobs: every trial once, some concurrently, and hidden from the project's lists."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.engines.local_engine import LocalEngine
from app.experiments.results import Results, markdown, results
from app.jobs.queue import put_experiment
from app.projects.lookup import find_project
from app.projects.status import next_step
from app.reviews.verdicts import accept_all, add_review
from app.worker.loop import run_queued_job
from app.worker.registry import run_job
from core.errors import UserError
from core.evaluation.experiment import ARMS, arm_outcome
from core.types import Evidence, Trial
from storage import store
from storage.database import Database, open_database
from tests.projects.handmade_diagnoses import diagnose_by_hand
from tests.projects.tiny_project import SKILLS, TinyFiles, fill_project


def name_by_hand(db: Database, *, but: int = 0, seeds: int = 2) -> None:
    """Save skills of random steps for most errors, because the tiny teacher's skills match nothing."""
    with db.write() as connection:
        teacher = store.list_projects(connection)[0].teacher
        for seed in range(seeds):
            store.save_evidence(
                connection,
                [
                    Evidence(
                        round=1, teacher=teacher, method="random_step", variant=str(seed), sample=sample,
                        value=SKILLS[(sample + seed) % 3],
                    )
                    for sample, _, _ in store.accepted_cases(connection, 1)[but:]
                ],
            )  # fmt: skip


def run(db: Database, project: str, arms: Sequence[str] = ARMS, *, seeds: int = 1, at_once: int = 1) -> None:
    job = put_experiment(db, project, arms=arms, budgets=[4], seeds=seeds, at_once=at_once)
    run_queued_job(db, job, LocalEngine("cpu"))


def trials(db: Database) -> list[Trial]:
    with db.read() as connection:
        return store.trials_of(connection, 1)


def test_every_arm_chooses_tunes_and_answers_the_test_set(db: Database, ready: str) -> None:
    name_by_hand(db, but=1)
    run(db, ready)
    found = results(db, ready)
    done = [arm for arm in ARMS if arm != "step_text"]
    assert [each.arm for each in found.outcomes] == done
    assert [each.chosen for each in found.outcomes] == [0, 4, 4, 4, 4, 12, 30]
    assert found.refused[0][0] == "step text 4, seed 0", "its steps share no word with the skill labels"
    assert (found.samples, found.open, found.others) == (12, 0, 0)
    assert [each.against for each in found.tests] == [arm for arm in done if arm != "targeted"]
    with db.read() as connection:
        whole = next(each.selection for each in trials(db) if each.arm == "full")
        assert {hit.skill for hit in store.selection_of(connection, whole or 0).hits} == {""}
        assert store.evidence_of(
            connection, 1, store.project_named(connection, ready).teacher, "random_step", "0"
        ).keys() == {sample for sample, _, _ in store.accepted_cases(connection, 1)}


def test_a_trial_is_in_no_list_of_the_project_and_leaves_no_adapter(db: Database, ready: str) -> None:
    run(db, ready, ["targeted"])
    with db.read() as connection:
        project = find_project(connection, ready).id
        assert store.runs_of(connection, project) == store.selections_of(connection, project) == []
        assert [each.number for each in store.rounds_of(connection, project)] == [0]
        assert [each.selected for each in store.round_counts(connection, project)] == [0]
    assert next_step(db, ready).stage == "select"
    assert list(db.adapters.iterdir()) == []


def test_an_experiment_cut_short_goes_on_and_does_nothing_twice(db: Database, ready: str) -> None:
    job = put_experiment(db, ready, arms=["random", "targeted"], budgets=[4], seeds=2)
    advances = run_job(db, job, LocalEngine("cpu"), lambda: False)
    for advance in advances:
        with db.write() as connection:
            advance.save(connection)
        if advance.done == 2:
            break
    advances.close()  # type: ignore[attr-defined]
    before = results(db, ready)
    assert before.open == 2
    run(db, ready, ["random", "targeted"], seeds=2)
    after = results(db, ready)
    assert (after.open, len(trials(db))) == (0, 4)
    assert {key: each.run for key, each in enumerate(trials(db))} == dict(enumerate((1, 2, 3, 4)))
    assert after.outcomes[0].accuracies[0] == before.outcomes[0].accuracies[0]
    once = trials(db)
    run(db, ready, ["random", "targeted"], seeds=2)
    assert trials(db) == once


def test_two_at_once_find_what_one_after_the_other_finds(
    db: Database, ready: str, files: TinyFiles, tmp_path: Path
) -> None:
    name_by_hand(db)
    run(db, ready, ["random", "targeted", "random_step"])
    other = open_database(tmp_path / "other")
    try:
        same = fill_project(other, files)
        diagnose_by_hand(other, same, files)
        accept_all(other, same, reviewer="ann")
        name_by_hand(other)
        run(other, same, ["random", "targeted", "random_step"], at_once=2)
        assert results(other, same) == results(db, ready)
    finally:
        other.close()


def test_other_verdicts_make_other_trials_and_the_old_ones_no_longer_count(db: Database, ready: str) -> None:
    run(db, ready, ["targeted"])
    with db.read() as connection:
        sample = store.accepted_cases(connection, 1)[0][0]
    add_review(db, ready, sample=sample, verdict="rejected", reviewer="ann", round_number=0)
    assert results(db, ready).others == 1
    assert results(db, ready).outcomes == ()
    run(db, ready, ["targeted"])
    assert (len(trials(db)), len(results(db, ready).outcomes)) == (2, 1)


def test_what_is_missing_is_said_before_anything_is_queued(db: Database, tiny: str) -> None:
    with pytest.raises(UserError, match="has no accepted skill: review some cases"):
        put_experiment(db, tiny, arms=["targeted"], budgets=[4], seeds=1)
    with pytest.raises(UserError, match="no arm 'ours'"):
        put_experiment(db, tiny, arms=["ours"], budgets=[4], seeds=1)


def test_a_trial_that_cannot_be_done_says_why_and_the_others_go_on(db: Database, ready: str) -> None:
    job = put_experiment(db, ready, arms=["untuned", "random"], budgets=[400], seeds=1)
    run_queued_job(db, job, LocalEngine("cpu"))
    found = results(db, ready)
    assert [each.arm for each in found.outcomes] == ["untuned"]
    assert (found.open, found.refused[0][0]) == (0, "random 400, seed 0")
    assert "The arm 'random' finds only 30 samples in 'support' for a budget of 400" in markdown(found, [])


def test_the_tables_are_markdown_with_every_arm_and_test(db: Database, ready: str) -> None:
    run(db, ready, ["untuned", "random", "targeted"], seeds=2)
    lines = markdown(results(db, ready), []).splitlines()
    assert lines[0].startswith("| arm | tuned on | seeds |")
    assert sum(line.startswith("| targeted (ours) | 4 | 2 |") for line in lines) == 1
    assert sum("| 4 | +" in line or "| 4 | -" in line for line in lines) == 2
    assert len({line.count("|") for line in lines if line}) == 1


def test_accuracy_against_budget_is_drawn_with_the_best_line_on_top() -> None:
    rows = {("random", 4): 0.5, ("random", 8): 0.75, ("targeted", 4): 0.75, ("targeted", 8): 1.0, ("full", 0): 1.0}
    made = [
        arm_outcome(arm, budget, budget, [0], np.repeat([1.0, 0.0], [round(20 * share), 20 - round(20 * share)])[None])
        for (arm, budget), share in rows.items()
    ]
    found = Results(outcomes=tuple(made), tests=(), samples=20, open=0, refused=(), others=0)
    text = markdown(found, [])
    assert "Lines from top to bottom at 8: targeted (ours); random samples (no targeted retrieval)." in text
    assert text.split("```mermaid\n")[1].split("```")[0].splitlines() == [
        "xychart-beta",
        '    x-axis "samples tuned on" [4, 8]',
        '    y-axis "test accuracy, %" 50 --> 100',
        "    line [75.0, 100.0]",
        "    line [50.0, 75.0]",
    ]
