"""Everyday answers in several languages, for a student that replies in another language than the options, and words
that a sentence may put between those of an option."""

# One meaning a row. A form that is an everyday word of another kind ("left" behind "is") is the reader's business.
ROWS: tuple[tuple[str, ...], ...] = tuple(
    tuple(row.split(", "))
    for row in (
        (
            "left, left side, links, gauche, à gauche, izquierda, a la izquierda, esquerda, à esquerda,"
            " 左, 左边, 左側, 左侧"
        ),
        "right side, on the right, rechts, à droite, derecha, a la derecha, direita, à direita, 右, 右边, 右側, 右侧",
        "top left, upper left, top left corner, upper left corner, oben links, en haut à gauche, 左上, 左上角",
        "top right, upper right, top right corner, upper right corner, oben rechts, en haut à droite, 右上, 右上角",
        "bottom left, lower left, bottom left corner, lower left corner, unten links, en bas à gauche, 左下, 左下角",
        (
            "bottom right, lower right, bottom right corner, lower right corner, unten rechts, en bas à"
            " droite, 右下, 右下角"
        ),
        "red, rot, rouge, rojo, vermelho, rosso, красный, 红色, 紅色, 赤, 赤色, लाल, أحمر",
        "blue, blau, bleu, azul, blu, синий, 蓝色, 藍色, 青, 青色, नीला, أزرق",
        "green, grün, vert, verde, зелёный, 绿色, 綠色, 緑, 緑色, हरा, أخضر",
        "yellow, gelb, jaune, amarillo, amarelo, giallo, жёлтый, 黄色, पीला, أصفر",
        "black, schwarz, noir, negro, preto, nero, чёрный, 黑色, 黒, 黒色, काला, أسود",
        "white, weiß, blanc, blanco, branco, bianco, белый, 白色, 白, सफेद, أبيض",
        "dog, hund, chien, perro, cachorro, cane, собака, 狗, 犬, イヌ, कुत्ता, كلب",
        "cat, katze, chat, gato, gatto, кошка, 猫, 貓, ネコ, बिल्ली, قطة",
        "sunny day, sunny, 晴天, 晴れ",
        "rainy day, rainy, 雨天, 雨",
        "snowy day, snowy, 雪天",
        "cloudy day, cloudy, overcast, 阴天, 曇り",
    )
)
FILLERS = frozenset(
    [
        "all",
        "both",
        "exactly",
        "also",
        "therefore",
        "thus",
        "indeed",
        "really",
        "still",
        "then",
        "clearly",
        "alle",
        "beide",
        "genau",
        "also",
        "somit",
        "daher",
        "auch",
        "tous",
        "toutes",
        "donc",
        "bien",
        "exactement",
        "aussi",
        "todos",
        "todas",
        "exactamente",
        "también",
        "exatamente",
        "também",
        "但",
        "而",
        "且",
        "也",
        "都",
        "均",
    ]
)
