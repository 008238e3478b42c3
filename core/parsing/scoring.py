"""Score an answer: correct or not against one truth, VQA accuracy where many people answered.

VQA accuracy (Antol et al. 2015): over all subsets that leave out one person, the mean of min(1, matches / 3). It needs
four answers; with three or fewer, any of them is accepted. Texts are compared as ``core.parsing.normalisation`` does,
plus two rules of the official evaluation (decision 0015).
"""

from collections import Counter
from collections.abc import Sequence

from core.parsing.answer import is_correct
from core.parsing.normalisation import normalise
from core.types import Sample

MIN_PEOPLE = 4
CORRECT_THRESHOLD = 0.5


def score_answer(answer: str | None, sample: Sample) -> tuple[bool, float | None]:
    """Whether the answer counts as correct, and its score where that is not just 1 or 0 (else None).

    With human answers it is correct from a score of 0.5 on: of ten people, at least two gave it. An answer that could
    not be read (None) is wrong.
    """
    if answer in sample.options:
        return answer == sample.answer, None  # exact match first: options may differ only in case
    if answer is None or sample.options or not sample.answers:
        return is_correct(answer, sample.answer), None
    if len(sample.answers) < MIN_PEOPLE:
        return _vqa_form(answer) in map(_vqa_form, (sample.answer, *sample.answers)), None
    score = vqa_accuracy(answer, sample.answers)
    return score >= CORRECT_THRESHOLD, score


def truth_of(sample: Sample) -> str:
    """The truth as text: the most frequent human answer where there are several (on ties the sample's own answer)."""
    if sample.options or not sample.answers:
        return sample.answer
    votes = Counter(map(_vqa_form, sample.answers))
    max_votes = max(votes.values())
    leading = [each for each in sample.answers if votes[_vqa_form(each)] == max_votes]
    own_form = _vqa_form(sample.answer)
    return sample.answer if own_form in map(_vqa_form, leading) else leading[0]


def vqa_accuracy(answer: str, answers: Sequence[str]) -> float:
    """The VQA accuracy of an answer, in [0, 1], against the answers of at least two people.

    >>> vqa_accuracy("red", ["red", "red", "red", "pink"])
    0.75
    """
    people, same = len(answers), sum(_vqa_form(each) == _vqa_form(answer) for each in answers)
    # Leaving out a person who agrees leaves one match fewer. Integer sums, so that full agreement gives exactly 1.0.
    return (same * min(3, same - 1) + (people - same) * min(3, same)) / (3 * people) if same else 0.0


def _vqa_form(text: str) -> str:
    """The text in the official evaluation's form: apostrophes removed ("dont" equals "don't"), and "none" equals 0."""
    form = normalise(text).replace("'", "")
    return "0" if form == "none" else form
