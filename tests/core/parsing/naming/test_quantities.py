"""Options that are numbers, lengths, parts and times, said in words and in other digits."""

import pytest

from core.parsing.answer import read_answer

SAID = [
    ("Es sind insgesamt vier Hunde zu sehen.", ("3", "4", "5", "6"), "4"),
    ("On compte trois pommes à gauche et deux à droite, donc cinq pommes au total.", ("2", "3", "4", "5"), "5"),
    ("Hay siete sillas alrededor de la mesa.", ("5", "6", "7", "8"), "7"),
    ("Na imagem há seis barcos.", ("4", "5", "6", "7"), "6"),
    ("图中共有五个人。", ("3", "4", "5", "6"), "5"),
    ("写真には人が三人写っています。", ("二人", "三人", "四人"), "三人"),
    ("चित्र में तीन पक्षी हैं।", ("2", "3", "4", "5"), "3"),
    ("في الصورة ثلاثة كتب.", ("2", "3", "4", "5"), "3"),
    ("The temperature is minus five degrees.", ("5", "-5", "15", "-15"), "-5"),
    ("الجواب: ٧", ("6", "7", "8"), "7"),
    ("答案是三", ("2", "3", "4"), "3"),
    ("There are 3 birds.", ("one", "two", "three", "four"), "three"),
    ("Es sind 3 Vögel.", ("eins", "zwei", "drei", "vier"), "drei"),
    ("Drei Viertel der Fläche sind gefärbt.", ("1/2", "1/4", "3/4", "2/3"), "3/4"),
    ("Three quarters of the figure is shaded.", ("1/2", "1/4", "3/4", "2/3"), "3/4"),
    ("四分之三的圆被涂色了。", ("1/2", "1/4", "3/4", "2/3"), "3/4"),
    ("La longueur est de 12 kilomètres.", ("12 m", "12 km", "12 cm"), "12 km"),
    ("Die Strecke ist 5 Meter lang.", ("5 cm", "5 m", "5 km"), "5 m"),
    ("The rod is 40 centimeters long.", ("40 m", "40 cm", "4 cm"), "40 cm"),
    ("这条线段长 8 厘米。", ("8 cm", "8 m", "8 mm"), "8 cm"),
    ("The triangle is on the left.", ("三", "四", "五"), None),
    ("图中是一个三角形。", ("3", "4", "5"), None),
    ("It is half past two.", ("2:15", "2:30", "3:30"), "2:30"),
    ("Il est deux heures et demie.", ("2:15", "2:30", "3:30"), "2:30"),
    ("Es ist halb drei.", ("2:15", "2:30", "3:30"), "2:30"),
    ("Son las cuatro menos cuarto.", ("3:45", "4:15", "4:45"), "3:45"),
    ("现在是两点半。", ("2:15", "2:30", "3:30"), "2:30"),
]


@pytest.mark.parametrize(("text", "options", "answer"), SAID)
def test_a_value_may_be_said_in_words(text: str, options: tuple[str, ...], answer: str | None) -> None:
    assert read_answer(text, options).answer == answer
