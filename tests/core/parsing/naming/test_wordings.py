"""Options named by another gender, spelling, language, without their label, or as letters."""

import pytest

from core.parsing.answer import read_answer

NAMED = [
    ("Por lo tanto, la afirmación es falsa.", ("verdadero", "falso"), "falso"),
    ("L'affirmation est fausse.", ("vrai", "faux"), "faux"),
    ("A afirmação é verdadeira.", ("verdadeiro", "falso"), "verdadeiro"),
    ("The jacket is dark gray.", ("dark grey", "light grey", "black"), "dark grey"),
    ("Sie trägt einen roten Hut.", ("rot", "blau", "grün"), "rot"),
    ("La maison est blanche.", ("blanc", "noir", "vert"), None),
    ("La casa es roja.", ("rojo", "azul", "verde"), "rojo"),
    ("टोपी नीली है।", ("लाल", "नीला", "हरा"), "नीला"),
    ("Die Nadel zeigt nach Norden.", ("A. Norden", "B. Süden"), "A. Norden"),
    ("Therefore the arrow points north.", ("A. north", "B. south", "C. east"), "A. north"),
    ("The answer is B.", ("B. north", "A. south"), "B. north"),
    ("所以选B。", ("A、长江", "B、黄河"), "B、黄河"),
    ("norte", ("A) norte", "B) sur"), "A) norte"),
    ("The lightest one is brand C.", ("A", "B", "C", "D"), "C"),
    ("C'est le candidat A qui a obtenu le plus de voix.", ("A", "B", "C"), "A"),
    ("The highest point is labelled b.", ("a", "b", "c"), "b"),
    ("Das Gebäude B ist am höchsten.", ("A", "B", "C"), "B"),
    ("A cat sits next to building B.", ("A", "B", "C"), "B"),
    ("I think a dog is at the door.", ("A", "B", "C"), None),
    ("A maior barra é a da marca D.", ("A", "B", "C", "D"), "D"),
    ("The solution is (−∞, 3].", ("(-∞, 3)", "(-∞, 3]", "[3, ∞)"), "(-∞, 3]"),
    ("Die Lösungsmenge ist also (2, 5].", ("[2, 5]", "(2, 5)", "(2, 5]", "[2, 5)"), "(2, 5]"),
    ("There is no question that the light is on: yes, it is.", ("Yes", "No"), "Yes"),
    ("Non, il n'y a pas de chat sur la photo.", ("Oui", "Non"), "Non"),
    ("No, en la imagen no hay ningún gato.", ("Sí", "No"), "No"),
    ("是的，图中有一只猫。", ("是", "否"), "是"),
    ("Yes, there is a cat.", ("はい", "いいえ"), "はい"),
    ("No.", ("是", "否"), "否"),
    ("لا، لا توجد قطة في الصورة.", ("نعم", "لا"), "لا"),
    ("नहीं, चित्र में कोई बिल्ली नहीं है।", ("हाँ", "नहीं"), "नहीं"),
    ("Não há carros na rua.", ("Sim", "Não"), None),
    ("Es ist kein Zweifel möglich: ja, die Ampel ist grün.", ("Ja", "Nein"), "Ja"),
    ("由于有摩擦，所以机械能不守恒。", ("机械能守恒", "机械能不守恒"), "机械能不守恒"),
    (
        "因此动量守恒，但机械能不守恒。",
        ("动量守恒，机械能守恒", "动量守恒，机械能不守恒", "动量不守恒，机械能守恒"),
        "动量守恒，机械能不守恒",
    ),
    ("So energy is not conserved.", ("energy is conserved", "energy is not conserved"), "energy is not conserved"),
    (
        "Die Energie bleibt nicht erhalten.",
        ("Die Energie bleibt erhalten", "Die Energie bleibt nicht erhalten"),
        "Die Energie bleibt nicht erhalten",
    ),
    ("The sky is blue.", ("红色", "蓝色", "绿色"), "蓝色"),
    ("The man is on the left of the car.", ("左边", "右边"), "左边"),
    ("The statement is false.", ("正确", "错误"), "错误"),
    ("Option B is correct.", ("True", "False"), "False"),
    ("The claim is not true.", ("True", "False"), "False"),
    ("这个说法不正确。", ("正确", "错误"), "错误"),
    ("العبارة غير صحيحة.", ("صحيح", "خطأ"), "خطأ"),
    ("यह कथन गलत है।", ("सही", "गलत"), "गलत"),
]


@pytest.mark.parametrize(("text", "options", "answer"), NAMED)
def test_an_option_may_be_named_by_other_words(text: str, options: tuple[str, ...], answer: str | None) -> None:
    assert read_answer(text, options).answer == answer
