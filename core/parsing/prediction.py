"""Read a student's raw output as a prediction."""

from core.parsing.answer import read_answer
from core.parsing.scoring import score_answer
from core.parsing.steps import split_steps
from core.types import Prediction, RoundId, Sample


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
    )
