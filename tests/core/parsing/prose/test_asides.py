"""Suppositions, remarks and contrasts: what a text says and does not assert."""

import pytest

from core.parsing.answer import read_answer

TOLD = [
    ("It could be a cat. The ears are long. The collar says Rex. It is a dog.", ("cat", "dog", "fox"), "dog"),
    ("The car on the left is red. The one the question asks about is blue.", ("red", "blue", "green"), "blue"),
    ("The animal is a dog (a cat would have longer whiskers and sharper claws).", ("cat", "dog", "fox"), "dog"),
    ("Das Tier ist ein Hund. Wäre es eine Katze, hätte es längere Schnurrhaare.", ("Katze", "Hund", "Fuchs"), "Hund"),
    ("C'est un chien. Si c'était un chat, il aurait des moustaches.", ("chat", "chien", "renard"), "chien"),
    ("Es un perro. Si fuera un gato, tendría bigotes más largos.", ("gato", "perro", "zorro"), "perro"),
    ("这是狗。如果是猫，就会有长胡须。", ("猫", "狗", "狐狸"), "狗"),
    ("It's not the red one but the blue one.", ("red", "blue", "green"), "blue"),
    ("The answer is not A but C.", ("cat", "dog", "fox"), "fox"),
    ("Die richtige Antwort ist nicht A, sondern C.", ("Katze", "Hund", "Fuchs"), "Fuchs"),
    ("正解はAではなく、Cです。", ("猫", "犬", "狐"), "狐"),
    ("La réponse n'est pas A mais C.", ("chat", "chien", "renard"), "renard"),
    ("सही उत्तर A नहीं, बल्कि C है।", ("बिल्ली", "कुत्ता", "लोमड़ी"), "लोमड़ी"),
    ("الإجابة ليست A بل C.", ("قطة", "كلب", "ثعلب"), "ثعلب"),
]


@pytest.mark.parametrize(("text", "options", "answer"), TOLD)
def test_only_what_is_asserted_counts(text: str, options: tuple[str, ...], answer: str | None) -> None:
    assert read_answer(text, options).answer == answer
