"""A project's student and teacher on the Data tab: their names, their prompts, and trying them on one sample.

The browser keeps what was typed and not saved. Loads no model.
"""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.projects.configuration import has_answers
from app.projects.prompts import project_prompts
from app.rendering.templates import NOTHING, render
from app.web.page.place import Place
from core.types import Sample
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from storage.store import ModelTry

ROLES = ("student", "teacher")
ABOUT = {
    "student": "A folder, a name on the Hub, openai:MODEL, or MODEL@http://host:port/v1. It sees the image.",
    "teacher": "A text model, named in the same ways. It sees question and steps, never the image.",
}
STATUS_TEXTS = {
    "switched": "switches at step {}",
    "no_switch": "no lasting switch; the largest rise is at step {}",
    "prior_ignored": "prefers the wrong answer before any step",
    "no_steps": "no steps to read",
}


@dataclass(frozen=True, kw_only=True)
class ShownTry:
    """A try of a model: its ``job`` if that is unfinished or has failed, else its result."""

    who: str
    job: Job | None = None
    result: ModelTry | None = None
    sample: Sample | None = None

    @property
    def failed(self) -> bool:
        """Whether its job has failed."""
        return self.job is not None and self.job.state == "failed"


def models_html(db: Database, place: Place) -> Markup:
    """Student and teacher; their names can be changed until the project has predictions."""
    if not place.project:
        return NOTHING
    with db.read() as connection:
        project = store.project_named(connection, place.project)
    models = [(role, getattr(project, role), ABOUT[role]) for role in ROLES]
    return render("data/models.html", project=project.name, models=models, fixed=has_answers(db, project))


def tries_html(db: Database, place: Place) -> Markup:
    """The results of the newest tries, or how far they are."""
    if not place.project:
        return NOTHING
    with db.read() as connection:
        project = store.project_named(connection, place.project)
        results = store.model_tries_of(connection, project.id)
        tries = [job for job in jobs.jobs_of(connection, project.id, limit=30) if job.kind == "try"]
        samples = store.samples_by_id(connection, [result.sample for result in results.values()])
    shown = []
    for who in ROLES:
        job = next((job for job in tries if job.args["who"] == who), None)
        if job is not None and (job.state in jobs.ACTIVE or job.state == "failed"):
            shown.append(ShownTry(who=who, job=job))
        elif who in results:
            shown.append(ShownTry(who=who, result=results[who], sample=samples[results[who].sample]))
    if not shown:
        return NOTHING
    return render(
        "data/tries.html", tries=shown, read_from=_read_from, switch_text=_switch_text, candidates=_candidates
    )


def prompts_html(db: Database, place: Place) -> Markup:
    """The prompts of the project's models, each with a field to replace it."""
    if not place.project:
        return NOTHING
    prompts = project_prompts(db, place.project)
    own = sum(prompt.version == "own" for prompt in prompts)
    return render("data/prompts.html", project=place.project, prompts=prompts, own=own, rows_of=_rows_of)


def _rows_of(text: str) -> int:
    return min(14, text.count("\n") + 2)


def _read_from(result: Any) -> str:
    """The words that the answer was read from; "" where none are known."""
    start, end = result["span"] or (0, 0)
    return str(result["reply"][start:end])


def _switch_text(result: Any) -> str:
    if result["right"]:
        return "The student's answer is right: what the teacher believes after each step."
    return STATUS_TEXTS.get(result["status"], "").format(result["mistake_step"]).capitalize() + "."


def _candidates(result: Any) -> list[str]:
    """The candidates as heads of right-aligned columns, with the truth and the student's wrong answer marked."""
    curve, heads = result["curve"], []
    for index, candidate in enumerate(curve["candidates"]):
        mark = " ✓ truth" if index == curve["truth"] else ""
        if index == curve["predicted"] and not mark and not result["right"]:
            mark = " ✗ student"
        heads.append(f"#{str(candidate)[:40]}{mark}")
    return heads
