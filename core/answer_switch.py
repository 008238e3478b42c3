"""Find the step at which a teacher switches to the wrong answer: candidates, margins and the mistake step of a curve.

Method: Yao et al. 2025 (arXiv 2412.15652), section 3.2. δ, λ and the fallbacks are this project's own. Pure arithmetic
on a stored ``Curve``, so that another δ or λ can be applied without calling a teacher.
"""

from core.parsing.scoring import score_answer, truth_of
from core.types import Curve, Sample, Switch, SwitchStatus

MIN_SWITCHED_CONFIDENCE = 0.5
MAX_UNSURE_CONFIDENCE = 0.45
MAX_MARGIN_CHANGE = 2.0  # margins lie in [−1, 1]


def candidates_of(sample: Sample, answer: str) -> tuple[tuple[str, ...], int, int]:
    """The candidate answers of a wrong prediction, and the indices of the truth and of the prediction among them.

    Candidates are the sample's options, plus the student's answer where it is not one of them; without options, (truth,
    answer), where the truth is the most frequent human answer. Raises ValueError when the answer is correct (it has no
    mistake step) or the truth is not an option.
    """
    own = truth_of(sample)
    candidates = sample.options or (own,)
    if answer not in candidates:
        candidates = (*candidates, answer)
    truth, predicted = candidates.index(own), candidates.index(answer)
    if truth == predicted or (sample.answers and score_answer(answer, sample)[0]):
        raise ValueError(f"sample {sample.source_id}: the answer {answer!r} is right, so nothing switches")
    return candidates, truth, predicted


def margins(curve: Curve) -> tuple[float, ...]:
    """The margins d_k = p_k(predicted) − p_k(truth) for k = 0…n, each in [−1, 1]; above 0 the wrong answer leads."""
    return tuple(row[curve.predicted] - row[curve.truth] for row in curve.probabilities)


def find_switch(curve: Curve, *, delta: float, lam: int) -> Switch:
    """The mistake step: the smallest k ≥ 1 with d_j > δ for every j in k…min(k + λ − 1, n).

    Statuses other than ``switched``: ``no_switch`` when there is no such step (the step with the largest rise d_k −
    d_{k−1} is returned); ``prior_ignored`` when the wrong answer leads before any step (d_0 > δ), so that the step,
    found in the same way, explains little; ``no_steps`` when there is no step to return. Raises ValueError when λ < 1
    or the curve is empty.
    """
    if lam < 1:
        raise ValueError(f"λ counts steps and is at least 1, not {lam}")
    gaps = margins(curve)
    if not gaps:
        raise ValueError("a curve has at least the row before any step")
    if len(gaps) == 1:
        return Switch(status="no_steps", mistake_step=None, confidence=0.0)
    lasting = _first_lasting(gaps, delta, lam)
    step = lasting or _largest_rise(gaps)
    status: SwitchStatus = "prior_ignored" if gaps[0] > delta else "switched" if lasting else "no_switch"
    return Switch(status=status, mistake_step=step, confidence=_confidence(gaps, step, status))


def _first_lasting(gaps: tuple[float, ...], delta: float, lam: int) -> int | None:
    above = [gap > delta for gap in gaps]
    return next((k for k in range(1, len(gaps)) if all(above[k : k + lam])), None)


def _largest_rise(gaps: tuple[float, ...]) -> int:
    """The step with the largest rise; on ties the first, since later steps build on it."""
    return max(range(1, len(gaps)), key=lambda k: (gaps[k] - gaps[k - 1], -k))


def _confidence(gaps: tuple[float, ...], step: int, status: SwitchStatus) -> float:
    """The confidence of the step: the status sets a band, the evidence the position within it.

    The evidence is the mean of two changes, each relative to the largest possible: the rise at the step, and how far
    the mean margin from the step on exceeds the mean margin before it. It is monotonic: lowering a margin before the
    step or raising one from it on never lowers it. ``switched`` maps to [0.5, 1], everything else to [0, 0.45].
    """
    before, after = gaps[:step], gaps[step:]
    rise = gaps[step] - gaps[step - 1]
    separation = sum(after) / len(after) - sum(before) / len(before)
    evidence = min(1.0, max(0.0, (rise + separation) / 2 / MAX_MARGIN_CHANGE))
    if status == "switched":
        return MIN_SWITCHED_CONFIDENCE + (1 - MIN_SWITCHED_CONFIDENCE) * evidence
    return MAX_UNSURE_CONFIDENCE * evidence
