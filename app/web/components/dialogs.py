"""The page's dialogs: a new project, the keys, who reviews, the image in full size, and a question before acting.

Fixed HTML that scripts open and fill; reads no rows.
"""

from app.projects.configuration import DEMO_STUDENT, DEMO_TEACHER
from app.rendering.html import esc

KEYS = (
    ("J / K", "next, previous case"),
    ("N", "next case without a verdict"),
    ("G", "go to a case by its number"),
    ("1 – 9", "move the mistake step"),
    ("A", "accept (as edited, where you changed something)"),
    ("E", "edit the skill; Enter accepts it, Esc leaves the field"),
    ("R", "reject"),
    ("S", "skip"),
    ("L", "the label is wrong"),
    ("M", "the answer was misread"),
    ("U / Y", "undo, redo a verdict"),
    ("T / O", "two people, one case: keep theirs, save yours"),
    ("B", "one decision over all cases of the filters"),
    ("Z", "the image in full size"),
    ("?", "this help"),
)
HIT_KEYS = (
    ("J / K", "next, previous hit"),
    ("P", "pin the hit, or take that back"),
    ("X", "remove the hit, or put it back"),
    ("Shift P / Shift X", "the same for all of its task"),
    ("U", "undo what was said last"),
)
CANCEL = '<button type="button" class="button" data-close-dialog>Cancel</button>'
CLOSE = '<div class="row end"><button type="button" class="button" data-close-dialog>Close</button></div>'
TRIED_MODELS = (
    '<dialog id="who" aria-labelledby="who-title"><form data-who><h2 id="who-title">Reviewing as</h2>'
    '<div class="field"><label for="reviewer">Your name</label>'
    '<input id="reviewer" name="reviewer" maxlength="100" autocomplete="off" aria-describedby="about-reviewer">'
    '<small id="about-reviewer">It stands beside your verdicts, in this browser. Leave it empty for the name that '
    f'Switchpoint was started under.</small></div><div class="row end">{CANCEL}'
    '<button type="submit" class="button primary">Use this name</button></div></form></dialog>'
)
ZOOM = (
    '<dialog id="zoom" aria-label="The image in full size"><img alt="The sample\'s image in full size">'
    f"{CLOSE}</dialog>"
)
GUIDE = '<a href="/guide" target="_blank" rel="noopener">Guide: how each tab works, what each figure means</a>'
FOOT = (
    '<nav class="foot" aria-label="Guide"><a href="/guide" target="_blank" rel="noopener">Guide</a>'
    '<a href="/guide/method" target="_blank" rel="noopener">Method</a>'
    '<a href="/guide/CHANGELOG" target="_blank" rel="noopener">What is new</a></nav>'
)
ASK = (
    f'<dialog id="ask" aria-labelledby="ask-text"><p id="ask-text"></p><div class="row end">{CANCEL}'
    '<button type="button" class="button primary" id="ask-yes">Yes</button></div></dialog>'
)


def dialogs_html() -> str:
    """All of them, closed."""
    return new_project_html() + help_html() + TRIED_MODELS + ZOOM + ASK


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
    return (
        '<dialog id="help" aria-labelledby="help-title"><h2 id="help-title">Keys on the Review tab</h2>'
        f"{_keys(KEYS)}<h2>Keys on the Selection tab</h2>{_keys(HIT_KEYS)}"
        f'<p class="subdued">They rest while you type in a field.</p><div class="row">{GUIDE}<span class="grow"></span>'
        '<button type="button" class="button" data-close-dialog autofocus>Close</button></div></dialog>'
    )


def _keys(keys: tuple[tuple[str, str], ...]) -> str:
    rows = "".join(
        f"<tr><th scope=row>{''.join(f'<kbd>{esc(part)}</kbd>' for part in key.split(' / '))}</th><td>"
        f"{esc(text)}</td></tr>"
        for key, text in keys
    )
    return f'<table class="keys"><tbody>{rows}</tbody></table>'
