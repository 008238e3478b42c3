"""Answers to open questions that no sentence calls the answer."""

import pytest

from core.parsing.answer import read_answer

SAID = [
    ("Laut Rechnung:\n- Miete 900 €\n- Strom 80 €\n\n**Summe: 980 €**", "980 €"),
    ('The display says "B-4471".', "B-4471"),
    ("The train leaves from platform 3. So it departs at 14:35.", "14:35"),
    ("Le billet coûte donc 12,50 €.", "12,50 €"),
    ("There are 3 apples and 4 pears. In total, there are 7.", "7"),
    ("合計：1,200円", "1,200円"),
    ("I can see a street with 5 cars and some people walking.", None),
    ("The answer depends on whether 3 or 4 is meant.", None),
]


@pytest.mark.parametrize(("text", "answer"), SAID)
def test_the_value_with_which_a_reply_ends_is_its_answer(text: str, answer: str | None) -> None:
    assert read_answer(text, ()).answer == answer
