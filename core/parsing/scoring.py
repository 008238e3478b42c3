"""What an answer scores: right or wrong against one truth, VQA accuracy where many people answered the question.

VQA accuracy (Antol et al. 2015): of every set of answers that leaves one person's out, an answer gets a third for each
person who gave it, one at most; the mean over the sets. From four people on: of three or fewer, which no set of three
can be left of, each answer is simply accepted. Texts are compared as ``core.parsing.normalisation`` does, with two
rules of the official evaluation on top (decision 0015). Knows no model and not how an answer was read.
"""

from collections import Counter
from collections.abc import Sequence

from core.parsing.answer import is_correct
from core.parsing.normalisation import normalise
from core.types import Sample

PEOPLE = 4
RIGHT_FROM = 0.5


def marked(answer: str | None, sample: Sample) -> tuple[bool, float | None]:
    """Whether the answer counts as right, and its score where that is not just 1 or 0 (None elsewhere).

    With people's answers it is right from a score of 0.5 on: of ten people, at least two gave it. An answer that could
    not be read (None) is wrong.
    """
    if answer in sample.options:
        return answer == sample.answer, None  # options may differ in nothing but capitals
    if answer is None or sample.options or not sample.answers:
        return is_correct(answer, sample.answer), None
    if len(sample.answers) < PEOPLE:
        return _form(answer) in map(_form, (sample.answer, *sample.answers)), None
    score = vqa_accuracy(answer, sample.answers)
    return score >= RIGHT_FROM, score


def truth_of(sample: Sample) -> str:
    """The truth as text: the answer that most people gave, where several did (of equal ones the sample's own)."""
    if sample.options or not sample.answers:
        return sample.answer
    votes = Counter(map(_form, sample.answers))
    most = max(votes.values())
    leading = [each for each in sample.answers if votes[_form(each)] == most]
    own = _form(sample.answer)
    return sample.answer if own in map(_form, leading) else leading[0]


def vqa_accuracy(answer: str, answers: Sequence[str]) -> float:
    """The VQA accuracy of an answer, in [0, 1], against what at least two people answered.

    >>> vqa_accuracy("red", ["red", "red", "red", "pink"])
    0.75
    """
    people, same = len(answers), sum(_form(each) == _form(answer) for each in answers)
    # Leaving out one of those who agree leaves one fewer to agree with; the sum is exact, so that all give 1.0.
    return (same * min(3, same - 1) + (people - same) * min(3, same)) / (3 * people) if same else 0.0


def _form(text: str) -> str:
    """The text as answers are compared: of the official evaluation's rules, "dont" is "don't" and "none" is 0."""
    form = normalise(text).replace("'", "")
    return "0" if form == "none" else form
