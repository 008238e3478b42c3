"""Boxes, remarks behind a stated answer, forms that nobody filled in, invented turns."""

import pytest

from core.parsing.answer import read_answer

STATED = [
    (
        "<answer>The man wears a helmet, so he is a cyclist. \\boxed{B}</answer>",
        ("driver", "cyclist", "pilot"),
        "cyclist",
    ),
    ("<answer>图中是故宫。<|begin_of_box|>B<|end_of_box|></answer>", ("长城", "故宫"), "故宫"),
    ("We first get \\boxed{3}. Rechecking the sum, it is 4.\n\\boxed{4}", ("3", "4", "5"), "4"),
    ("\\boxed{A} or \\boxed{B}", ("cat", "dog"), None),
    ("First: \\boxed{12}. Then subtract 5, final: \\boxed{7}.", (), "7"),
    ('{"reasoning": "I cannot see", "answer": null}', ("cat", "dog"), None),
    ('{"answer": null}', (), None),
    ("Answer: [Insert answer here]", ("cat", "dog"), None),
    ("Final answer: [Insert final answer]", (), None),
    ("The answer is <your answer>.", (), None),
    ("Antwort: [Hier einfügen]", ("Katze", "Hund"), None),
    ("Answer: 14 (16 with the skylights)", ("12", "14", "16"), "14"),
    ("Antwort: B (nicht A, da kein Fell zu sehen ist)", ("Katze", "Hund"), "Hund"),
    ("B. dog\n\nHuman: and this one?\nAssistant: A. cat", ("cat", "dog"), "dog"),
    ("It is a dog.\n<|user|>\nand now?\n<|assistant|>\nIt is a cat.", ("cat", "dog"), "dog"),
]


@pytest.mark.parametrize(("text", "options", "answer"), STATED)
def test_the_last_answer_that_was_given_counts(text: str, options: tuple[str, ...], answer: str | None) -> None:
    assert read_answer(text, options).answer == answer
