"""What a person can do without a model, and the sentence they read when something must come first."""

import json
from pathlib import Path

import pytest

from app.comparisons.paired import compare_rounds
from app.imports.pipeline import import_file
from app.jobs.queue import cancel_job, put_diagnose, put_predict, put_tune
from app.projects.configuration import create_project
from app.projects.lookup import find_project
from app.projects.status import next_step, project_status
from app.reviews.verdicts import accept_all, add_review
from app.selections.draw import make_selection
from core.errors import UserError
from storage import jobs, store
from storage.database import Database
from tests.projects.handmade_diagnoses import diagnose_by_hand
from tests.projects.tiny_project import SKILLS, TinyFiles


def test_an_unknown_project_names_the_known_ones_and_the_way_to_make_one(db: Database, tiny: str) -> None:
    with pytest.raises(UserError, match=r"no project 'tinny' \(there are tiny\).*switchpoint new tinny"):
        put_predict(db, "tinny")


def test_predicting_wants_samples(db: Database, files: TinyFiles) -> None:
    create_project(db, "empty", student=str(files.student), teacher=str(files.teacher))
    with pytest.raises(UserError, match="switchpoint import validation PATH --project empty"):
        put_predict(db, "empty")


def test_diagnosing_wants_predictions(db: Database, tiny: str) -> None:
    with pytest.raises(UserError, match="switchpoint predict tiny"):
        put_diagnose(db, tiny)


def test_selecting_wants_accepted_skills(db: Database, tiny: str) -> None:
    with pytest.raises(UserError, match="review tiny --accept-all"):
        make_selection(db, tiny, budget=3)


def test_tuning_wants_a_selection(db: Database, tiny: str) -> None:
    with pytest.raises(UserError, match="switchpoint select tiny --budget N"):
        put_tune(db, tiny)


def test_comparing_wants_predictions_of_both_rounds(db: Database, tiny: str) -> None:
    with pytest.raises(UserError, match="has no round 1"):
        compare_rounds(db, tiny, 0, 1)
    with pytest.raises(UserError, match="switchpoint predict tiny --round 0"):
        compare_rounds(db, tiny, 0, 0)


def test_asking_for_the_same_job_twice_queues_it_once(db: Database, tiny: str) -> None:
    assert put_predict(db, tiny).id == put_predict(db, tiny).id
    other = put_predict(db, tiny, roles=("test",))
    assert other.id != put_predict(db, tiny).id


def test_importing_again_changes_nothing(db: Database, tiny: str, files: TinyFiles) -> None:
    report = import_file(db, "validation", files["validation"], tiny, images=files.images)
    assert (report["accepted"], report["already_present"], report["found"]) == (0, 12, 12)


def test_a_file_with_a_bad_row_is_not_half_imported(db: Database, files: TinyFiles, tmp_path: Path) -> None:
    create_project(db, "bad", student=str(files.student), teacher=str(files.teacher))
    rows = [json.loads(line) for line in files["validation"].read_text().splitlines()]
    rows[2]["image"] = "absent.png"
    rows[4]["conversations"][1]["value"] = "none of the options"
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    report = import_file(db, "validation", path, "bad", images=files.images, test_share=0)
    assert [(row["line"], row["field"]) for row in report["refused"]] == [(3, "image"), (5, "answer")]
    assert report["accepted"] == 0
    assert project_status(db, "bad")["rounds"][0]["samples"] == 0
    report = import_file(db, "validation", path, "bad", images=files.images, skip_refused=True, test_share=0)
    assert report["accepted"] == 10
    assert project_status(db, "bad")["rounds"][0]["samples"] == 10


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
        base = store.rounds_of(connection, find_project(connection, tiny).id)[0]
        assert sorted(filter(None, store.gold_steps_of(connection, base.id).values())) == [2] * 8
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
        base = store.rounds_of(connection, find_project(connection, tiny).id)[0]
        assert store.correct_predictions(connection, base.id, "validation")[sample]


def test_accepting_all_leaves_given_verdicts_alone(db: Database, tiny: str, files: TinyFiles) -> None:
    samples = diagnose_by_hand(db, tiny, files)
    add_review(db, tiny, samples[0], "rejected", reviewer="ann")
    assert accept_all(db, tiny, reviewer="bob") == len(samples) - 1
    assert accept_all(db, tiny, reviewer="bob") == 0
    with db.read() as connection:
        base = store.rounds_of(connection, find_project(connection, tiny).id)[0]
        review = store.current_review(connection, base.id, samples[0])
        assert review is not None
        assert review.verdict == "rejected"


def test_a_selection_holds_what_matches_the_skills(db: Database, tiny: str, files: TinyFiles) -> None:
    diagnose_by_hand(db, tiny, files)
    accept_all(db, tiny, reviewer="ann")
    made = make_selection(db, tiny, budget=6)
    assert len(made.hits) == 6
    assert {hit.skill for hit in made.hits} <= {demand.skill for demand in made.demands}
    with db.read() as connection:
        labels = {each.skill_label for each in store.samples_by_id(connection, [h.sample for h in made.hits]).values()}
    assert labels <= {SKILLS[0], SKILLS[1]}, "of skills that nobody asked for there is nothing"


def test_a_budget_above_what_matches_says_how_many_there_are(db: Database, tiny: str, files: TinyFiles) -> None:
    diagnose_by_hand(db, tiny, files)
    accept_all(db, tiny, reviewer="ann")
    with pytest.raises(UserError, match=r"Only (\d+) samples of 'support' match.*--budget \1"):
        make_selection(db, tiny, budget=1000)
    assert len(make_selection(db, tiny, budget=1000, allow_fewer=True).hits) < 31
    with pytest.raises(UserError, match="at least 1"):
        make_selection(db, tiny, budget=0)


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
    with db.read() as connection:
        assert jobs.job(connection, job.id).state == "cancelled"


def test_each_step_names_the_next(db: Database, files: TinyFiles, tiny: str) -> None:
    create_project(db, "new", student=str(files.student), teacher=str(files.teacher))
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
