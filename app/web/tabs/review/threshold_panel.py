"""δ and λ on the Review tab: two sliders, what they would make of the stored curves, and applying them.

A moving slider asks ``/desk/reading`` for the effect; nothing changes before "Apply". Reads no rows.
"""

from markupsafe import Markup

from app.rendering.templates import render
from app.reviews.threshold_preview import LAST_STEP, ThresholdPreview
from app.reviews.wording import STATUS_LABELS
from app.web.page.place import Place
from core.types import Settings


def panel_html(settings: Settings, place: Place) -> Markup:
    """The button and its dialog; the script asks for the effect when the dialog is opened or a slider moves."""
    return render("review/threshold_panel.html", delta=f"{settings.delta:g}", lam=settings.lam, place=place)


def effect_html(preview: ThresholdPreview) -> Markup:
    """Two small bar charts: how many curves have each status, and each mistake step."""
    statuses = [(name, preview.statuses.get(key, 0)) for key, name in STATUS_LABELS.items() if key in preview.statuses]
    last = f"step {LAST_STEP} or later"
    steps = [(last if step == LAST_STEP else f"step {step}", number) for step, number in preview.steps.items() if step]
    return render("review/threshold_effect.html", found=preview, charts=(statuses, steps))
