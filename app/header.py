"""The page's head: which project and round, how to make a new project, and the one next step with a button to it.

Reads rows and renders HTML; changes nothing.
"""

from sqlalchemy import Connection

from app.actions import next_step
from app.links import Place
from app.markup import choices, command, esc, nav
from app.overview import NextStep
from app.tray import pulse_html
from storage import store
from storage.database import Database

DEMO_STUDENT = "assets/demo/student"
DEMO_TEACHER = "assets/demo/teacher"
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
        f'{picked}{new}<span class="grow"></span>'
        '<button type="button" class="quiet" data-open="help" title="Keyboard shortcuts (?)">Keys <kbd>?</kbd></button>'
        "</header>"
    )


def hint_html(db: Database, place: Place) -> str:
    """The next step in one sentence with a button to it, and beside it the job that runs."""
    step = next_step(db, place.project) if place.project else None
    return _hint(step, place, pulse_html(db))


def _pickers(connection: Connection, place: Place) -> str:
    projects = [(project.name, project.name) for project in store.list_projects(connection)]
    chosen = store.project_named(connection, place.project)
    rounds = [
        (
            str(each.number),
            f"{each.number} · {'untuned student' if each.run is None else f'after tuning run {each.run}'}",
        )
        for each in store.rounds_of(connection, chosen.id)
    ]
    return choices("project", "Project", projects, place.project) + choices("round", "Round", rounds, str(place.round))


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


def new_project_html() -> str:
    """The dialog that makes a project; its form is sent as the command "create"."""
    field = (
        '<div class="field"><label for="new-{name}">{label}</label><input id="new-{name}" name="{name}" '
        'value="{value}" required maxlength="{most}" autocomplete="off" spellcheck="false" '
        'aria-describedby="about-{name}">'
        '<small id="about-{name}">{hint}</small></div>'
    )
    model = "A folder with the model, or its name on the Hugging Face Hub. The demo's own is filled in."
    return (
        '<dialog id="new-project" aria-labelledby="new-project-title"><form data-form="create">'
        '<h2 id="new-project-title">New project</h2>'
        + field.format(
            label="Name", name="name", value="", most=100, hint="For example the task the student should learn."
        )
        + field.format(label="Student", name="student", value=DEMO_STUDENT, most=400, hint=model)
        + field.format(label="Teacher", name="teacher", value=DEMO_TEACHER, most=400, hint="A text model. " + model)
        + '<div class="row end"><button type="button" class="button" data-close-dialog>Cancel</button>'
        '<button type="submit" class="button primary">Create project</button></div></form></dialog>'
    )


def help_html() -> str:
    """The overlay that "?" opens."""
    keys = [
        ("J / K", "next, previous case"),
        ("N", "next case without a verdict"),
        ("1 – 9", "move the mistake step"),
        ("A", "accept (as edited, where you changed something)"),
        ("E", "edit the skill; Enter accepts it, Esc leaves the field"),
        ("R", "reject"),
        ("S", "skip"),
        ("L", "the label is wrong"),
        ("M", "the answer was misread"),
        ("U", "undo your last verdict"),
        ("?", "this help"),
    ]
    rows = "".join(
        f"<tr><th scope=row>{''.join(f'<kbd>{esc(part)}</kbd>' for part in key.split(' / '))}</th><td>"
        f"{esc(text)}</td></tr>"
        for key, text in keys
    )
    return (
        '<dialog id="help" aria-labelledby="help-title"><h2 id="help-title">Keys on the Review tab</h2>'
        f'<table class="keys"><tbody>{rows}</tbody></table><p class="subdued">They rest while you type in a field.</p>'
        '<div class="row end"><button type="button" class="button" data-close-dialog>Close</button></div></dialog>'
        '<dialog id="ask" aria-labelledby="ask-text"><p id="ask-text"></p><div class="row end">'
        '<button type="button" class="button" data-close-dialog>Cancel</button>'
        '<button type="button" class="button primary" id="ask-yes">Yes</button></div></dialog>'
    )
