"""Reading stored predictions again: the preview, what a person decided stays, and an undo puts every row back."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from app.projects.status import better_reading, project_status
from app.rereadings import preview, reading, replacement
from app.rereadings.preview import Preview, preview_rereading
from app.rereadings.replacement import Applied, apply_rereading, undo_rereading
from app.web.page.place import Place
from app.web.tabs.data.sets import overview_html
from core.errors import UserError
from core.parsing.prediction import READING_VERSION
from core.types import Draft, JobKind, Prediction
from storage import jobs, store
from storage.database import Database, open_database
from tests.app.rereadings.older_project import PROJECT, Past, check_index, fill, snapshot
from tests.projects.empty_data import open_empty
from tests.storage.migrations.test_schemas import old_database
from tests.storage.world import a_diagnosis, a_review

ROOT = Path(__file__).resolve().parents[3]
PASTS = (
    Past(),
    Past(says="red", damage="answer", diagnosed=True),
    Past(damage="unclear"),
    Past(damage="guessed"),
    Past(damage="steps", diagnosed=True),
    Past(damage="rule", diagnosed=True),
    Past(damage="answer", diagnosed=True, decision="accepted"),
    Past(damage="answer", diagnosed=True, decision="undone"),
    Past(damage="steps", diagnosed=True, decision="drafted"),
)


def show(db: Database) -> Preview:
    with preview_rereading(db, PROJECT, on_progress=lambda _: None) as (shown, _):
        return shown


def apply(db: Database) -> Applied:
    return apply_rereading(db, PROJECT, reviewer="Ada", on_progress=lambda _: None)


def made(db: Database, *pasts: Past) -> tuple[int, list[int]]:
    with db.write() as connection:
        return fill(connection, pasts)


def read_by_other_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the rules are newer, and find every text unclear."""
    old = reading.read_prediction

    def unclear(*given: object, **named: object) -> Prediction:
        read = old(*given, **named)  # type: ignore[arg-type]
        return replace(read, answer=None, reading="unclear", correct=False, reading_version=READING_VERSION + 1)

    monkeypatch.setattr(reading, "read_prediction", unclear)
    for module in (preview, replacement):
        monkeypatch.setattr(module, "READING_VERSION", READING_VERSION + 1)


def test_a_preview_counts_what_would_change_by_kind_and_changes_nothing(db: Database) -> None:
    _, ids = made(db, *PASTS)
    before = snapshot(db)
    shown = show(db)
    assert (shown.read, shown.changed, shown.set_aside) == (9, 5, 2)
    assert shown.kinds == {
        "answer changed": 2,
        "unclear → read": 1,
        "wrong → correct": 1,
        "correct → wrong": 1,
        "steps changed": 1,
        "only rule, place or confidence": 1,
    }
    assert shown.kept == {"reviewed": ids[6:8], "drafted": [ids[8]]}
    (accuracy,) = shown.accuracies
    assert (accuracy.role, accuracy.samples, accuracy.before, accuracy.after) == ("validation", 9, 1.0, 1.0)
    assert [(each.sample, each.old, each.new) for each in shown.examples] == [
        (ids[1], "green", "red"),
        (ids[2], None, "blue"),
        (ids[3], "red", "blue"),
    ]
    assert snapshot(db) == before


def test_a_reading_is_replaced_and_the_diagnosis_that_no_longer_fits_is_set_aside(db: Database) -> None:
    base, ids = made(db, *PASTS)
    expected = show(db)
    applied = apply(db)
    assert (applied.preview, applied.replaced) == (expected, expected.changed)
    with db.write() as connection:
        found = {each.sample: each for each in store.predictions_of(connection, base, "validation")}
        answers = [found[each].answer for each in ids]
        assert answers == ["blue", "red", "blue", "blue", "blue", "blue", "green", "green", "blue"]
        assert [found[each].reading_version for each in ids] == [0, *[READING_VERSION] * 5, 0, 0, 0]
        assert [each.sample for each in store.diagnoses_of(connection, base)] == ids[5:]
        open_ = [sample.id for sample, _ in store.missing_diagnoses(connection, base)]
        assert open_ == [ids[0], ids[2], ids[3], ids[4]], "what is still wrong is diagnosed anew"
        assert store.evidence_of(connection, base, "t", "prompt_per_step", "").keys() == set(ids[5:])
        check_index(connection)


