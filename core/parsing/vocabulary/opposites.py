"""Answers of few words that a model gives in its own language or in another gender: yes and no, true and false."""

# Each row is one meaning; an option that is one of its words is also named by the others.
ROWS: tuple[tuple[str, ...], ...] = (
    (
        "yes",
        "yeah",
        "yep",
        "ja",
        "oui",
        "sí",
        "sim",
        "sì",
        "да",
        "是",
        "是的",
        "はい",
        "हाँ",
        "हां",
        "जी हाँ",
        "نعم",
        "네",
        "예",
    ),
    ("no", "nope", "nein", "non", "não", "нет", "否", "いいえ", "नहीं", "जी नहीं", "لا", "كلا", "아니요", "아니오"),
    ("true", "wahr", "vrai", "vraie", "verdadero", "verdadera", "verdadeiro", "verdadeira", "vero", "vera", "верно"),
    (
        *("false", "falsch", "faux", "fausse", "falso", "falsa", "неверно", "ложь", "错误", "錯誤", "错误的", "错的"),
        *("不正确", "不正确的", "不对", "不對", "誤り", "間違い", "正しくない", "正しくありません", "गलत", "असत्य"),
        *("خطأ", "خاطئ", "خاطئة", "غير صحيح", "غير صحيحة", "not true", "nicht wahr", "pas vrai"),
        *("सही नहीं", "सत्य नहीं", "incorrect", "incorrecto", "incorrecta", "incorreto", "incorreta", "incorrecte"),
        *("errado", "errada", "sbagliato", "sbagliata", "unwahr", "unzutreffend", "inexact", "inexacte"),
    ),
    (
        *("correct", "richtig", "correcto", "correcta", "correto", "correta", "certo", "certa", "corretto", "corretta"),
        *("正确", "正確", "对", "對", "正しい", "सही", "सत्य", "صحيح", "صحيحة", "صواب", "правда"),
    ),
)
# What may lead an output as its answer ("Nein, auf dem Bild …").
LEADING = ROWS[:4]
