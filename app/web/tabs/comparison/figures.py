"""The figures of the Comparison tab: both accuracies, the four numbers, and what changed by category and skill.

Every count is a link that opens its samples. Reads no rows.
"""

from typing import Any

from markupsafe import Markup

from app.comparisons.paired import PairedComparison
from app.rendering.templates import render
from app.web.page.place import Place
from core.evaluation.comparison import format_p_value
from core.types import GroupChange

OUTCOMES = {"fixed": "Fixed", "broken": "Broken", "still_wrong": "Still wrong", "still_right": "Still right"}
KINDS = {"category": "Category", "skill": "Missing skill"}
MAX_GROUPS = 40
MAX_NAME_LENGTH = 380  # what a URL parameter keeps


def figures_html(compared: PairedComparison) -> Markup:
    """The difference with its interval and p, and both accuracies as scales."""
    found = compared.found
    return render(
        "comparison/figures.html",
        found=found,
        first=compared.first,
        second=compared.second,
        samples=sum(len(getattr(found, name)) for name in OUTCOMES),
        is_clear=found.difference.low > 0 or found.difference.high < 0,
        p=format_p_value(found.p_value),
    )


def tiles_html(place: Place, compared: PairedComparison) -> Markup:
    """The four numbers, each opening its samples."""
    chosen = chosen_outcome(place, compared)
    return render("comparison/tiles.html", place=place, found=compared.found, outcomes=OUTCOMES, chosen=chosen)


def chosen_outcome(place: Place, compared: PairedComparison) -> str:
    """Which of the four is open: the URL's, else what broke, else what was fixed."""
    asked = place.choice("show")
    return asked if asked in OUTCOMES else "broken" if compared.found.broken else "fixed"


def groups_html(place: Place, compared: PairedComparison) -> Markup:
    """What changed by category and by skill."""
    found = compared.found
    return render(
        "comparison/groups.html",
        place=place,
        first=compared.first,
        second=compared.second,
        role=found.role,
        categories=_table("category", found.by_category, tested=True),
        skills=_table("skill", found.by_skill, tested=not compared.unnamed),
        unnamed=compared.unnamed,
        kinds=KINDS,
        outcomes=OUTCOMES,
        max_name_length=MAX_NAME_LENGTH,
        format_p_value=format_p_value,
    )


def _table(kind: str, groups: tuple[GroupChange, ...], *, tested: bool) -> dict[str, Any]:
    """The groups of a kind as they are listed: what broke significantly first, then the largest."""
    ordered = sorted(groups, key=lambda group: (not group.significantly_broken, -group.samples, group.name))
    return {"kind": kind, "tested": tested, "shown": ordered[:MAX_GROUPS], "left_out": len(groups) - MAX_GROUPS}
