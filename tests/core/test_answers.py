"""Reading answers from what models write, and comparing them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answers import is_correct, normalise, read_answer

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

PETS = ("cat", "dog", "red fox")
SUMS = ("11", "12", "16", "17")
YES_NO = ("Yes", "No")
BEANS = ("canned beans", "dark red kidney beans", "kidney beans")

READ = [
    # letters
    ("B", PETS, "dog"),
    ("b", PETS, "dog"),
    ("(B)", PETS, "dog"),
    ("(b)", PETS, "dog"),
    ("B.", PETS, "dog"),
    ("B)", PETS, "dog"),
    ("B: dog", PETS, "dog"),
    ("B. dog", PETS, "dog"),
    ("(b) dog", PETS, "dog"),
    ("Option B", PETS, "dog"),
    ("option (C)", PETS, "red fox"),
    ("**C**", PETS, "red fox"),
    ("The answer is B.", PETS, "dog"),
    ("The answer is: (B).", PETS, "dog"),
    ("So the answer is (C)", PETS, "red fox"),
    ("Answer: A", PETS, "cat"),
    ("**Final Answer:** B", PETS, "dog"),
    ("The correct option is (A)", PETS, "cat"),
    ("The best choice is A, because it is small.", PETS, "cat"),
    ("Therefore, option B is correct.", PETS, "dog"),
    ("The answer is B. BECAUSE: a cat does not bark.", PETS, "dog"),
    ("the answer is b)", PETS, "dog"),
    ("The answer is option C.", PETS, "red fox"),
    ("The answer must therefore be (A).", PETS, "cat"),
    ("The answer to this question is B.", PETS, "dog"),
    ("It barks.\n\nB", PETS, "dog"),
    # option texts
    ("dog", PETS, "dog"),
    ("Dog.", PETS, "dog"),
    ("a dog", PETS, "dog"),
    ("The answer is a red fox.", PETS, "red fox"),
    ("The answer is A red fox.", PETS, "red fox"),
    ("The answer is the dog, since it barks like no cat.", PETS, "dog"),
    ("It is a dog.", PETS, "dog"),
    ("The animal in the picture is a dog.", PETS, "dog"),
    ("The answer is:\n\n(B) dog", PETS, "dog"),
    ("The answer is “dog”.", PETS, "dog"),
    ("dark red kidney beans", BEANS, "dark red kidney beans"),
    ("The can holds dark red kidney beans.", BEANS, "dark red kidney beans"),
    ("The answer is kidney beans.", BEANS, "kidney beans"),
    # numbers
    ("16", SUMS, "16"),
    ("sixteen", SUMS, "16"),
    ("16.0", SUMS, "16"),
    ("The answer is sixteen.", SUMS, "16"),
    ("the answer is 16 .", SUMS, "16"),
    ("\\boxed{16}", SUMS, "16"),
    ("Therefore, the answer is $\\boxed{16}$.", SUMS, "16"),
    ("The sum is \\boxed{\\text{16}}.", SUMS, "16"),
    ("9 plus 7 makes it.\n#### 16", SUMS, "16"),
    ("Step 1: The left digit is 9. Step 2: 9 plus 7 equals 16.", SUMS, "16"),
    ("It costs one thousand.\nThe answer is 1,000.", ("1000", "100"), "1000"),
    ("The answer is twenty-one", ("20", "21", "1"), "21"),
    ("The answer is -5.", ("5", "-5"), "-5"),
    ("The answer is three hundred and five.", ("305", "300", "5"), "305"),
    # yes and no
    ("yes", YES_NO, "Yes"),
    ("No.", YES_NO, "No"),
    ("Yes, there are two dogs and no cats.", YES_NO, "Yes"),
    ("No, there is nothing there.", YES_NO, "No"),
    ("There are no dogs here, the answer is yes.", YES_NO, "Yes"),
    # only the final statement counts
    ("It could be the cat or the dog. The answer is the dog.", PETS, "dog"),
    ("The answer is A. Wait, it barks. So the answer is B.", PETS, "dog"),
    ("The cat is small. The dog is big. So it must be the red fox.", PETS, "red fox"),
    ("With 11 on the left and 12 on the right, the sum cannot be 17. Therefore, the result is 16.", SUMS, "16"),
    ("Since 11 and 12 are too small, the result of 11 plus 5 is found. Thus, 11 plus 5 equals 16.", SUMS, "16"),
    ("It is not a cat. It is a dog.", PETS, "dog"),
    ("It is a dog, not a cat.", PETS, "dog"),
    ("The answer is B, not A.", PETS, "dog"),
    ("A red fox is seen at the left. It walks on.", PETS, "red fox"),
    # a clear answer that is none of the options
    ("The answer is 18.", SUMS, "18"),
    ("18", SUMS, "18"),
    ("So the answer is (H)", PETS, "(H)"),
    ("So the answer is (None)", PETS, "None"),
    ("The answer is a horse.", PETS, "a horse"),
]
UNCLEAR = [
    ("", PETS),
    ("   \n", PETS),
    ("The answer is", PETS),
    ("The answer is (A), (B), or (C).", PETS),
    ("The answer is either a cat or a dog.", PETS),
    ("The answer is B or C.", PETS),
    ("The answer is not (A), (B), or (C).", PETS),
    ("(B) cat", PETS),
    ("The answer is (B) cat.", PETS),
    ("There is a cat next to a dog.", PETS),
    ("Step 1: I see an animal. Step 2: It has four legs and fur and sits on a mat.", PETS),
    ("It is not a cat.", PETS),
    ("I don't know.", PETS),
    ("The answer is unclear.", PETS),
    ("It is the left one.", ("1", "2")),
    ("The question that the experiment can best answer is: do cats sleep longer than dogs in the sun?", PETS),
]
FREE = [
    ("afternoon", "afternoon"),
    ("The answer is: afternoon.", "afternoon"),
    ("The dots are four. So the answer is 4.", "4"),
    ("First 3.\n#### 42", "42"),
    ("We get \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
    ("Yes, it is.", "Yes"),
    ("red and white", "red and white"),
    ("The answer is St. Louis.", "St. Louis"),
    ("Step 1: 9 is left. Step 2: 7 is right. Step 3: 9 plus 7 equals 16.", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "options", "answer"), READ)
def test_reads_what_the_output_finally_states(text: str, options: tuple[str, ...], answer: str) -> None:
    reading = read_answer(text, options)
    assert reading.answer == answer
    assert (reading.rule == "other") == (answer not in options)


@pytest.mark.parametrize(("text", "options"), UNCLEAR)
def test_never_guesses_between_several_answers_or_none(text: str, options: tuple[str, ...]) -> None:
    reading = read_answer(text, options)
    assert (reading.answer, reading.rule, reading.span) == (None, "unclear", None)


@pytest.mark.parametrize(("text", "answer"), FREE)
def test_reads_free_form_answers(text: str, answer: str | None) -> None:
    assert read_answer(text, ()).answer == answer


def test_the_span_shows_where_the_answer_was_read() -> None:
    text = "Step 1: 9 is left. Therefore, the answer is (C)."
    span = read_answer(text, SUMS).span
    assert span is not None
    assert text[slice(*span)] == "(C)"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Cat!", "cat"),
        ("eleven", "11"),
        ("1,000", "1000.0"),
        ("letter_tray", "letter tray"),
        ("Twenty-one", "21"),
        ("50%", "50"),
        ("a", "A"),
        ("?", " ? "),
    ],
)
def test_form_does_not_count(one: str, other: str) -> None:
    assert is_correct(one, other)


@pytest.mark.parametrize(("one", "other"), [("5", "-5"), ("a > b", "a < b"), ("3:1", "1:3"), ("1.5", "15"), ("", "x")])
def test_substance_counts(one: str, other: str) -> None:
    assert not is_correct(one, other)


def test_an_unclear_answer_is_not_correct() -> None:
    assert not is_correct(None, "cat")


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(), st.lists(st.text(min_size=1), max_size=4).map(tuple))
def test_any_text_is_read_without_an_error(text: str, options: tuple[str, ...]) -> None:
    reading = read_answer(text, options)
    assert (reading.answer is None) == (reading.rule == "unclear")
    if reading.span is not None:
        assert 0 <= reading.span[0] <= reading.span[1] <= len(text)


@given(st.integers(0, 3))
def test_every_letter_is_read_as_its_option(index: int) -> None:
    assert read_answer(f"So the answer is ({'ABCD'[index]}).", SUMS).answer == SUMS[index]


@pytest.mark.skipif(not DATA.exists(), reason="shared/data is absent")
def test_gpt3_answers_are_read_as_scienceqa_recorded_them() -> None:
    problems = json.loads((DATA / "scienceqa/problems.json").read_text())
    for line in (DATA / "scienceqa/gpt3_rationales.jsonl").read_text().splitlines():
        row = json.loads(line)
        choices = tuple(problems[row["id"]]["choices"])
        assert read_answer(row["rationale"], choices).answer == choices[row["prediction"]]
