"""Comparing answers: signs, operators, units and brackets count; form does not; numbers and formulas by value."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.parsing.answer import is_correct, read_answer
from core.parsing.comparison.equality import read_the_same, same_answer, written_form
from core.parsing.option_mentions import exact_matches

SAME = [
    ("2(x + 1)", "2x + 2"),
    ("x^2 - 1", "(x - 1)(x + 1)"),
    ("x²", "x^2"),
    ("\\sin^2 x", "(sin x)^2"),
    ("1/2", "0.5"),
    ("\\frac{1}{2}", "1/2"),
    ("$\\dfrac{\\sqrt{3}}{2}$", "√3/2"),
    ("1/3", "0.333"),
    ("√3", "1.732"),
    ("2π", "6.28"),
    ("1e3", "1000"),
    ("3 × 10^8", "300,000,000"),
    ("x = 4", "4"),
    ("x=4", "x = 4.0"),
    ("y = 2x − 1", "y=2x-1"),
    ("A \\cap B", "A ∩ B"),
    ("x \\leq 2", "x ≤ 2"),
    ("x<2", "x < 2"),
    ("-sin x", "−sin x"),
    ("50%", "50"),
    ("30°", "30"),
    ("$5", "5"),
    ("t-shirt", "t shirt"),
    ("l'eau", "eau"),
    ("الكلب", "كلب"),
    ("कुत्ता", "कुत्ता।"),
    ("狐狸", "狐狸。"),
    ("H₂O", "H2O"),
]
DIFFERENT = [
    ("y = x + 1", "y = -x + 1"),
    ("sin x", "-sin x"),
    ("3", "√3"),
    ("A ∩ B", "A ∪ B"),
    ("A \\cap B", "A \\cup B"),
    ("x ∈ A", "x ∉ A"),
    ("p → q", "q → p"),
    ("p", "¬p"),
    ("2(x + 1)", "2x + 1"),
    ("f(x+1) > 2", "f(x)+1 > 2"),
    ("[0, 1)", "(0, 1)"),
    ("x - 1", "x + 1"),
    ("x - 1", "x 1"),
    ("x = 4", "y = 4"),
    ("1/3", "0.3"),
    ("1/2", "2/1"),
    ("1234567", "1234568"),
    ("3.14", "3.15"),
    ("C#", "C"),
    ("C++", "C"),
    ("5 cm", "5 m"),
    ("5 mW", "5 MW"),
    ("30 km/h", "30 m/s"),
    ("-5 °C", "5 °C"),
    ("3:1", "1:3"),
    ("2024-01-05", "2018"),
    ("24/7/365", "24/2555"),
    ("act", "cat"),
    ("कुत्ता", "कुत्ते"),
    ("狐", "狐狸"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_answer_in_another_form_is_right(one: str, other: str) -> None:
    assert same_answer(one, other)
    assert same_answer(other, one)
    assert is_correct(one, other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_sign_operator_or_unit_is_wrong(one: str, other: str) -> None:
    assert not same_answer(one, other)
    assert not same_answer(other, one)


@pytest.mark.parametrize(
    ("options", "text", "answer"),
    [
        (("cos t", "-cos t", "sin t", "-sin t"), "The answer is -cos t.", "-cos t"),
        (("cos t", "-cos t", "sin t", "-sin t"), "So its derivative is **−sin t**.", "-sin t"),
        (("cos t", "sin t"), "The answer is -cos t.", "-cos t"),
        (("F", "F#", "G", "G#"), "The key is F#.", "F#"),
        (("x + 2", "-x + 2", "x - 2"), "Answer: $x - 2$", "x - 2"),
        (("0.5", "1/2", "1/4"), "The answer is 1/2.", "1/2"),
        (("kg", "Kg", "KG"), "The answer is Kg.", "Kg"),
        (("A \\cap B", "A \\cup B"), "It is $\\boxed{A \\cup B}$.", "A \\cup B"),
        (("√5", "5"), "The answer is √5.", "√5"),
    ],
)
def test_options_that_differ_by_a_sign_or_a_capital_are_told_apart(
    options: tuple[str, ...], text: str, answer: str
) -> None:
    assert read_answer(text, options).answer == answer


def test_an_option_inside_a_longer_formula_is_not_named() -> None:
    assert read_answer("The answer is √7.", ("7", "49")).answer != "7"
    assert read_answer("The answer is x + 3.", ("x", "y")).answer not in ("x", "y")


def test_options_that_compare_as_equal_stay_apart_as_written() -> None:
    assert exact_matches("1/2", ("0.5", "1/2")) == {1}
    assert exact_matches("one half", ("0.5", "1/2")) == set()
    assert exact_matches("2/4", ("0.5", "1/2")) == {0, 1}
    assert written_form("Dear Ann,") != written_form("Dear ann,")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("three", "3", True),
        ("sin x", "-sin x", False),
        ("F", "f", False),
        ("0.5", "1/2", False),
        ("[0,1]", "(0,1)", False),
    ],
)
def test_options_that_no_answer_tells_apart(one: str, other: str, same: bool) -> None:
    assert read_the_same(one, other) == same


@given(st.text(max_size=30), st.text(max_size=30))
def test_comparing_is_symmetric_and_a_text_equals_itself(one: str, other: str) -> None:
    assert same_answer(one, one)
    assert same_answer(one, other) == same_answer(other, one)


SIDES = st.recursive(
    st.sampled_from(["x", "y", "2", "3", "0.5"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
    max_leaves=5,
)


@given(SIDES, SIDES)
def test_a_sum_and_a_product_may_be_turned_round(one: str, other: str) -> None:
    for sign in "+*":
        assert same_answer(f"{one} {sign} {other}", f"{other} {sign} {one}")
    assert not same_answer(f"{one} + {other} + z", f"{one} + {other} - z")


@pytest.mark.parametrize(
    "text", ["9^9^9^9^9^9", "(" * 49 + ")" * 49, "x^" * 49 + "x", "1/0", "sin " * 24 + "x", "√" * 99]
)
def test_no_formula_takes_long(text: str) -> None:
    started = time.perf_counter()
    same_answer(text, "1")
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        (r"70^\circ", "70°"),
        (r"70^{\circ}", "70°"),
        (r"2 \, \Omega", "2 Ω"),
        (r"5\,\mathrm{cm}", "5 cm"),
        (r"25\%", "25%"),
        (r"\$4.50", "$4.50"),
        (r"\alpha > \beta", "α > β"),
    ],
)
def test_units_and_letters_in_latex_are_the_same_as_plain_ones(written: str, plain: str) -> None:
    assert same_answer(written, plain)
    assert not same_answer(written, f"{plain} x")
