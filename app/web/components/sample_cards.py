"""Support samples in brief, as HTML: a card each, and the line that says live how many match a skill.

Renders what it is given and reads no rows.
"""

from collections.abc import Mapping

from app.rendering.formatting import count
from app.rendering.html import esc, short
from app.selections.support_index import SkillMatches
from core.retrieval.terms import pieces
from core.types import Hit, Sample


def card_html(sample: Sample, hit: Hit) -> str:
    """A support sample in brief: image, question, its skill label with the matched words marked, and the score."""
    picture = (
        f'<img src="/image/{esc(sample.image)}" alt="" loading="lazy">'
        if sample.image
        else '<span class="noimage">text</span>'
    )
    return (
        f'<div class="card">{picture}<div><p dir="auto">{short(sample.question, 130)}</p>'
        f'<p class="skill-label" dir="auto">{highlight_terms(sample.skill_label, hit.terms)}</p><small class="subdued">'
        f"score {hit.score:.2f}{f' · {short(sample.task, 40)}' if sample.task else ''}</small></div></div>"
    )


def highlight_terms(label: str, terms: tuple[str, ...]) -> str:
    """A skill label, escaped, with the words that matched in <mark>."""
    return "".join(
        f"<mark>{esc(piece)}</mark>" if matched else esc(piece) for piece, matched in pieces(label[:300], terms)
    )


def live_html(offer: SkillMatches | None, samples: Mapping[int, Sample], *, waiting: bool) -> str:
    """How many support samples match what stands in the skill field, and the best of them as cards."""
    if offer is None:
        said = (
            "The support set is being read …"
            if waiting
            else "No labelled support set yet: nothing to show behind a skill."
        )
        return f'<p class="subdued" data-waiting="{"yes" if waiting else "no"}">{said}</p>'
    if not offer.matching:
        return '<p class="nothing">No support sample matches these words: reword the skill.</p>'
    cards = "".join(card_html(samples[hit.sample], hit) for hit in offer.hits if hit.sample in samples)
    return (
        f'<details class="hits"><summary><b>{count(offer.matching, "support sample")}</b> '
        f"{'matches' if offer.matching == 1 else 'match'} this skill</summary>"
        f'<div class="cards">{cards}</div></details>'
    )
