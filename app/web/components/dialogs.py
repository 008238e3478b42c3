"""The page's dialogs: a new project, the keys, who reviews, the image in full size, and a question before acting.

Fixed HTML that scripts open and fill; reads no rows.
"""

from markupsafe import Markup

from app.projects.configuration import DEMO_STUDENT, DEMO_TEACHER
from app.rendering.templates import render

REVIEW_KEYS = (
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
SELECTION_KEYS = (
    ("J / K", "next, previous hit"),
    ("P", "pin the hit, or take that back"),
    ("X", "remove the hit, or put it back"),
    ("Shift P / Shift X", "the same for all of its task"),
    ("U", "undo what was said last"),
)


def dialogs_html() -> Markup:
    """All of them, closed."""
    return render(
        "components/dialogs.html",
        student=DEMO_STUDENT,
        teacher=DEMO_TEACHER,
        review_keys=REVIEW_KEYS,
        selection_keys=SELECTION_KEYS,
    )


def foot_html() -> Markup:
    """The links at the foot of the page."""
    return render("components/foot.html")
