"""Accuracy is the mean score everywhere: 1 or 0 with one answer, the VQA accuracy with several."""

import html
import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.comparisons.paired import compare_rounds
from app.demo.arms import measure
from app.exports.project_report import report_text
from app.exports.round_report import report_html
from app.imports.pipeline import import_file
from app.projects.configuration import create_project
from app.projects.lookup import find_project
from app.rendering import formatting
from app.reviews.verdicts import add_review
from app.web.page.place import Place
from app.web.tabs.data.sets import overview_html
from app.web.tabs.review.case import case_html
from core.parsing.prediction import read_prediction
from core.types import Role, Sample
from storage import store
from storage.database import Database

PEOPLE = ("red",) * 7 + ("pink",) * 2 + ("rose",)
SAID = ("red", "pink", "rose", "blue")  # which score 1, 0.6, 0.3 and 0
MEAN = 1.9 / 4


def a_question(number: int, *, people: bool) -> Sample:
    sample = Sample(source_id=f"q{number}", question=f"Which colour has {number}?", answer="red", category="colour")
    return replace(sample, answers=PEOPLE) if people else sample


def answered(db: Database, name: str, *, people: bool, roles: tuple[Role, ...] = ("validation", "test")) -> int:
    """A project whose student gives the four answers on each set; returns its first round's id."""
    project = create_project(db, name, student="student", teacher="teacher")
    with db.write() as connection:
        base = store.rounds_of(connection, project.id)[0].id
        for role in roles:
            asked = [a_question(number + (100 if role == "test" else 0), people=people) for number in range(4)]
            store.save_samples(connection, project=project.id, role=role, samples=asked, images={})
            samples = store.samples_of(connection, project=project.id, role=role)
            said = [
                read_prediction(each, f"Step 1: I look. The answer is {answer}.", round_id=base)
                for each, answer in zip(samples, SAID, strict=True)
            ]
            store.save_predictions(connection, said)
    return base


@pytest.mark.parametrize(("people", "right", "mean"), [(True, 2, MEAN), (False, 1, 0.25)])
def test_every_figure_is_the_mean_score(db: Database, people: bool, right: int, mean: float) -> None:
    base = answered(db, "colours", people=people)
    shown = overview_html(db, Place(project="colours", round=0, tab="data"))
    assert shown.count(formatting.percent(mean)) == 2
    same = compare_rounds(db, "colours", 0, 0)
    assert same.before.value == same.after.value == pytest.approx(mean)
    assert (len(same.still_right), len(same.still_wrong)) == (right, 4 - right)
    (colour,) = same.by_category
    assert (colour.name, colour.samples) == ("colour", 4)
    assert (colour.before, colour.after) == (pytest.approx(mean), pytest.approx(mean))
    arms = {"before": [0], "targeted": [0], "random": [0]}
    assert measure(db, "colours", arms)["accuracy"]["before"]["mean"] == pytest.approx(mean)
    with db.read() as connection:
        project = find_project(connection, "colours")
        assert f"| 0 | untuned | {mean:.1%} of 4 | {mean:.1%} of 4 |" in report_text(connection, project)
        page = report_html(connection, project, store.round_of(connection, base))
    assert f'<p class="big">{formatting.percent(mean)}</p>' in page
    assert f"{right} of 4 samples correct" in page
    assert ("a share where people gave several answers" in page) == people


def test_only_answers_that_score_below_a_half_are_errors(db: Database) -> None:
    base = answered(db, "colours", people=True)
    with db.read() as connection:
        assert [found.answer for _, found in store.missing_diagnoses(connection, base)] == ["rose", "blue"]
        assert [case.prediction.score for case in store.cases_page(connection, base, limit=9)] == [
            pytest.approx(0.3),
            0,
        ]


def test_a_misread_answer_is_given_its_score(db: Database) -> None:
    base = answered(db, "colours", people=True)
    with db.read() as connection:
        rose, blue = (case.sample.id for case in store.cases_page(connection, base, limit=9, order="id"))
    add_review(db, "colours", blue, "misread", reviewer="ann", answer="Pink")
    add_review(db, "colours", rose, "misread", reviewer="ann", answer="white")
    with db.read() as connection:
        scores, correct = (
            each(connection, base, "validation") for each in (store.prediction_scores, store.correct_predictions)
        )
    assert (scores[blue], scores[rose]) == (pytest.approx(0.6), 0)
    assert (correct[blue], correct[rose]) == (True, False)
    same = compare_rounds(db, "colours", 0, 0, role="validation")
    assert same.before.value == pytest.approx(2.2 / 4)


def test_predictions_made_elsewhere_are_scored_and_say_how_sure_their_reading_is(db: Database, tmp_path: Path) -> None:
    answered(db, "colours", people=True, roles=())
    with db.write() as connection:
        project = find_project(connection, "colours")
        asked = [a_question(number, people=True) for number in range(3)]
        store.save_samples(connection, project=project.id, role="validation", samples=asked, images={})
    rows = [
        {"id": "q0", "rationale": "It glows. The answer is pink.", "prediction": "pink"},
        {"id": "q1", "rationale": "It glows. The answer is probably rose."},
        {"id": "q2", "rationale": "It glows. The answer is blue.", "prediction": "red"},
    ]
    (tmp_path / "said.jsonl").write_text("\n".join(map(json.dumps, rows)))
    report = import_file(db, "predictions", tmp_path / "said.jsonl", "colours")
    assert (report["accepted"], report["refused"]) == (3, [])
    with db.read() as connection:
        base = store.rounds_of(connection, project.id)[0].id
        given, read, contradicted = store.predictions_of(connection, base, "validation")
    assert (given.correct, given.score, given.read_confidence) == (True, pytest.approx(0.6), 1)
    assert (read.correct, read.score) == (False, pytest.approx(0.3))
    assert 0 < read.read_confidence < 1
    assert (contradicted.correct, contradicted.score, contradicted.reading) == (True, 1, "given")
    assert 0 < contradicted.read_confidence < read.read_confidence < 1


def test_a_case_shows_hint_lecture_and_what_people_answered(db: Database) -> None:
    base = answered(db, "colours", people=True, roles=("validation",))
    with db.read() as connection:
        case = next(iter(store.cases_page(connection, base, limit=1, order="id")))
    sample = replace(case.sample, hint="Look <b>left</b>.", lecture="Red & pink\nare colours.", answer="pink")
    shown = case_html(replace(case, sample=sample))
    assert '<p class="hint" dir="auto">Look &lt;b&gt;left&lt;/b&gt;.</p>' in shown
    assert shown.index("hint") < shown.index("Which colour")
    assert "<summary>Lecture</summary>" in shown
    assert "Red &amp; pink\nare colours." in shown
    assert "red × 7, pink × 2, rose × 1; the student's answer scores 0.30" in html.unescape(shown)
    assert '<span dir="auto">red</span><em>✓ truth</em>' in shown


def test_a_case_without_hint_and_lecture_shows_neither(db: Database) -> None:
    base = answered(db, "plain", people=False, roles=("validation",))
    with db.read() as connection:
        case = next(iter(store.cases_page(connection, base, limit=1, order="id")))
    shown = case_html(case)
    assert not any(word in shown for word in ("hint", "Lecture", "People answered"))
