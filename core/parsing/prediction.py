"""Read a student's raw output as a prediction, and the version of the rules that read it."""

from core.parsing.answer import read_answer
from core.parsing.scoring import score_answer
from core.parsing.steps import split_steps
from core.types import Prediction, RoundId, Sample

READING_VERSION = 2
"""The version of the reading rules: of everything in ``core.parsing`` that decides about steps, answer and score.

Raise it by one in a change after which a text that is stored already would be read otherwise (other steps, another
answer, rule, place or confidence, another score), and only then. Projects then say that a better reading is there, and
``switchpoint reread`` reads them again.
"""


def read_prediction(sample: Sample, text: str, *, round_id: RoundId) -> Prediction:
    """The prediction for a student's raw output: its steps, its answer and its score."""
    reading = read_answer(text, sample.options)
    correct, score = score_answer(reading.answer, sample)
    return Prediction(
        round=round_id,
        sample=sample.id,
        text=text,
        steps=split_steps(text, sample.options),
        answer=reading.answer,
        reading=reading.rule,
        span=reading.span,
        correct=correct,
        score=score,
        read_confidence=reading.confidence,
        reading_version=READING_VERSION,
    )
