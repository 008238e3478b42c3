import logging
from dataclasses import replace

import pytest

from core.errors import UserError
from core.student.local import Student
from core.tuning.examples import make_examples
from core.types import Sample, TuningSettings

SAMPLE = Sample(
    source_id="s", question="What is the sum of A1 and B2 ?", answer="5", response="The answer is 5 .", image="1"
)


def test_what_is_learned_is_the_response_and_the_end_of_the_turn(student: Student) -> None:
    words = student.processor.tokenizer
    for sample in (SAMPLE, replace(SAMPLE, image=None)):
        (example,) = make_examples(student, [sample], TuningSettings())
        tokens = words(example.text, add_special_tokens=False)["input_ids"]
        assert len(tokens) == example.length
        learned = tokens[-example.reply :]
        assert learned[-1] == student.eos_token_ids[0]
        assert words.decode(learned[:-1]).strip() == "The answer is 5 ."


def test_samples_that_cannot_be_learned_are_left_out_and_counted(
    student: Student, caplog: pytest.LogCaptureFixture
) -> None:
    long = replace(SAMPLE, response="The answer is 5 . " * 50)
    with caplog.at_level(logging.WARNING):
        examples = make_examples(student, [SAMPLE, replace(SAMPLE, response=" "), long], TuningSettings(max_length=60))
    assert [example.sample for example in examples] == [SAMPLE]
    assert "2 of 3 samples cannot be learned" in caplog.text


def test_nothing_to_learn_is_refused_with_the_way_on(student: Student) -> None:
    for samples in ([], [replace(SAMPLE, response="")]):
        with pytest.raises(UserError, match="import support samples with responses"):
            make_examples(student, samples, TuningSettings())
