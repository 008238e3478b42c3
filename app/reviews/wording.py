"""Labels of verdicts and statuses, and sentences about diagnoses, for the page and the reports."""

from core.answer_switch import margins
from core.types import Curve, Diagnosis, Review, ReviewState
from storage.store import Case

SMALL_MOVE = 0.2


VERDICT_LABELS: dict[ReviewState, tuple[str, str]] = {
    "unreviewed": ("○", "not reviewed"),
    "accepted": ("✓", "accepted"),
    "edited": ("✎", "accepted edited"),
    "rejected": ("✗", "rejected"),
    "skipped": ("→", "skipped"),
    "label_wrong": ("⚑", "label wrong"),
    "misread": ("≠", "misread"),
}
STATUS_LABELS = {
    "switched": "switched",
    "no_switch": "no clear switch",
    "prior_ignored": "prior ignored",
    "no_steps": "no steps",
    "undiagnosed": "not diagnosed",
    "unclear": "answer unclear",
}


def verdict_label(review: Review | None) -> tuple[str, str]:
    """Sign and words of a review's verdict; of no review: "not reviewed"."""
    if review is None:
        return VERDICT_LABELS["unreviewed"]
    return ("↶", "verdict taken back") if review.verdict == "cleared" else VERDICT_LABELS[review.verdict]


def confidence_reason(case: Case) -> str:
    """Why the mistake step of a diagnosed case is certain or not, in one or two sentences."""
    assert case.diagnosis is not None
    return f"{_margin_sentence(case.diagnosis)}{_curve_remark(case.diagnosis.curve)}"


def _curve_remark(curve: Curve) -> str:
    """A remark on a curve that is not made of the teacher's probabilities; "" for others."""
    if curve.votes:
        return f" Each point is the share of {curve.votes} sampled replies: coarse."
    return " Hollow points are upper bounds: the teacher did not list that option." if curve.bounded else ""


def _margin_sentence(diagnosis: Diagnosis) -> str:
    switch, gaps = diagnosis.switch, margins(diagnosis.curve)
    step = switch.mistake_step
    if step is None:
        return "The rationale has no steps to look at."
    moved = f"margin {gaps[step - 1]:+.2f} to {gaps[step]:+.2f}"
    if switch.status == "prior_ignored":
        return f"The teacher preferred the wrong answer before any step ({gaps[0]:+.2f}): weak evidence ({moved})."
    if switch.status == "no_switch":
        return f"The wrong answer never leads for good; it gains most at step {step} ({moved})."
    lowest = min(gaps[step:])
    back = "" if lowest > diagnosis.delta else f" Later steps take it back, to {lowest:+.2f}."
    weak = " A small move: look twice." if gaps[step] - gaps[step - 1] < SMALL_MOVE else ""
    return f"From step {step} on the wrong answer leads ({moved}).{back}{weak}"
