"""δ and λ on the Review tab: two sliders, what they would make of the stored curves, and applying them.

The effect is asked of ``/desk/reading`` while a slider moves; nothing changes before "Apply". Renders; reads no rows.
"""

from app.rendering.formatting import count
from app.rendering.html import bar, esc
from app.reviews.threshold_preview import LAST_STEP, ThresholdPreview
from app.reviews.wording import STATUS_LABELS
from app.web.page.place import Place
from core.types import Settings


def panel_html(settings: Settings, place: Place) -> str:
    """The button and its dialog; the script asks for the effect when it is opened or a slider moves."""
    sliders = (
        f'<label class="field"><span>δ: the wrong answer leads by more than '
        f'<b data-shows="delta">{settings.delta:g}</b>'
        f'</span><input type="range" name="delta" min="-0.5" max="0.5" step="0.05" value="{settings.delta:g}"></label>'
        f'<label class="field"><span>λ: for at least <b data-shows="lam">{settings.lam}</b> steps (or to the end)'
        f'</span><input type="range" name="lam" min="1" max="5" step="1" value="{settings.lam}"></label>'
    )
    return (
        '<button type="button" class="button" data-open="reading-dialog" title="How a switch is read from a curve">'
        f"δ {settings.delta:g} · λ {settings.lam}</button>"
        '<dialog id="reading-dialog" aria-labelledby="reading-title"><h2 id="reading-title">How a switch is read</h2>'
        '<p class="subdued">The mistake step is the first from which the wrong answer leads the true one. '
        "Moving a slider reads the stored curves again; no model is asked.</p>"
        f'<form class="reading-form" data-round="{place.round}" data-project="{esc(place.project)}" '
        f'data-delta="{settings.delta:g}" data-lam="{settings.lam}"><div class="sliders">{sliders}</div>'
        '<div class="effect" aria-live="polite"></div><div class="row end">'
        '<button type="button" class="button" data-close-dialog>Cancel</button><button type="reset" class="button">'
        'As it is now</button><button type="submit" class="button primary" disabled>Apply to this round</button></div>'
        "</form></dialog>"
    )


def effect_html(found: ThresholdPreview) -> str:
    """Two small bar charts: how many curves switch, and at which step."""
    if not found.curves:
        return '<p class="subdued">No curve is stored for this round yet: diagnose it first.</p>'
    said = (
        f"<p><b>{found.changed:,}</b> of {count(found.curves, 'diagnosis', 'diagnoses')} would get another step or "
        "status. Skills stay as they were named, and cases that people decided stay as they left them.</p>"
    )
    statuses = [(name, found.statuses.get(key, 0)) for key, name in STATUS_LABELS.items() if key in found.statuses]
    last = f"step {LAST_STEP} or later"
    steps = [(last if step == LAST_STEP else f"step {step}", n) for step, n in found.steps.items() if step]
    return f'{said}<div class="charts">{_chart(statuses, found.curves)}{_chart(steps, found.curves)}</div>'


def _chart(rows: list[tuple[str, int]], whole: int) -> str:
    lines = "".join(
        f"<tr><th scope=row>{esc(name)}</th><td>{bar(number / whole, f'{number} of {whole}')}</td>"
        f"<td class=num>{number:,}</td></tr>"
        for name, number in rows
    )
    return f"<table><tbody>{lines}</tbody></table>"
