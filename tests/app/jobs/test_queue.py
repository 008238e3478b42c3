"""What a person can do without a model, and the sentence they read when something must come first."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.comparisons.paired import compare_rounds
from app.imports.pipeline import import_file
from app.jobs.queue import cancel_job, put_diagnose, put_predict, put_tune
from app.projects.configuration import create_project
from app.projects.status import next_step, project_status
from app.reviews.verdicts import accept_all, add_review
from app.selections.draw import make_selection
from core.errors import UserError
from storage import store
from storage.database import Database
from tests.app.selections.test_draw import drawn
from tests.projects.handmade_diagnoses import diagnose_by_hand
from tests.projects.tiny_project import SKILLS, TinyFiles
from tests.wait_for import read_job


@pytest.mark.parametrize(
    ("act", "first"),
    [
        (lambda db: put_predict(db, "tinny"), r"no project 'tinny' \(there are empty, tiny\).*switchpoint new tinny"),
        (lambda db: put_predict(db, "empty"), "switchpoint import validation PATH --project empty"),
        (lambda db: put_diagnose(db, "tiny"), "switchpoint predict tiny"),
        (lambda db: make_selection(db, "tiny", budget=3), "review tiny --accept-all"),
        (lambda db: put_tune(db, "tiny"), "switchpoint select tiny --budget N"),
        (lambda db: compare_rounds(db, "tiny", 0, 1), "has no round 1"),
        (lambda db: compare_rounds(db, "tiny", 0, 0), "switchpoint predict tiny --round 0"),
    ],
    ids=["project", "samples", "predictions", "accepted skills", "selection", "later round", "predictions of a round"],
)
def test_an_act_wants_what_it_is_done_with_and_names_the_command_that_makes_it(
    db: Database, tiny: str, act: Callable[[Database], object], first: str
) -> None:
    create_project(db, "empty", student="s", teacher="t")
    with pytest.raises(UserError, match=first):
        act(db)


def test_asking_for_the_same_job_twice_queues_it_once(db: Database, tiny: str) -> None:
    assert put_predict(db, tiny).id == put_predict(db, tiny).id
    other = put_predict(db, tiny, roles=("test",))
    assert other.id != put_predict(db, tiny).id


def test_what_is_no_dataset_is_refused_whole(db: Database, tiny: str, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"no zip at all")
    with pytest.raises(UserError):
        import_file(db, "validation", tmp_path / "broken.zip", tiny)
    with pytest.raises(UserError, match="There is no file or folder"):
        import_file(db, "validation", tmp_path / "absent.json", tiny)


def test_imported_predictions_are_those_of_round_0_and_keep_their_gold_apart(
    db: Database, tiny: str, files: TinyFiles
) -> None:
    report = import_file(db, "predictions", files["predictions"], tiny)
    assert (report["found"], report["accepted"], report["refused"]) == (12, 12, [])
    row = project_status(db, tiny)["rounds"][0]
    assert (row["predictions"], row["wrong"]) == (12, 8)
    with db.read() as connection:
        assert sorted(filter(None, store.gold_steps_of(connection, 1).values())) == [2] * 8
    again = import_file(db, "predictions", files["predictions"], tiny)
    assert (again["accepted"], again["already_present"]) == (0, 12)


def test_a_verdict_takes_what_is_left_open_from_the_diagnosis(db: Database, tiny: str, files: TinyFiles) -> None:
    samples = diagnose_by_hand(db, tiny, files)
    kept = add_review(db, tiny, samples[0], "accepted", reviewer="ann")
    moved = add_review(db, tiny, samples[1], "accepted", reviewer="ann", mistake_step=1)
    assert (kept.verdict, kept.mistake_step, kept.skill) == ("accepted", 2, SKILLS[0])
    assert (moved.verdict, moved.mistake_step) == ("edited", 1)
    with pytest.raises(UserError, match="step 9"):
        add_review(db, tiny, samples[1], "accepted", reviewer="ann", mistake_step=9)
    with pytest.raises(UserError, match="no prediction in round 0"):
        add_review(db, tiny, 9999, "accepted", reviewer="ann")


def test_a_misread_answer_is_scored_again(db: Database, tiny: str, files: TinyFiles) -> None:
    sample = diagnose_by_hand(db, tiny, files)[0]
    with db.read() as connection:
        truth = store.get_sample(connection, sample).answer
    add_review(db, tiny, sample, "misread", reviewer="ann", answer=truth)
    with db.read() as connection:
        assert store.correct_predictions(connection, 1, "validation")[sample]


def test_accepting_all_leaves_given_verdicts_alone(db: Database, tiny: str, files: TinyFiles) -> None:
    samples = diagnose_by_hand(db, tiny, files)
    add_review(db, tiny, samples[0], "rejected", reviewer="ann")
    assert accept_all(db, tiny, reviewer="bob") == len(samples) - 1
    assert accept_all(db, tiny, reviewer="bob") == 0
    with db.read() as connection:
        review = store.current_review(connection, 1, samples[0])
    assert review is not None
    assert review.verdict == "rejected"


def test_a_selection_holds_what_matches_the_skills(db: Database, ready: str) -> None:
    made = make_selection(db, ready, budget=6)
    assert len(made.hits) == 6
    assert {hit.skill for hit in made.hits} <= {demand.skill for demand in made.demands}
    labels = {each.skill_label for each in drawn(db, made)}
    assert labels <= {SKILLS[0], SKILLS[1]}, "of skills that nobody asked for there is nothing"


def test_a_budget_above_what_matches_says_how_many_there_are(db: Database, ready: str) -> None:
    with pytest.raises(UserError, match=r"Only (\d+) samples of 'support' match.*--budget \1"):
        make_selection(db, ready, budget=1000)
    assert len(make_selection(db, ready, budget=1000, allow_fewer=True).hits) < 31
    with pytest.raises(UserError, match="at least 1"):
        make_selection(db, ready, budget=0)


def test_a_random_selection_wants_no_review(db: Database, tiny: str) -> None:
    made = make_selection(db, tiny, budget=10, arm="random")
    assert (made.arm, len(made.hits), {hit.skill for hit in made.hits}) == ("random", 10, {""})


def test_a_cancelled_run_goes_on_instead_of_starting_anew(db: Database, tiny: str) -> None:
    make_selection(db, tiny, budget=5, arm="random")
    job = put_tune(db, tiny)
    cancel_job(db, job.id)
    again = put_tune(db, tiny)
    assert again.id != job.id
    assert again.args == job.args
    assert read_job(db, job.id).state == "cancelled"


def test_each_step_names_the_next(db: Database, files: TinyFiles, tiny: str) -> None:
    create_project(db, "new", student="s", teacher="t")
    assert next_step(db, "new").stage == "import"
    assert next_step(db, tiny).stage == "predict"
    job = put_predict(db, tiny)
    assert next_step(db, tiny).stage == "wait"
    cancel_job(db, job.id)
    diagnose_by_hand(db, tiny, files, test_too=True)
    assert next_step(db, tiny).stage == "review"
    accept_all(db, tiny, reviewer="ann")
    assert next_step(db, tiny).stage == "select"
    make_selection(db, tiny, budget=4)
    assert next_step(db, tiny).stage == "tune"
