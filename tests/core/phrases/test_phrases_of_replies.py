"""The phrase in a reply is freed of what models write around it, and a cut one counts only where it is whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phrases.replies import is_whole_phrase, phrase_of_reply, unwrap_phrase

WRAPPED = [
    ("counting objects.", "counting objects"),
    ("<think>Or reading?</think>\ncounting objects", "counting objects"),
    ('{"skill": "counting objects"}', "counting objects"),
    ('```json\n{"missing_skill": "counting objects", "step": 2}\n```', "counting objects"),
    ("['counting objects', 'reading maps']", "counting objects; reading maps"),
    ("```\ncounting objects\n```", "counting objects"),
    ("# Missing skill\n\ncounting objects", "counting objects"),
    ("Missing skill:\ncounting objects", "counting objects"),
    ("Sure! Here's the phrase:\n\ncounting objects", "counting objects"),
    ("Certainly: counting objects.", "counting objects"),
    ("1. counting objects\n2. reading maps", "counting objects"),
    ("\\boxed{counting objects}", "counting objects"),
    ("$\\text{counting objects}$", "counting objects"),
    ("<answer>counting objects</answer>", "counting objects"),
    ("counting objects<|im_end|>", "counting objects"),
    ("[counting objects]", "counting objects"),
    ("counting objects. counting objects.", "counting objects"),
    ("Sure, here is the missing skill:", ""),
    ('{"skill": null}', ""),
    ('{"skill": "counting obj', ""),
    ("[]", ""),
    ("2-digit addition", "2-digit addition"),
    ("Adding 1.5 and 2. Then", "Adding 1.5 and 2"),
]


@pytest.mark.parametrize(("said", "phrase"), WRAPPED)
def test_a_phrase_is_freed_of_what_a_model_writes_around_it(said: str, phrase: str) -> None:
    assert phrase_of_reply(said) == phrase


@pytest.mark.parametrize(
    ("said", "is_whole"),
    [
        ("counting objects\nand", True),
        ("counting obj", False),
        ("Missing skill:\n", False),
        ("Here is the skill:\n\ncounting obj", False),
        ("Here is the skill:\n\ncounting objects\nand", True),
        ('```json\n{"skill": "count', False),
        ("<think>counting objects.\nOr", False),
    ],
)
def test_a_phrase_that_was_cut_off_is_whole_where_its_line_had_ended(said: str, is_whole: bool) -> None:
    assert is_whole_phrase(said, 12) is is_whole


@given(st.text(alphabet=st.sampled_from("ab1 .:#`{}[]\"'\n$<>\\")) | st.text())
def test_any_reply_has_a_phrase_of_one_line(said: str) -> None:
    assert "\n" not in phrase_of_reply(said)
    assert len(unwrap_phrase(said)) <= len(said)
