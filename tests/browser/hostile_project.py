"""A project in which every text that a person or a model could have written is one of the hostile ones.

Written through ``storage`` and ``app.jobs.queue`` as the app itself would, without any model: one wrong answer with its
diagnosis, review and draft for each text, support sets, a selection, a finished run with its round, and failed jobs.
"""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from app.reviews.bulk_verdicts import do_bulk, plan_bulk
from app.reviews.verdicts import add_review
from app.selections.draw import make_selection
from app.settings import AppSettings
from core.answer_switch import find_switch
from core.types import Curve, Diagnosis, Draft, Prediction, Sample, Settings, TuningSettings, Update
from storage import jobs, store
from storage.database import Database, open_database
from storage.store import CaseFilters
from tests.browser.cases import picture
from tests.browser.hostile import CORPUS, DOUBLE_QUOTED, SINGLE_QUOTED
from tests.projects.demo_mistakes import a_prediction

PROJECT, SUPPORT = DOUBLE_QUOTED[1], SINGLE_QUOTED[1]
WRITER = AppSettings().reviewer
VERDICTS = ("accepted", "edited", "rejected", "misread", "accepted")
ROWS = ((0.6, 0.2, 0.2), (0.5, 0.3, 0.2), (0.2, 0.7, 0.1), (0.1, 0.8, 0.1))
NAMES = tuple(dict.fromkeys(text[:100].strip() for text in CORPUS))


def fill(data: Path) -> None:
    """Write the project into a new data folder."""
    with closing(open_database(data)) as db:
        with db.write() as connection:
            for name in NAMES:
                store.create_project(connection, name, student=name, teacher=name, settings=Settings(support=SUPPORT))
            project = store.project_named(connection, PROJECT).id
            _questions(connection, project)
            _lessons(connection)
            _answer(connection, project)
        _review(db)
        _decide_at_once(db)
        chosen = make_selection(db, PROJECT, budget=len(CORPUS), allow_fewer=True)
        with db.write() as connection:
            _tune(connection, project, chosen.id, chosen.round)
            _fail(connection, project)


def import_file(folder: Path) -> Path:
    """A file of rows that are all refused, each for an image named by a text; its own name is hostile too."""
    rows = [{"id": text, "image": f"{text}.png", "conversations": _turns(text)} for text in CORPUS]
    path = folder / "'\"><img src=x onerror=window.__pwned=1>${window.__pwned=1}.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def _turns(text: str) -> list[dict[str, str]]:
    return [{"from": "human", "value": f"<image>\n{text}\nOptions: (a) {text} (b) x"}, {"from": "gpt", "value": "x"}]


def _questions(connection: Connection, project: int) -> None:
    """Each text as question, options, category, task and id; every third one has no options."""
    shown = picture()
    samples = [
        Sample(
            source_id=text,
            question=text,
            options=() if number % 3 == 0 else (f"{text} right", f"{text} wrong", f"other {text}"),
            answer=f"{text} right",
            category=text,
            task=text,
            image=shown.hash if number < 3 else None,
        )
        for number, text in enumerate(CORPUS)
    ]
    store.save_samples(connection, project=project, role="validation", samples=samples, images={shown.hash: shown})


def _lessons(connection: Connection) -> None:
    """A support set with each text as label, and one support set of each name."""
    for number, name in enumerate(NAMES):
        texts = CORPUS if name == SUPPORT else CORPUS[number : number + 1]
        lessons = [
            Sample(source_id=text, question=f"Lesson {text}", answer=text, task=text, response=text, skill_label=text)
            for text in texts
        ]
        store.save_samples(connection, project=None, role="support", name=name, samples=lessons, images={})


def _answer(connection: Connection, project: int) -> None:
    base = store.rounds_of(connection, project)[0].id
    known = list(store.samples_of(connection, project=project, role="validation"))
    predictions = [_prediction(base, sample) for sample in known]
    store.save_predictions(connection, predictions)
    store.save_diagnoses(
        connection, [_diagnosis(said, sample) for said, sample in zip(predictions, known, strict=True)]
    )


