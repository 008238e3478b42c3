"""The status of a project and the next step, for ``status`` and the page's hints. Derived from rows."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from core.parsing.prediction import READING_VERSION
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from storage.store import Project, RoundCounts

Stage = Literal["import", "predict", "diagnose", "review", "label", "select", "tune", "compare", "wait"]
JOB_VERBS = {
    "predict": "predicts",
    "diagnose": "diagnoses",
    "label": "labels",
    "tune": "tunes",
    "import": "imports",
    "try": "tries a model",
    "measure": "measures what tuning would take",
    "experiment": "runs an experiment",
    "identify": "compares ways to find mistakes",
}


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """The stage to go to and a sentence that says what to do there."""

    stage: Stage
    sentence: str


def job_row(job: Job) -> dict[str, Any]:
    """A job as ``--json`` shows it."""
    shown = ("id", "kind", "state", "done", "total", "message", "error", "created", "started", "finished")
    return {name: getattr(job, name) for name in shown}


def project_status(db: Database, project: str = "") -> dict[str, Any]:
    """Counts per round and the jobs of one project; without a name, the projects, support sets and all jobs.

    A row of ``rounds`` has the round's number as ``round`` and the counts of ``RoundCounts``.
    """
    with db.read() as connection:
        if not project:
            projects = store.list_projects(connection)
            return {
                "projects": [each.name for each in projects],
                "better_readings": [note for each in projects if (note := better_reading(connection, each))],
                "support": {each.name: each.samples for each in store.support_sets(connection)},
                "jobs": [job_row(job) for job in jobs.jobs_of(connection, limit=20)],
            }
        found = find_project(connection, project)
        return {
            "project": found.name,
            "student": found.student,
            "teacher": found.teacher,
            "rounds": [_round_row(row) for row in store.round_counts(connection, found.id)],
            "jobs": [job_row(job) for job in jobs.jobs_of(connection, found.id, limit=50)],
            "better_reading": better_reading(connection, found),
            "next": _next_step(connection, found).sentence,
        }


def next_step(db: Database, project: str) -> NextStep:
    """What to do next in this project: measure its newest round, then work on the round it builds on."""
    with db.read() as connection:
        return _next_step(connection, find_project(connection, project))


def better_reading(connection: Connection, project: Project) -> str:
    """A sentence where older rules read predictions of the project, "" where none did. Reads nothing again."""
    older = store.count_older_readings(connection, project.id, READING_VERSION)
    if not older:
        return ""
    of = "1 prediction" if older == 1 else f"{older:,} predictions"
    return (
        f"A better reading is there for {of}, which an older version read: `switchpoint reread {project.name}` shows "
        "what it changes."
    )


def _round_row(row: RoundCounts) -> dict[str, int]:
    values = asdict(row)
    return {"round": values.pop("number")} | {name: value for name, value in values.items() if name != "round"}


def _next_step(connection: Connection, project: Project) -> NextStep:
    for job in jobs.jobs_of(connection, project.id):
        if job.state in jobs.ACTIVE:
            return NextStep(
                stage="wait", sentence=f"Job {job.id} {JOB_VERBS.get(job.kind, 'runs')}: wait for it, or look around."
            )
    rounds = store.round_counts(connection, project.id)
    newest, base = rounds[-1], find_round(connection, project, None)
    current = next(each for each in rounds if each.number == base.number)
    return (
        _measuring_step(newest)
        or _adoption_step(connection, project, current, newest)
        or _diagnosis_step(connection, project, current)
        or _treatment_step(connection, project, current, newest.number + 1)
    )


def _measuring_step(current: RoundCounts) -> NextStep | None:
    if not current.samples:
        return NextStep(
            stage="import", sentence="Import a validation set: labelled samples of the task to get better at."
        )
    if current.predictions < current.samples or current.test_predictions < current.test_samples:
        left = current.samples - current.predictions + current.test_samples - current.test_predictions
        return NextStep(stage="predict", sentence=f"Let the student of round {current.number} answer {left:,} samples.")
    return None


def _adoption_step(
    connection: Connection, project: Project, current: RoundCounts, newest: RoundCounts
) -> NextStep | None:
    """Decide on a round that is newer than the adopted one, unless the next selection was already made."""
    adoptions = store.adoptions_of(connection, project.id)
    if current.round == newest.round or newest.round in {each.round for each in adoptions}:
        return None
    tuned = {run.selection for run in store.runs_of(connection, project.id) if run.adapter}
    chosen = [each.id for each in store.selections_of(connection, project.id) if each.round == current.round]
    if chosen and chosen[0] not in tuned:
        return None
    sentence = (
        f"Round {newest.number} is measured: compare it with round {current.number} and adopt it, "
        f"or go on from round {current.number}."
    )
    return NextStep(stage="compare", sentence=sentence)


def _diagnosis_step(connection: Connection, project: Project, current: RoundCounts) -> NextStep | None:
    if not current.wrong:
        return NextStep(stage="compare", sentence="Every validation answer is right: nothing is left to diagnose.")
    if current.number and not current.diagnosed and store.adopted_round_id(connection, project.id) != current.round:
        sentence = (
            f"Round {current.number} is measured: compare it with the one before and adopt it, "
            "or diagnose what is still wrong."
        )
        return NextStep(stage="compare", sentence=sentence)
    missing = len(store.missing_diagnoses(connection, current.round))
    skipped = _count_skipped(connection, project, current)
    if missing > skipped:
        return NextStep(stage="diagnose", sentence=f"Let the teacher diagnose {missing:,} wrong answers.")
    if not current.diagnosed and not missing:
        sentence = (
            f"Of the {current.wrong:,} wrong answers {current.unclear:,} could not be read and the others come without "
            "steps, so there is nothing to diagnose: look at them on the Review tab, and set right what was misread."
        )
        return NextStep(stage="review", sentence=sentence)
    if not current.diagnosed:
        sentence = f"The teacher could diagnose none of {missing:,} wrong answers: the worker's log says why."
        return NextStep(stage="diagnose", sentence=sentence)
    if not store.accepted_skills(connection, current.round):
        sentence = f"Review the {current.diagnosed:,} diagnoses: accept or edit those whose missing skill is right."
        return NextStep(stage="review", sentence=sentence)
    return None


def _count_skipped(connection: Connection, project: Project, current: RoundCounts) -> int:
    """How many errors the round's newest finished diagnosis skipped, such as rationales that are too long."""
    for job in jobs.jobs_of(connection, project.id):
        if job.kind == "diagnose" and job.state == "done" and job.args["round"] == current.round:
            return job.total - job.done
    return 0


def _treatment_step(connection: Connection, project: Project, current: RoundCounts, opens: int) -> NextStep:
    support_sets = store.support_sets(connection)
    if not support_sets:
        return NextStep(
            stage="import", sentence="Import a support set: training samples of many tasks, with skill labels."
        )
    drawn = [each for each in support_sets if each.name == project.settings.support] or support_sets
    if not any(each.labelled for each in drawn):
        return NextStep(stage="label", sentence=f"Let the teacher label the support set '{drawn[0].name}' with skills.")
    if not current.selected:
        return NextStep(stage="select", sentence="Select support samples for the accepted skills.")
    selected = max(each.id for each in store.selections_of(connection, project.id) if each.round == current.round)
    return NextStep(stage="tune", sentence=f"Tune the student on selection {selected}: that opens round {opens}.")
