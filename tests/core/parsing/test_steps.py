"""Splitting rationales into steps: model output, the inverse of ``join_steps``, and real rationales."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.parsing.steps import join_steps, split_steps, strip_answer

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data with the real samples is not here")

SPLITS = [
    ("Step 1: 9 is left. Step 2: 7 is right. The answer is 16.", ["9 is left.", "7 is right."]),
    ("Step 1: 9 is left.\nStep 2: 7 is right.\nThe answer is 16.", ["9 is left.", "7 is right."]),
    ("step 1 : nine . step 2 : seven . the answer is 16 .", ["nine .", "seven ."]),
    ("Let us think.\nStep 1: Look.\nStep 2: Add.", ["Look.", "Add."]),
    ("**Step 1:** Look.\n\n**Step 2:** Add.\n\n**Answer:** B", ["Look.", "Add."]),
    ("### Step 1: Look\n- at the left\n- at the right\n### Step 2: Add", ["Look - at the left - at the right", "Add"]),
    ("Step 1 - Look.\nStep 2 - Add.", ["Look.", "Add."]),
    ("Step 1: Look. Step 2: Add as in Step 1: again. Step 3: Stop.", ["Look.", "Add as in Step 1: again.", "Stop."]),
    ("1. Look here.\n2. Add both.\n\nSo the answer is (B).", ["Look here.", "Add both."]),
    ("(1) Look here.\n(2) Add both.", ["Look here.", "Add both."]),
    ("- Look here.\n- Add both.\n- Done with it.", ["Look here.", "Add both.", "Done with it."]),
    ("Look at it.\nAdd them up.\nSo the answer is B.", ["Look at it.", "Add them up."]),
    ("The left is 9. The right is 7.\nThe answer is 16.", ["The left is 9.", "The right is 7."]),
    ("Mr. Lee holds No. 5. He was in the U.S. Army then.", ["Mr. Lee holds No. 5.", "He was in the U.S. Army then."]),
    ("It is e.g. a cat at 3.14 m. George W. Bush sits.", ["It is e.g. a cat at 3.14 m.", "George W. Bush sits."]),
    ("Look at Point B. The line ends.", ["Look at Point B.", "The line ends."]),
    ("The answer is B. BECAUSE: Lichens are fungi.\\nFungi decompose.", ["Lichens are fungi.", "Fungi decompose."]),
    ("A \\neq B holds here.\\nSo C follows.", ["A \\neq B holds here.", "So C follows."]),
    ("The answer is B because the dog is left.", ["the dog is left."]),
    ("The sum is \\boxed{16}.", ["The sum is \\boxed{16}."]),
    ("It is determined quickly. The answer is not B.", ["It is determined quickly.", "The answer is not B."]),
    ("9 plus 7 makes 16 here.\n#### 16", ["9 plus 7 makes 16 here."]),
    ("surfing", []),
    ("B", []),
    ("(B) dog", []),
    ("The answer is B.", []),
    ("", []),
    (" \n ", []),
]


@pytest.mark.parametrize(("text", "steps"), SPLITS)
def test_splits_what_models_write(text: str, steps: list[str]) -> None:
    assert list(split_steps(text)) == steps


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ("9 plus 7 is 16. So the answer is (B).", "9 plus 7 is 16."),
        ("The robin is third, so the answer is (A)", "The robin is third"),
        ("Since 9 and 7 are 16, the answer is 16.", "Since 9 and 7 are 16"),
        ("Based on the picture, the answer is B.", ""),
        ("I think the answer is B.", ""),
        ("Clearly, the correct answer to this question is B.", ""),
        ("Therefore, option B is correct.", ""),
        ("$\\boxed{16}$", ""),
        ("The answer is A. Then we add.", "Then we add."),
        ("The answer is determined by the legs.", "The answer is determined by the legs."),
        ("The experiment can best answer is this one.", "The experiment can best answer is this one."),
        ("(C)", ""),
    ],
)
def test_a_statement_of_the_answer_is_no_step(part: str, left: str) -> None:
    assert strip_answer(part) == left


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("Das Tier bellt. Die Antwort ist B.", ["Das Tier bellt."]),
        ("L'animal aboie.\nIl a un collier.\nDonc, la réponse est B.", ["L'animal aboie.", "Il a un collier."]),
        ("El animal ladra. Por lo tanto, la respuesta es B.", ["El animal ladra."]),
        ("O animal late.\nTem coleira.\nPortanto, a resposta é B.", ["O animal late.", "Tem coleira."]),
        ("图中是狗，所以答案是B。", ["图中是狗"]),
        ("动物会叫。\n有项圈。\n因此选B。", ["动物会叫。", "有项圈。"]),
        ("犬が吠えています。\n首輪があります。\nよって、正解はBです。", ["犬が吠えています。", "首輪があります。"]),
        ("जानवर भौंकता है।\nपट्टा है।\nइसलिए सही उत्तर B है।", ["जानवर भौंकता है।", "पट्टा है।"]),
        ("الحيوان ينبح.\nله طوق.\nلذلك الإجابة هي B.", ["الحيوان ينبح.", "له طوق."]),
    ],
)
def test_the_closing_sentence_is_no_step_in_any_language(text: str, steps: list[str]) -> None:
    assert list(split_steps(text)) == steps


TREES = ("oak", "fir", "elm", "ash tree")


@pytest.mark.parametrize(
    "listed",
    [
        "The options are:\n1. oak\n2. fir\n3. elm\n4. ash tree\n\n",
        "Options:\nA. oak\nB. fir\nC. elm\nD. ash tree\n",
        "**Choices:**\n- oak\n- fir\n- elm\n- ash tree\n\n",
        "选项：\n(A) oak\n(B) fir\n(C) elm\n(D) ash tree\n",
        "(A) Oak\n(B) Fir.\n(C) Elm\n(D) An ash tree\n\n",
        "1) oak\n2) fir\n",
    ],
)
@pytest.mark.parametrize("reason", ["It has needles. Firs have needles.", "1. It has needles.\n2. Firs have needles."])
def test_copied_options_are_no_steps(listed: str, reason: str) -> None:
    text = f"{listed}{reason}\n\nThe answer is B."
    assert split_steps(text, TREES) == ("It has needles.", "Firs have needles.")


def test_announced_options_are_no_steps_where_the_options_are_not_known() -> None:
    text = "The options are:\n1. oak\n2. fir\n\nIt has needles. Firs have needles."
    assert split_steps(text) == ("It has needles.", "Firs have needles.")


def test_reasons_about_each_option_stay() -> None:
    text = "1. oak: its leaves are lobed.\n2. fir: it has needles.\n3. So it is the fir."
    assert split_steps(text, TREES) == ("oak: its leaves are lobed.", "fir: it has needles.", "So it is the fir.")


@pytest.mark.parametrize("line_break", ["<br>", "<br/>", "<BR />", "\\n", "\r\n"])
def test_every_kind_of_line_break_ends_a_step(line_break: str) -> None:
    text = line_break.join(("Step 1: It has needles.", "Step 2: Firs have needles.", "The answer is B."))
    assert split_steps(text) == ("It has needles.", "Firs have needles.")


@pytest.mark.parametrize("closing", ["(B)", "**B**", "B.", "**(B)**", "B"])
def test_a_closing_letter_is_no_part_of_the_last_step(closing: str) -> None:
    text = f"Step 1: It has needles.\nStep 2: Firs have needles.\n{closing}"
    assert split_steps(text) == ("It has needles.", "Firs have needles.")


words = st.text(alphabet="abcdefgäß日9(),%-", min_size=2, max_size=8).filter(lambda word: word.strip("(),%-"))
steps = st.lists(words, min_size=2, max_size=8).map(lambda several: " ".join(several) + ".")


@given(st.lists(steps, min_size=1, max_size=12).map(tuple))
def test_splitting_undoes_joining(several: tuple[str, ...]) -> None:
    assert split_steps(join_steps(several)) == several


@given(st.lists(steps, min_size=2, max_size=9).map(tuple))
def test_lines_numbers_and_markers_are_the_same_steps(several: tuple[str, ...]) -> None:
    assert split_steps("\n".join(f"{number}. {step}" for number, step in enumerate(several, 1))) == several
    assert split_steps("\n".join(f"Step {number}: {step}" for number, step in enumerate(several, 1))) == several


@given(st.text())
def test_any_text_splits_into_single_lines_without_empty_ones(text: str) -> None:
    for step in split_steps(text):
        assert step
        assert step == " ".join(step.split())


def real_rationales() -> Iterator[str]:
    for line in (DATA / "bigbench-mistake/logical_deduction.jsonl").read_text().splitlines():
        yield "\n".join(json.loads(line)["steps"])
    for line in (DATA / "scienceqa/gpt3_rationales.jsonl").read_text().splitlines():
        yield json.loads(line)["rationale"]


@needs_data
def test_real_rationales_split_without_their_answers() -> None:
    split = [split_steps(text) for text in real_rationales()]
    assert len(split) == 300 + 186
    assert all(split)
    for each in split:
        assert split_steps(join_steps(each)) == each
        assert not [step for step in each if "the answer is (" in step.lower() or step.startswith("The answer is ")][
            :-1
        ]


@needs_data
def test_palm_2s_steps_are_split_where_it_wrote_them() -> None:
    for line in (DATA / "bigbench-mistake/logical_deduction.jsonl").read_text().splitlines():
        written = json.loads(line)["steps"]
        assert split_steps("\n".join(written)) == tuple(filter(None, map(strip_answer, written)))
