"""The page's head: which project and round, how to make a new project, and the one next step with a button to it.

Reads rows and renders HTML; changes nothing.
"""

from sqlalchemy import Connection

from app.projects.status import NextStep, next_step
from app.rendering.html import choices, command, esc, nav
from app.web.components.job_tray import pulse_html
from app.web.page.place import Place
from storage import store
from storage.database import Database
from storage.store import Round

# These stages are begun by the button itself, for the newest round.
QUEUED = ("predict", "diagnose")
# Which tab a stage lives on, and what the button to it says; None: nothing to press, only to wait for.
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


def header_html(db: Database, place: Place) -> str:
    """Brand and pickers for a place; ``place.project`` is "" when there is no project yet."""
    picked = ""
    if place.project:
        with db.read() as connection:
            picked = _pickers(connection, place)
    new = '<button type="button" class="button" data-open="new-project">New project</button>'
    return (
        f'<header class="head" data-project="{esc(place.project)}" data-round="{place.round}" data-tab="{place.tab}">'
        f'<a class="brand" href="{esc(place.link(tab="data", sample=None))}" data-nav><svg viewBox="0 0 24 24" '
        'aria-hidden="true">'
        '<path d="M3 17h5c6 0 4-10 10-10h3M3 17h18M18 4l3 3-3 3"/></svg>Switchpoint</a>'
        f'{picked}{new}<span class="grow"></span>{_who(place)}'
        '<button type="button" class="quiet" data-open="help" title="Keyboard shortcuts (?)">Keys <kbd>?</kbd></button>'
        "</header>"
    )


def _who(place: Place) -> str:
    if place.signed_in:
        return (
            f'<span class="subdued">Signed in as <b dir="auto">{esc(place.reviewer, 60)}</b></span>'
            '<form method="post" action="/logout"><button type="submit" class="quiet">Sign out</button></form>'
        )
    return (
        '<button type="button" class="quiet" data-open="who" title="The name that your verdicts carry in this browser">'
        f'Reviewing as <b dir="auto">{esc(place.reviewer or "anonymous", 40)}</b></button>'
    )


def hint_html(db: Database, place: Place) -> str:
    """The next step in one sentence with a button to it, and beside it the job that runs."""
    step = next_step(db, place.project) if place.project else None
    return _hint(step, place, pulse_html(db))


def _pickers(connection: Connection, place: Place) -> str:
    projects = [(project.name, project.name) for project in store.list_projects(connection)]
    chosen = store.project_named(connection, place.project)
    adopted = store.adopted_round_id(connection, chosen.id)
    rounds = [
        (str(each.number), f"{each.number} · {_model(each)}{', adopted' if each.id == adopted else ''}")
        for each in store.rounds_of(connection, chosen.id)
    ]
    return choices("project", "Project", projects, place.project) + choices("round", "Round", rounds, str(place.round))


def _model(round_: Round) -> str:
    return "untuned student" if round_.run is None else f"after tuning run {round_.run}"


def _hint(step: NextStep | None, place: Place, pulse: str) -> str:
    if step is None:
        text = (
            "Welcome. Start with a project: a student model, a teacher model, and the samples the student "
            "should answer."
        )
        button = '<button type="button" class="button primary" data-open="new-project">New project</button>'
        return _hint_line(text, pulse + button)
    tab, label = STAGES.get(step.stage, ("", None))
    button = ""
    if label and step.stage in QUEUED:
        button = command(step.stage, label, "button primary", newest="yes")
    elif label and tab != place.tab:
        button = nav(place.link(tab=tab, sample=None), label, "button primary")
    return _hint_line(step.sentence, pulse + button)


def _hint_line(sentence: str, button: str) -> str:
    return f'<div class="hint" role="note"><b>Next step</b><p dir="auto">{esc(sentence, 400)}</p>{button}</div>'
