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
    ("Final: \\boxed{3} cm, or \\boxed{4} cm", None),
    ("There are 12 chairs. Each has 4 legs. The picture was taken in 2019.", None),
    ("The name on the shirt is **Miller**.", "Miller"),
    ("The phone number on the sign is 555-0199.", "555-0199"),
    ("Es ist 14:35 Uhr.", "14:35 Uhr"),
    ("Der Preis beträgt 12,50 €.", "12,50 €"),
    ("The height is 1.75 m. Would you like it in feet?", "1.75 m"),
    ("The ratio of boys to girls is 3:4.", "3:4"),
    ("The year is 1998 or 1999.", None),
    ("The temperature is between 10 and 20.", None),
    ("There is a dog in the picture, and the number of cats is not 3.", None),
    ("The total is not 5.", None),
    ("The probability is about 0.5, but I am not sure.", None),
    ("The range is 5 to 10.", None),
    ("Die Fläche beträgt 3 cm · 4 cm = 12 cm².", "12 cm²"),
    ("Das Ergebnis ist also x = 5.", "5"),
]


@pytest.mark.parametrize(("text", "answer"), SAID)
def test_the_value_with_which_a_reply_ends_is_its_answer(text: str, answer: str | None) -> None:
    assert read_answer(text, ()).answer == answer