def _prediction(at: int, sample: Sample) -> Prediction:
    """A wrong rationale that repeats the question in every step."""
    steps = (f"{sample.question} one.", f"So {sample.question}", "The sum is 16.")
    answer = f"{sample.question} wrong"
    said = a_prediction(answer, steps, round=at, sample=sample.id)
    end = len(said.text) - 1  # before the full stop
    return replace(said, reading=sample.question, span=(end - len(answer), end) if sample.options else None)


def _diagnosis(said: Prediction, sample: Sample) -> Diagnosis:
    candidates = (sample.answer, f"{sample.question} wrong", f"other {sample.question}")
    curve = Curve(candidates=candidates, truth=0, predicted=1, probabilities=ROWS)
    return Diagnosis(
        round=said.round, sample=sample.id, curve=curve, switch=find_switch(curve, delta=0.0, lam=2),
        skill=sample.question, prior=0.6, delta=0.0, lam=2, teacher=sample.question,
    )  # fmt: skip


def _review(db: Database) -> None:
    """A review of each case, by a reviewer of that name, with that skill, answer and note."""
    with db.read() as connection:
        base = store.rounds_of(connection, store.project_named(connection, PROJECT).id)[0].id
        cases = store.cases_page(connection, base, limit=1000, order="id")
    for number, (case, text) in enumerate(zip(cases, CORPUS, strict=True)):
        verdict = VERDICTS[number % len(VERDICTS)]
        add_review(
            db,
            PROJECT,
            case.sample.id,
            "accepted" if verdict == "edited" else verdict,
            reviewer=text[:100],
            mistake_step=1 if verdict == "edited" else None,
            skill=text[-200:],
            answer=text[:2000] if verdict == "misread" else None,
            note=text[:4000],
        )


def _decide_at_once(db: Database) -> None:
    """Five skills are reworded at once, each by somebody of a hostile name; each case has a draft of one too."""
    for text in CORPUS[:25:5]:
        act = {"skill": f"{text[-190:]} again", "reviewer": text[:100]}
        filters = CaseFilters(skill=text[-200:])
        with db.read() as connection:
            plan = plan_bulk(connection, PROJECT, 0, filters, "renamed", **act)
        do_bulk(db, PROJECT, 0, filters, "renamed", **act, seal=plan.seal)
    with db.write() as connection:
        base = store.rounds_of(connection, store.project_named(connection, PROJECT).id)[0].id
        for said, text in zip(store.predictions_of(connection, base, "validation"), CORPUS, strict=True):
            draft = Draft(round=base, sample=said.sample, reviewer=WRITER, skill=text[:200], note=text[:4000])
            store.save_draft(connection, replace(draft, answer=text[:2000] if said.sample % 2 else None))


def _tune(connection: Connection, project: int, selection: int, base: int) -> None:
    """A finished run and the round it opened, in which every second answer is right."""
    run = store.create_run(
        connection, project=project, selection=selection, from_round=base, settings=TuningSettings(rank=2, alpha=4)
    )
    points = [
        Update(run=run.id, number=number, total=3, epoch=number / 3, loss=1 / number, learning_rate=1e-3,
               samples_per_second=5.0)
        for number in (1, 2, 3)
    ]  # fmt: skip
    store.save_updates(connection, points)
    store.finish_run(connection, run.id, PROJECT)
    opened = store.open_round(connection, project, run=run.id).id
    old = store.predictions_of(connection, base, "validation")
    store.save_predictions(connection, [replace(said, round=opened, correct=said.sample % 2 == 0) for said in old])


def _fail(connection: Connection, project: int) -> None:
    """The four newest jobs failed, each with a sentence of several texts."""
    for start in range(4):
        jobs.put(connection, "predict", project, {"round": 1})
        job = jobs.claim(connection, "gone", 1, 1.0)
        assert job is not None
        jobs.fail(connection, job, " | ".join(text for text in CORPUS[start::4] if len(text) < 120))
