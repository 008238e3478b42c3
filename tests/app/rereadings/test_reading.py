"""How a stored prediction is read again: a student's as on the first day, an imported one as far as its text says."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rereadings.reading import ReadAgain, is_changed, read_again
from core.importers.formats.predictions import parse_prediction
from core.parsing.prediction import READING_VERSION, read_prediction
from core.parsing.scoring import score_answer
from core.types import Prediction, Sample
from storage.store import StoredReading

SAMPLE = Sample(id=3, source_id="v3", question="Which colour?", options=("red", "blue", "green"), answer="red")
TEXT = "Step 1: It is big. Step 2: It is blue. The answer is (B)."


def again(prediction: Prediction, *, imported: bool = False, gold: int | None = None, given: bool = False) -> ReadAgain:
    stored = StoredReading(
        prediction=prediction, sample=SAMPLE, role="validation", imported=imported, gold_step=gold, decided="",
        diagnosed=False,
    )  # fmt: skip
    return read_again(stored, answers_given=given)


def stored_as(text: str, **old: object) -> Prediction:
    fresh = read_prediction(SAMPLE, text, round_id=1)
    return replace(fresh, **{"reading_version": 0} | old)  # type: ignore[arg-type]


def imported(**row: object) -> tuple[Prediction, int | None]:
    """A row of a file of predictions, imported now, as if by an older version of the same rules."""
    read = parse_prediction({"id": "v3"} | row, {"v3": SAMPLE})
    correct, score = score_answer(read.answer, SAMPLE)
    prediction = Prediction(
        round=1, sample=3, text=read.text, steps=read.steps, answer=read.answer, reading=read.reading, span=read.span,
        read_confidence=read.read_confidence, correct=correct, score=score,
    )  # fmt: skip
    return prediction, read.gold_mistake_step


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60) | st.sampled_from([TEXT, "red", "It is red\nAnswer: blue", "", "<think>x"]))
def test_a_students_text_is_read_as_on_the_first_day(text: str) -> None:
    read = again(stored_as(text, answer="green", steps=("x",), correct=True))
    assert read.prediction == read_prediction(SAMPLE, text, round_id=1)
    assert read.prediction.reading_version == READING_VERSION
    assert again(read.prediction) == read, "reading again what was read again changes nothing"


PARTS = st.sampled_from(
    [
        "It is big.",
        "Step 1: It is round.",
        "1. It is far",
        "So the answer is (B).",
        "red",
        "It is blue\nand shines.",
        "A",
    ]
)
PREDICTIONS = st.sampled_from([None, "B", "red", "(C)", "a horse", "unclear, maybe", 0, 2, "blue."])


@given(st.lists(PARTS, min_size=1, max_size=5), PREDICTIONS, st.booleans(), st.booleans())
def test_what_was_just_imported_is_read_again_as_it_was(
    parts: list[str], prediction: object, as_steps: bool, with_gold: bool
) -> None:
    row = {"steps": parts} if as_steps else {"rationale": " ".join(parts)}
    found, gold = imported(**row | ({} if prediction is None else {"prediction": prediction}))
    if with_gold and found.steps:
        gold = 1
    read = again(found, imported=True, gold=gold, given=prediction is not None)
    assert not is_changed(found, read.prediction)


def test_the_answer_that_a_file_gave_stays_where_its_text_says_otherwise() -> None:
    found, _ = imported(rationale=TEXT, prediction="C")
    assert (found.answer, found.reading) == ("green", "given")
    assert again(replace(found, read_confidence=1.0), imported=True, given=True).prediction.answer == "green"


def test_an_unclear_answer_of_a_column_is_not_taken_from_the_rationale() -> None:
    unclear = stored_as(TEXT, answer=None, reading="unclear", span=None, read_confidence=0.0, correct=False)
    assert again(unclear, imported=True, given=True).prediction.answer is None
    assert again(unclear, imported=True, given=False).prediction.answer == "blue", "the file had no such column"


@pytest.mark.parametrize("gold", [1, 2])
def test_steps_that_a_mistake_step_counts_stay(gold: int) -> None:
    old = stored_as(TEXT, steps=("It is big.", "It is blue.", "The answer is (B)."))
    assert again(old, imported=True, gold=gold) == ReadAgain(
        prediction=replace(old, reading_version=READING_VERSION), steps_kept=True
    )


def test_steps_that_a_file_may_have_given_stay_and_steps_split_by_us_do_not() -> None:
    one = stored_as("It is big. It shines.", steps=("It is big. It shines.",))
    assert again(one, imported=True).steps_kept, "we would have made two of it"
    split = stored_as(TEXT, steps=("It is big.", "It is blue.", "The answer is (B)."))
    read = again(split, imported=True)
    assert (read.steps_kept, read.prediction.steps) == (False, ("It is big.", "It is blue."))


def test_a_score_follows_the_rules_of_now_wherever_the_answer_came_from() -> None:
    found, _ = imported(steps=["It is red."], prediction="A")
    assert again(replace(found, correct=False), imported=True, given=True).prediction.correct


@pytest.mark.parametrize("statement", ["Die richtige Antwort ist B.", "La réponse est B.", "So the answer is (B)."])
def test_a_step_that_only_states_the_answer_is_none_even_where_the_file_may_have_given_the_steps(
    statement: str,
) -> None:
    old = stored_as(f"It is big.\n{statement}", steps=("It is big.", statement), reading="other")
    assert again(old, imported=True).prediction.steps == ("It is big.",)
    assert again(old, imported=True, gold=1).prediction.steps == old.steps, "a known mistake step counts them"