def test_an_undo_leaves_every_row_as_it_was(db: Database) -> None:
    made(db, *PASTS)
    before = snapshot(db)
    apply(db)
    assert snapshot(db) != before
    _, count = undo_rereading(db, PROJECT)
    assert count == 5
    assert snapshot(db) == before
    with pytest.raises(UserError, match="No re-reading of 'old' is there to undo"):
        undo_rereading(db, PROJECT)


def test_two_rereadings_are_undone_one_after_the_other(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    base, ids = made(db, *PASTS)
    stages = [snapshot(db)]
    apply(db)
    with db.write() as connection:
        store.save_diagnoses(connection, [a_diagnosis(base, ids[2])])
    stages.append(snapshot(db))
    read_by_other_rules(monkeypatch)
    assert apply(db).preview.set_aside == 2
    undo_rereading(db, PROJECT)
    assert snapshot(db) == stages[1]
    with db.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM diagnoses WHERE sample = {ids[2]}")
    undo_rereading(db, PROJECT)
    assert snapshot(db) == stages[0]


PAST = st.builds(
    Past,
    says=st.sampled_from(["red", "blue", "green", "red or blue"]),
    damage=st.sampled_from(["none", "answer", "unclear", "guessed", "wrong", "steps", "rule"]),
    imported=st.booleans(),
    gold=st.sampled_from([None, 1, 2]),
    decision=st.sampled_from(["none", "none", "accepted", "undone", "misread", "drafted"]),
    diagnosed=st.booleans(),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PAST, min_size=1, max_size=12))
def test_whatever_was_read_what_people_decided_stays_and_an_undo_is_exact(
    tmp_path_factory: pytest.TempPathFactory, pasts: list[Past]
) -> None:
    db = open_empty(tmp_path_factory.mktemp("any") / "data")
    base, ids = made(db, *pasts)
    before = snapshot(db)
    shown = show(db)
    applied = apply(db)
    after = snapshot(db)
    decided = {each for each, past in zip(ids, pasts, strict=True) if past.decision != "none"}
    gold = {each for each, past in zip(ids, pasts, strict=True) if past.imported and past.gold}
    was, now = ({(each[0], each[1]): each for each in found["predictions"]} for found in (before, after))
    assert all(was[base, each] == now[base, each] for each in decided)
    assert all(was[base, each][3] == now[base, each][3] for each in gold), "a mistake step counts the stored steps"
    assert before["reviews"] == after["reviews"]
    assert before["drafts"] == after["drafts"]
    assert applied.replaced == shown.changed == sum(was[key] != now[key] for key in was)
    with db.write() as connection:
        check_index(connection)
        (accuracy,) = shown.accuracies
        scores = store.prediction_scores(connection, base, "validation").values()
        assert sum(scores) == pytest.approx(accuracy.after)
    assert show(db).changed == 0, "reading again what was read again changes nothing"
    assert apply(db).number is None
    assert snapshot(db) == after
    undo_rereading(db, PROJECT)
    assert snapshot(db) == before
    db.close()


def test_what_the_rules_of_now_read_is_not_read_again(db: Database) -> None:
    made(db, Past(), Past())
    with db.write() as connection:
        connection.exec_driver_sql(f"UPDATE predictions SET reading_version = {READING_VERSION}, answer = 'green'")
        assert better_reading(connection, store.project_named(connection, PROJECT)) == ""
    assert show(db).read == 0
    assert apply(db).number is None


def test_the_status_says_in_one_sentence_that_a_better_reading_is_there_until_it_was_read(db: Database) -> None:
    made(db, *PASTS)
    said = project_status(db, PROJECT)["better_reading"]
    assert said == (
        "A better reading is there for 9 predictions, which an older version read: `switchpoint reread old` shows what "
        "it changes."
    )
    page = Place(project=PROJECT, round=0, tab="data")
    assert "A better reading is there for 9 predictions" in overview_html(db, page)
    apply(db)
    assert project_status(db, PROJECT)["better_reading"] == "", "what is kept is no better reading"
    assert "better reading" not in overview_html(db, page)
    undo_rereading(db, PROJECT)
    assert project_status(db, PROJECT)["better_reading"] == said


