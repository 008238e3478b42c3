"""Options named by their place, or by a letter of another script."""

import pytest

from core.parsing.answer import read_answer

NAMED = [
    ("दी गई तस्वीर में ऊँट है।\n\nसही विकल्प: (ग)", ("घोड़ा", "हाथी", "ऊँट", "गाय"), "ऊँट"),
    ("図のグラフから、正しい選択肢はイです。", ("増加", "減少", "一定", "不明"), "減少"),
    ("答え：（う）", ("赤", "青", "緑", "黄"), "緑"),
    ("الحيوان في الصورة حصان، والإجابة: ج", ("قطة", "كلب", "حصان", "أرنب"), "حصان"),
    ("الجواب الصحيح هو الخيار (د).", ("قطة", "كلب", "حصان", "أرنب"), "أرنب"),
    ("Правильный ответ: б", ("кот", "пёс", "конь"), "пёс"),
    ("所以选乙。", ("红", "蓝", "绿", "黄"), "蓝"),
    ("正解は③です。", ("東京", "大阪", "京都", "札幌"), "京都"),
    ("The picture matches the second option.", ("cat", "dog", "fox"), "dog"),
    ("So the correct choice is the third one.", ("cat", "dog", "fox"), "fox"),
    ("Die zweite Antwort ist richtig.", ("Katze", "Hund", "Fuchs"), "Hund"),
    ("Also ist Antwort 3 richtig.", ("Katze", "Hund", "Fuchs"), "Fuchs"),
    ("La tercera opción es la correcta.", ("gato", "perro", "zorro"), "zorro"),
    ("Portanto, a segunda alternativa está correta.", ("gato", "cão", "raposa"), "cão"),
    ("La bonne réponse est la deuxième.", ("chat", "chien", "renard"), "chien"),
    ("Donc, réponse 2.", ("chat", "chien", "renard"), "chien"),
    ("因此，正确的是第2个选项。", ("猫", "狗", "狐狸"), "狗"),
    ("所以第三个选项正确。", ("猫", "狗", "狐狸"), "狐狸"),
    ("したがって、2番が正解です。", ("猫", "犬", "狐"), "犬"),
    ("答えは3番目の選択肢です。", ("猫", "犬", "狐"), "狐"),
    ("इसलिए दूसरा विकल्प सही है।", ("बिल्ली", "कुत्ता", "लोमड़ी"), "कुत्ता"),
    ("إذن الخيار الثالث هو الصحيح.", ("قطة", "كلب", "ثعلب"), "ثعلب"),
    ("The first option is wrong, and so is the third. So the second option is correct.", ("cat", "dog", "fox"), "dog"),
    ("Options 1 and 3 are both possible.", ("cat", "dog", "fox"), None),
    ("The answer is option 2.", ("cat", "dog", "fox"), "dog"),
    ("The answer is 2.", ("1", "2", "3"), "2"),
    ("The answer is option 2.", ("3", "1", "2"), None),
    ("The answer is the last option.", ("cat", "dog", "fox"), "fox"),
]


@pytest.mark.parametrize(("text", "options", "answer"), NAMED)
def test_an_option_may_be_named_by_its_place(text: str, options: tuple[str, ...], answer: str | None) -> None:
    assert read_answer(text, options).answer == answer
