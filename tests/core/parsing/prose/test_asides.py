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
    ("The clock shows 3:15. The shop opens at 9:00. So it is closed.", ("open", "closed"), "closed"),
    ("A dog and a cat are in the picture.", ("cat", "dog", "fox"), None),
    ("Left is the cat. I see no dog.", ("cat", "dog"), "cat"),
    ("**Step 1**: The **cat** sits left.\n**Step 2**: The dog sits right.", ("cat", "dog"), None),
    ("The cat is **black**, the dog is white.", ("black", "white"), None),
    ("First answer the question about colour. The hat is red.", ("blue", "red"), "red"),
    ("Option 1 costs 5 euros, option 2 costs 3 euros.", ("Shop one", "Shop two"), None),
    ("Question 2 is answered by the second paragraph.", ("cat", "dog"), None),
    ("Si la lumière était rouge, la réponse serait non. Elle est verte.", ("oui", "non"), None),
    ("There are two dogs and three cats.", ("2", "3", "5"), None),
    ("Hay dos perros y tres gatos.", ("2", "3", "5"), None),
    ("Il y a deux chiens.", ("2", "3", "5"), "2"),
    ("She has an apple and one pear.", ("1", "2"), None),
    ("Ein Hund liegt auf dem Sofa.", ("1", "2", "3"), None),
    ("Un chien est assis.", ("1", "2", "3"), None),
    ("I once saw a dog.", ("11", "12"), None),
    ("The rent is due today.", ("2", "3"), None),
    ("图中有一个人。", ("1", "2"), None),
    ("三明治在桌子上。", ("3", "4"), None),
    ("The man wears a red hat (the one on the left is blue).", ("red", "blue"), "red"),
    ("Sur la photo il y a un chat noir.", ("chat", "chien"), "chat"),
    ("It isn't clear whether it is a cat or a dog.", ("cat", "dog"), None),
    ("The animal has fur.\nThis is neither a cat nor a fox.", ("cat", "dog", "fox"), None),
    ("Die Aussage ist richtig.", ("wahr", "falsch"), None),
    ("La afirmación es correcta.", ("Verdadero", "Falso"), None),
    ("Red light means stop. The car should stop.", ("Stop", "Go"), "Stop"),
    ("It has four legs and two ears.", ("2", "4"), None),
    ("The bars are 3, 5 and 7 cm. The longest is 7 cm.", ("3 cm", "5 cm", "7 cm"), "7 cm"),
    ("The lines are 3 cm, 5 cm. Sum: 8 cm.", ("3 cm", "5 cm", "8 cm"), "8 cm"),
    ("B (not A).", ("cat", "dog"), "dog"),
    ("Both A and B are correct.", ("cat", "dog", "fox"), None),
    ("No doubt, the answer is no.", ("Yes", "No"), "No"),
    ("I am sure it is no cat. It is a dog.", ("cat", "dog"), "dog"),
    ("Non è un gatto. È un cane.", ("gatto", "cane"), "cane"),
    ("Ce n'est pas un chat, c'est un chien.", ("chat", "chien"), "chien"),
    ("Here, the answer lies in the first option or the second option.", ("cat", "dog"), None),
    ("<answer>null</answer>", ("cat", "dog"), None),
    ("\\boxed{}", ("cat", "dog"), None),
    ("\\boxed{\\text{your answer}}", ("cat", "dog"), None),
]


@pytest.mark.parametrize(("text", "options", "answer"), TOLD)
def test_only_what_is_asserted_counts(text: str, options: tuple[str, ...], answer: str | None) -> None:
    assert read_answer(text, options).answer == answer
