"""Splitting options off a prompt: the forms in use, and look-alikes."""

import pytest

from core.importers.fields.inline_options import split_options

SPLITS = [
    ("How many? Options: (a) 12 (b) 3", "How many?", ("12", "3")),
    ("How many?\nOptions: (A) 12; (B) 3; (C) 4.", "How many?", ("12", "3", "4")),
    ("How many?\nThe choices are: (A) None of the above; (B) Sun.", "How many?", ("None of the above", "Sun")),
    ("How many? (A) twelve (B) three", "How many?", ("twelve", "three")),
    ("How many?\nA. twelve\nB. three", "How many?", ("twelve", "three")),
    ("How many?\nOptions:\n(A) It is a.\n(B) It is b.", "How many?", ("It is a", "It is b")),
    ("How many?\nOptions:\nA: twelve\nB: three", "How many?", ("twelve", "three")),
    ("How many?\nChoices: A. 12 B. 3", "How many?", ("12", "3")),
    ("When? Options are: daytime, nighttime, twilight.", "When?", ("daytime", "nighttime", "twilight")),
    ("When? Options: 'now', 'then' or 'never'", "When?", ("now", "then", "never")),
    ("When?\n\nOptions: next previous", "When?", ("next", "previous")),
    ("Sign? Options: (a) Limit (50km/h) (b) Stop (c) Oven at 250 °F (121 °C)", "Sign?", None),
    ("Options: (a) x (b) y\nWhich is right?", "Which is right?", ("x", "y")),
    (
        "Which?\nA. cat\nB. dog\nAnswer with the option's letter from the given choices directly.",
        "Which?",
        ("cat", "dog"),
    ),
    ("这是什么？\n选项：\nA. 猫\nB. 狗", "这是什么？", ("猫", "狗")),
    ("这是什么？\nA、猫\nB、狗", "这是什么？", ("猫", "狗")),
    ("这是什么？A.猫", "这是什么？A.猫", ()),
    ("这是什么？（A）猫（B）狗", "这是什么？", ("猫", "狗")),
    ("これは何ですか？\nA．猫\nB．犬", "これは何ですか？", ("猫", "犬")),
    ("Wie viele? Antwortmöglichkeiten: A) zwölf B) drei", "Wie viele?", ("zwölf", "drei")),
    ("Combien ?\nChoix : (A) douze (B) trois", "Combien ?", ("douze", "trois")),
    ("How many?<br>A. twelve<br/>B. three", "How many?", ("twelve", "three")),
    ("How many?\n[A] twelve\n[B] three", "How many?", ("twelve", "three")),
    ("How many?\n**A.** twelve\n**B.** three", "How many?", ("twelve", "three")),
    ("How many?\n**A) twelve**\n**B) three**", "How many?", ("twelve", "three")),
    ("How many?\n- A. twelve\n- B. three", "How many?", ("twelve", "three")),
    ("How many?\nOptions: ['a dozen, or so', 'three']", "How many?", ("a dozen, or so", "three")),
]


@pytest.mark.parametrize(("prompt", "question", "options"), SPLITS)
def test_options_are_split_off(prompt: str, question: str, options: tuple[str, ...] | None) -> None:
    assert split_options(prompt) == (
        question,
        options if options is not None else ("Limit (50km/h)", "Stop", "Oven at 250 °F (121 °C)"),
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "Which of panel (A) and panel (B) is larger?",
        "Is it (a) red?",
        "A: what color is it?\nB: black\nA: is there a cat?\nB: no\nQuestion: is it large?",
        "Options: red car blue car",
        "Look at the options: they are all shown in the picture, and each of them is a photograph of a dog.",
        "What is (B) and then (C)?",
        "Line one<br>line two",
        "Options: ['a', 'b' 'c']",
        "What do A、B and C mean?",
        "",
    ],
)
def test_look_alikes_stay_in_the_question(prompt: str) -> None:
    assert split_options(prompt) == (prompt, ())
