"""Answers in other languages: final statements, verdicts, prose, denials; and what is no step in them."""

import pytest

from core.parsing.answer import read_answer
from core.parsing.steps import split_steps

COLOURS = ("red", "blue", "green", "white")
STATED = [
    *("Die Antwort ist C.", "Die richtige Antwort lautet: C", "**Antwort: C**", "Daher ist C die richtige Antwort."),
    *("Antwort C ist richtig.", "Somit ist die Antwort C.", "Lösung: (C)", "Die korrekte Option ist C."),
    *(
        "La réponse est C.",
        "Réponse : C",
        "La bonne réponse est donc la C.",
        "La réponse correcte est : **C**",
    ),
    *("Je choisis C.", "Ich wähle C.", "Elijo C.", "Escolho C."),
    *("La réponse C est correcte.", "C'est la réponse C.", "La réponse est l'option C."),
    *(
        "La respuesta es C.",
        "Respuesta: C",
        "La opción correcta es la C.",
        "Por lo tanto, la respuesta correcta es (C).",
    ),
    *("La respuesta correcta es la opción C.", "La opción C es correcta.", "**Respuesta final: C**"),
    *(
        "A resposta é C.",
        "Resposta: C",
        "A resposta correta é a letra C.",
        "A alternativa correta é a C.",
        "C é a resposta correta.",
    ),
    *("La risposta corretta è C.", "Risposta: C", "Правильный ответ: C", "Ответ: C", "Het juiste antwoord is C."),
    *(
        "答案是C",
        "答案：C",
        "正确答案是 **C**。",
        "因此选C。",
        "故选：C",
        "所以选择C选项。",
        "选项C正确。",
        "C是正确答案。",
        "答案為C。",
    ),
    *(
        "答えはCです。",
        "正解：C",
        "正解は「C」です。",
        "したがって、答えはC。",
        "Cが正解です。",
        "選択肢Cが正しいです。",
        "정답은 C입니다.",
    ),
    *("الإجابة هي C.", "الإجابة الصحيحة هي (C)", "الجواب: C", "الخيار الصحيح هو C.", "لذلك الإجابة الصحيحة هي C."),
    *("उत्तर C है।", "सही उत्तर: C", "सही विकल्प C है।", "इसलिए सही उत्तर C है।", "उत्तर: (C)"),
]
DENIED = [
    *(
        "Die Antwort ist nicht C.",
        "La réponse n'est pas C.",
        "La respuesta no es C.",
        "A resposta não é C.",
        "答案不是C。",
    ),
    *("C ist falsch.", "选项C不正确。", "Cは正しくありません。", "सही उत्तर C नहीं है।", "الإجابة ليست C."),
]


@pytest.mark.parametrize("said", STATED)
def test_a_final_statement_is_read_and_is_no_step(said: str) -> None:
    assert read_answer(said, COLOURS).answer == "green"
    assert read_answer(f"Grass.\n{said}", COLOURS).answer == "green"
    assert not [step for step in split_steps(f"First line here.\nSecond line here.\n{said}")[2:] if "C" in step]


@pytest.mark.parametrize("said", DENIED)
def test_a_denied_option_is_not_the_answer(said: str) -> None:
    assert read_answer(said, COLOURS).answer is None


@pytest.mark.parametrize(
    ("options", "text", "answer"),
    [
        (("猫", "狗", "牛"), "图中的动物长着角，是牛。", "牛"),
        (("猫", "狗", "牛"), "图中是一只蜗牛。", None),
        (("猫", "狗", "牛"), "桌上有一杯牛奶。", None),
        (("猫", "狗", "牛"), "它不是猫，也不是牛，而是狗。", "狗"),
        (("红色", "蓝色"), "因此，帽子是蓝色。", "蓝色"),
        (("红色", "蓝色"), "帽子可能是蓝色。", None),
        (("東京", "大阪"), "この城は大阪にあります。", "大阪"),
        (("東京", "大阪"), "この塔は東京ではありません。", None),
        (("ネコ", "イヌ"), "写真の動物はイヌです。", "イヌ"),
        (("rouge", "bleu"), "Le chapeau est bleu.", "bleu"),
        (("rouge", "bleu"), "Le chapeau n'est pas bleu.", None),
        (("rot", "blau"), "Der Hut ist nicht rot, sondern blau.", "blau"),
        (("rojo", "azul"), "Quizás el sombrero es azul.", None),
        (("أحمر", "أزرق"), "لون القبعة أزرق.", "أزرق"),
        (("लाल", "नीला"), "टोपी का रंग नीला है।", "नीला"),
        (("लाल", "नीला"), "टोपी का रंग लाल नहीं है।", None),
        (("الشمس", "القمر"), "الإجابة الصحيحة هي الشمس.", "الشمس"),
        (("le chat", "la vache"), "Il s'agit d'une vache.", "la vache"),
        (("el gato", "la vaca"), "No es un gato, es una vaca.", "la vaca"),
        (("猫", "狗"), "无法判断是猫还是狗", None),
        (("la lune", "le soleil"), "La réponse est le soleil.", "le soleil"),
    ],
)
def test_an_option_in_a_sentence_is_read_or_unclear(options: tuple[str, ...], text: str, answer: str | None) -> None:
    assert read_answer(text, options).answer == answer


@pytest.mark.parametrize(
    "text",
    [
        "La réponse est dans l'image.",
        "Die Antwort ist auf dem Bild zu sehen.",
        "La respuesta depende de la imagen.",
        "图中的动物很可爱。",
        "このなかにあります。",
        "A和B可能正确，C和D是错误的。",
        "ANSWER: AB",
        "The answer is (H).",
        "The answer is E",
        "Je ne sais pas.",
        "No puedo ver la imagen.",
        "Impossible de répondre sans l'image.",
        "لا أستطيع رؤية الصورة.",
        "Die Antwort ist A, B oder C.",
        "共有五只。",
        "はい",
        "<unknown>",
        "الصورة غير واضحة",
    ],
)
def test_what_cannot_be_read_is_unclear_and_no_answer_outside_the_options(text: str) -> None:
    assert read_answer(text, COLOURS).rule == "unclear"


@pytest.mark.parametrize(
    ("text", "answer"),
    [("The answer is a violet.", "a violet"), ("orange", "orange"), ("Answer: light brown", "light brown")],
)
def test_an_answer_outside_the_options_is_still_read(text: str, answer: str) -> None:
    read = read_answer(text, COLOURS)
    assert (read.answer, read.rule) == (answer, "other")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("答えは3です。", "3"),
        ("La réponse est 12.", "12"),
        ("Die Antwort ist 7.", "7"),
        ("答案是北京。", "北京"),
        ("उत्तर: 5", "5"),
    ],
)
def test_free_answers_lose_their_particles(text: str, answer: str) -> None:
    assert read_answer(text, ()).answer == answer
