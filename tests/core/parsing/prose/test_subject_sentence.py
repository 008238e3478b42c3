"""Whole sentences as replies to open questions: their predicate is the answer, or they are unclear."""

import pytest

from core.parsing.answer import read_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The bus is red.", "red"),
        ("The sign reads STOP.", "STOP"),
        ("Der Hund ist braun.", "braun"),
        ("Le ciel est gris.", "gris"),
        ("La palabra es STOP.", "STOP"),
        ("O carro é azul.", "azul"),
        ("傘の色は赤です。", "赤"),
        ("这是一只猫。", "一只猫"),
        ("बस का रंग लाल है।", "लाल"),
    ],
)
def test_the_predicate_of_a_sentence_is_the_answer(text: str, answer: str) -> None:
    assert read_answer(text, ()).answer == answer


@pytest.mark.parametrize(
    "text", ["L'homme se déplace à vélo.", "The man is not smiling.", "The cat sat on mats.", "猫は眠っています。"]
)
def test_a_sentence_without_a_predicate_that_can_be_told_is_unclear(text: str) -> None:
    assert read_answer(text, ()).answer is None


@pytest.mark.parametrize("text", ["Albert Camus.", "A red bus", "To Kill a Mockingbird.", "42 km", "三个", "止まれ"])
def test_an_answer_of_a_few_words_stays_whole(text: str) -> None:
    assert read_answer(text, ()).answer == text.rstrip(".")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("There are two boats on the lake.", "two"),
        ("Il y a trois chats sur le toit.", "trois"),
        ("Hay 7 libros en la mesa.", "7"),
        ("It says so on the sign.\n\n**Old Mill**", "Old Mill"),
        ('The sign has the word "Exit".', "Exit"),
        ("La bicicleta de la foto es de color verde.", "verde"),
    ],
)
def test_what_is_there_and_what_is_marked_is_the_answer(text: str, answer: str) -> None:
    assert read_answer(text, ()).answer == answer


@pytest.mark.parametrize(
    "text", ["The man is holding a cup.", "A criança está em casa.", "The value is 3 or 4.", "It is between 3 and 4."]
)
def test_what_is_done_or_where_or_one_of_several_is_no_answer(text: str) -> None:
    assert read_answer(text, ()).answer is None