@pytest.mark.parametrize("version", ["0001", "0016"])
def test_a_database_from_before_the_versions_were_counted_counts_as_older(version: str, tmp_path: Path) -> None:
    db = open_database(old_database(version, tmp_path / "kept"))
    said = project_status(db, "old")["better_reading"]
    assert "for 2 predictions, which an older version read" in said
    before = snapshot(db)
    assert show(db).kept == {"reviewed": [1]}
    assert apply(db).replaced == 1
    undo_rereading(db, PROJECT)
    assert snapshot(db) == before
    db.close()


def test_a_resumed_round_counts_only_what_the_older_version_read(db: Database) -> None:
    _, (_, ours, _) = made(db, Past(damage="answer"), Past(), Past())
    with db.write() as connection:
        connection.exec_driver_sql(f"UPDATE predictions SET reading_version = {READING_VERSION} WHERE sample = {ours}")
    assert "for 2 predictions" in project_status(db, PROJECT)["better_reading"]
    assert show(db).read == 2


@pytest.mark.parametrize("made_since", ["verdict", "draft", "diagnosis"])
def test_an_undo_that_would_lose_work_is_refused_and_names_it(db: Database, made_since: str) -> None:
    base, ids = made(db, *PASTS)
    apply(db)
    with db.write() as connection:
        if made_since == "diagnosis":
            store.save_diagnoses(connection, [a_diagnosis(base, ids[3])])
        elif made_since == "verdict":
            store.add_review(connection, a_review(base, ids[3], "rejected"))
        else:
            store.save_draft(connection, Draft(round=base, sample=ids[3], reviewer="Ada", skill="s"))
    after = snapshot(db)
    words = {"verdict": "reviewed", "draft": "drafted", "diagnosis": "diagnosed"}
    with pytest.raises(UserError, match=rf"since then 1 {words[made_since]} \(samples {ids[3]}\)"):
        undo_rereading(db, PROJECT)
    assert snapshot(db) == after


def test_what_is_reviewed_while_it_is_read_again_is_kept(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    base, ids = made(db, Past(damage="answer"), Past(damage="answer"))
    begin = store.begin_rereading

    def reviewed_meanwhile(connection: object, *rest: object) -> object:
        store.add_review(connection, a_review(base, ids[0], "rejected"))  # type: ignore[arg-type]
        return begin(connection, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "begin_rereading", reviewed_meanwhile)
    assert apply(db).replaced == 1
    with db.read() as connection:
        assert [each.answer for each in store.predictions_of(connection, base, "validation")] == ["green", "blue"]


@pytest.mark.parametrize("kind", ["predict", "diagnose", "experiment", "identify"])
def test_while_a_job_works_on_predictions_nothing_is_read_again(db: Database, kind: JobKind) -> None:
    made(db, *PASTS)
    with db.write() as connection:
        job = jobs.put(connection, kind, store.project_named(connection, PROJECT).id, {})
    assert show(db).changed == 5
    for act in (apply, lambda db: undo_rereading(db, PROJECT)):
        with pytest.raises(UserError, match=rf"Job {job.id} \({kind}, queued\) works on the predictions of 'old'"):
            act(db)


def test_a_million_would_be_read_in_chunks_without_a_query_for_each(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(db, *[Past(damage="answer")] * 60)
    monkeypatch.setattr(preview, "CHUNK", 20)
    ran: list[str] = []
    for engine in (db.reader, db.writer):
        event.listen(engine, "before_cursor_execute", lambda *call: ran.append(call[2]))
    apply(db)
    pages = [each for each in ran if "AS predictions__text" in each]
    assert len(pages) == 4, "three chunks and the empty one behind them"
    assert len(ran) < 70, "a fixed number for each chunk"


KILLED = """
import os, signal, sys
from pathlib import Path
from app.rereadings import preview
from app.rereadings.replacement import apply_rereading
from storage import store
from storage.database import open_database

replace = store.replace_readings
def replace_and_die(*given):
    replace(*given)
    os.kill(os.getpid(), signal.SIGKILL)
store.replace_readings, preview.CHUNK = replace_and_die, 3
apply_rereading(open_database(Path(sys.argv[1])), "old", reviewer="Ada", on_progress=lambda _: None)
"""


def test_a_process_killed_while_it_applies_leaves_every_row_as_it_was(db: Database) -> None:
    made(db, *PASTS)
    before = snapshot(db)
    done = subprocess.run([sys.executable, "-c", KILLED, db.data], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert snapshot(db) == before
    assert apply(db).replaced == 5
