"""Support samples in brief: a card each, and the line that says live how many match a skill.

Renders what it is given and reads no rows.
"""

from collections.abc import Mapping

from markupsafe import Markup

from app.rendering.templates import macro, render
from app.selections.support_index import SkillMatches
from core.types import Hit, Sample


def card_html(sample: Sample, hit: Hit) -> Markup:
    """A support sample in brief: image, question, its skill label with the matched words marked, and the score."""
    return macro("support_card", sample, hit)


def highlight_terms(label: str, terms: tuple[str, ...]) -> Markup:
    """A skill label with the words that matched in <mark>."""
    return macro("highlight_terms", label, terms)


def live_html(offer: SkillMatches | None, samples: Mapping[int, Sample], *, waiting: bool) -> Markup:
    """How many support samples match what is typed in the skill field, and the best of them as cards."""
    return render("components/live_hits.html", offer=offer, samples=samples, waiting=waiting)
