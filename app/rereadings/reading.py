"""What the rules of now read in a stored prediction: the one function behind the preview and the application.

A prediction of a student is read as on the first day. Of one that came from a file, what the file gave stays: its
answer where it had one (decision 0041), and its steps where it may have given them.
"""

from dataclasses import dataclass, replace

from core.importers.formats.predictions import locate_answer, numbered_steps
from core.parsing.prediction import read_prediction
from core.parsing.reading import UNCLEAR, Reading
from core.parsing.scoring import score_answer
from core.parsing.steps import strip_answer
from core.types import Prediction
from storage import store
from storage.store import StoredReading


@dataclass(frozen=True, kw_only=True)
class ReadAgain:
    """A prediction as it is read now. ``steps_kept``: its file counted its steps, so that they stay although they would
    be split otherwise now."""

    prediction: Prediction
    steps_kept: bool = False


def read_again(stored: StoredReading, *, answers_given: bool = False) -> ReadAgain:
    """The prediction as the rules of now read it, with their version.

    ``answers_given`` says that the files of its round had a column of answers: an unclear one is then that column's,
    which is not stored, and no rationale answers in its place.
    """
    old, sample = stored.prediction, stored.sample
    fresh = read_prediction(sample, old.text, round_id=old.round)
    if not stored.imported:
        return ReadAgain(prediction=fresh)
    if answers_given if old.answer is None else _answer_was_given(old):
        rule = "other" if old.reading == "other" else "given"
        given = UNCLEAR if old.answer is None else Reading(answer=old.answer, rule=rule, span=None)
        read = locate_answer(old.text, given, sample.options)
        correct, score = score_answer(read.answer, sample)
        fresh = replace(
            fresh,
            answer=read.answer,
            reading=read.rule,
            span=read.span,
            read_confidence=read.confidence,
            correct=correct,
            score=score,
        )
    steps = fresh.steps
    if stored.gold_step is not None:
        steps = old.steps
    elif _steps_may_be_given(old):
        steps, _ = numbered_steps(old.steps)  # as on import: a step that only states the answer is none
    return ReadAgain(prediction=replace(fresh, steps=steps), steps_kept=steps != fresh.steps)


def is_changed(old: Prediction, new: Prediction) -> bool:
    """Whether anything but the version differs."""
    return replace(old, reading_version=new.reading_version) != new


def is_moved(old: Prediction, new: Prediction) -> bool:
    """Whether what a diagnosis and a review speak of differs: steps, answer or correctness."""
    return (old.steps, old.answer, old.correct) != (new.steps, new.answer, new.correct)


def _answer_was_given(old: Prediction) -> bool:
    """Whether the answer of an imported prediction was a value of its own in the file, which is not stored."""
    is_placed = old.span is not None or old.reading not in ("given", "other")
    return not is_placed or old.read_confidence == store.GIVEN_CONFIDENCE


def _steps_may_be_given(old: Prediction) -> bool:
    """Whether the steps of an imported prediction may be those of its file, whose text is its steps, one a line.

    Steps split at markers or inside a line are ours: one of them does not begin a line.
    """
    lines = iter(old.text.splitlines())
    return bool(old.steps) and all(any(_begins(line, step) for line in lines) for step in old.steps)


def _begins(line: str, step: str) -> bool:
    written = " ".join(line.split())
    begins = bool(written) and (step.startswith(written) or written.startswith(step))
    return begins or strip_answer(line) == step
