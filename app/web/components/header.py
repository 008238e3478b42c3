"""The page's head: which project and round, a button for a new project, and the next step with a button to it.

Reads rows and renders HTML; changes nothing.
"""

from markupsafe import Markup
from sqlalchemy import Connection

from app.projects.status import next_step
from app.rendering.templates import render
from app.web.components.job_tray import pulse_html
from app.web.page.place import Place
from storage import store
from storage.database import Database
from storage.store import Round

# The button itself queues these stages, for the newest round.
QUEUED = ("predict", "diagnose")
# The tab of each stage and the label of the button to it; None: there is nothing to press, only to wait for.
STAGES: dict[str, tuple[str, str | None]] = {
    "import": ("data", "Import samples"),
    "predict": ("data", "Predict"),
    "diagnose": ("data", "Diagnose"),
    "review": ("review", "Review cases"),
    "label": ("data", "Go to Label"),
    "select": ("selection", "Make a selection"),
    "tune": ("tuning", "Go to Tuning"),
    "compare": ("comparison", "Compare rounds"),
    "wait": ("", None),
}


def header_html(db: Database, place: Place) -> Markup:
    """Brand and pickers for a place; ``place.project`` is "" when there is no project yet."""
    if not place.project:
        return render("components/header.html", place=place)
    with db.read() as connection:
        projects = [(project.name, project.name) for project in store.list_projects(connection)]
        rounds = _round_options(connection, store.project_named(connection, place.project).id)
    return render("components/header.html", place=place, projects=projects, rounds=rounds)


def hint_html(db: Database, place: Place) -> Markup:
    """The next step in one sentence with a button to it, and beside it the job that runs."""
    step = next_step(db, place.project) if place.project else None
    tab, label = STAGES.get(step.stage, ("", None)) if step else ("", None)
    return render(
        "components/next_step.html",
        step=step,
        place=place,
        tab=tab,
        label=label,
        is_queued=step is not None and step.stage in QUEUED,
        running=pulse_html(db),
    )


def _round_options(connection: Connection, project_id: int) -> list[tuple[str, str]]:
    adopted = store.adopted_round_id(connection, project_id)
    return [
        (str(each.number), f"{each.number} · {_model(each)}{', adopted' if each.id == adopted else ''}")
        for each in store.rounds_of(connection, project_id)
    ]


def _model(round_: Round) -> str:
    return "untuned student" if round_.run is None else f"after tuning run {round_.run}"
