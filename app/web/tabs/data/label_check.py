"""Judging skill labels by hand on the Data tab: one label at a time beside its sample, and what came of it so far.

Renders rows; a judgement is the command "judge".
"""

from app.labels.labelling import label_quality, labels_to_check
from app.rendering.formatting import percent
from app.rendering.html import esc, nav
from app.web.page.place import Place
from core.errors import UserError
from core.types import Sample
from storage.database import Database

ENOUGH = 30


def check_html(db: Database, place: Place) -> str:
    """The next label to judge of the support set that the URL names; "" where it names none."""
    name = place.choice("check")
    if not name:
        return ""
    try:
        quality = label_quality(db, name)
        samples = labels_to_check(db, name, reviewer=place.reviewer, limit=1)
    except UserError as error:
        return f'<section class="panel"><p>{esc(error, 400)}</p></section>'
    far = f"{quality.judged:,} judged"
    if quality.share is not None:
        low, high = quality.share.low * 100, quality.share.high * 100
        far += f" · <b>{percent(quality.share.value, 0)} fit</b> ({low:.0f} to {high:.0f} %)"
    if quality.judged >= ENOUGH:
        far += f" · {ENOUGH} are enough to know it roughly"
    close = nav(place.link(check=None), "Close", "button small")
    head = (
        f'<div class="row"><h3 id="check-title">Do the labels of {esc(name, 80)} fit?</h3><span class="subdued" '
        f'role="status">{far}</span><span class=grow></span>{close}</div>'
    )
    body = _judged(samples[0], name) if samples else "<p>You have judged every label of this set.</p>"
    return f'<section class="panel" id="check" aria-labelledby="check-title">{head}{body}</section>'


def _judged(sample: Sample, support: str) -> str:
    picture = (
        f'<img src="/image/{esc(sample.image)}" alt="The sample\'s image">'
        if sample.image
        else "<div class=noimage>text only</div>"
    )
    buttons = "".join(
        f'<button type="button" class="button" data-cmd="judge" data-sample="{sample.id}" data-fits="{fits}" '
        f'data-support="{esc(support)}" data-key="{key.lower()}">{label} <kbd>{key}</kbd></button>'
        for fits, label, key in (("yes", "It fits", "Y"), ("no", "It does not", "N"))
    )
    options = f'<p class="subdued" dir="auto">{esc(" · ".join(sample.options), 400)}</p>' if sample.options else ""
    answer = esc(sample.response or sample.answer, 800)
    return (
        f'<div class="judged">{picture}<div><p class="question" dir="auto">{esc(sample.question, 1200)}</p>{options}'
        f'<p dir="auto">{answer}</p><p class="label">Skill label: <b dir="auto">{esc(sample.skill_label, 300)}</b></p>'
        f'<div class="row">{buttons}</div></div></div>'
    )
