"""Numbers, fractions and units as words. English numbers are joined by ``core.parsing.normalisation`` itself."""

# 0 to 20, then the tens from 30, by language. What is also an everyday word ("once", "due") counts in a text of its
# language only.
SMALL = {
    "de": (
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
        " siebzehn achtzehn neunzehn zwanzig"
    ),
    "fr": (
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept"
        " dix-huit dix-neuf vingt"
    ),
    "es": (
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete"
        " dieciocho diecinueve veinte"
    ),
    "pt": (
        "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete"
        " dezoito dezenove vinte"
    ),
    "it": (
        "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici"
        " diciassette diciotto diciannove venti"
    ),
    "ru": (
        "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать"
        " пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать"
    ),
    "hi": ("शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस"),
    "ar": "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة",
}
TENS = {
    "de": "dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert",
    "fr": "trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix cent",
    "es": "treinta cuarenta cincuenta sesenta setenta ochenta noventa cien",
    "pt": "trinta quarenta cinquenta sessenta setenta oitenta noventa cem",
    "it": "trenta quaranta cinquanta sessanta settanta ottanta novanta cento",
    "ru": "тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто сто",
    "hi": "तीस चालीस पचास साठ सत्तर अस्सी नब्बे सौ",
    "ar": "ثلاثون أربعون خمسون ستون سبعون ثمانون تسعون مئة",
}
OTHER_FORMS = {
    "de": {"zwo": 2},
    "fr": {"une": 1, "quatre-vingt": 80},
    "es": {"una": 1, "un": 1, "dieciseis": 16, "veintiuno": 21, "veintidós": 22, "veintitrés": 23, "veinticuatro": 24,
           "veinticinco": 25, "veintiséis": 26, "veintisiete": 27, "veintiocho": 28, "veintinueve": 29},
    "pt": {"uma": 1, "duas": 2, "quatorze": 14, "dezasseis": 16, "dezassete": 17, "dezanove": 19},
    "it": {"una": 1, "ventuno": 21, "ventidue": 22, "ventitré": 23, "ventiquattro": 24, "venticinque": 25},
    "ru": {"одна": 1, "две": 2},
    "hi": {"पांच": 5, "छः": 6, "छ": 6, "पन्द्रह": 15, "अट्ठारह": 18, "पच्चीस": 25},
    "ar": {"واحدة": 1, "اثنين": 2, "اثنتان": 2, "اثنتين": 2, "ثلاث": 3, "أربع": 4, "خمس": 5, "ست": 6, "سبع": 7,
           "ثماني": 8, "ثمان": 8, "تسع": 9, "عشر": 10, "عشرون": 20, "عشرين": 20, "ثلاثين": 30, "أربعين": 40,
           "خمسين": 50, "مائة": 100},
}  # fmt: skip
# Between tens and units.
AND = {"fr": ("et",), "es": ("y",), "pt": ("e",)}
# Number words of one language that are everyday words of another, or names.
AMBIGUOUS = frozenset(
    [
        "null",
        "elf",
        "acht",
        "dix",
        "six",
        "neuf",
        "seize",
        "cent",
        "un",
        "une",
        "once",
        "dos",
        "sei",
        "due",
        "tre",
        "otto",
        "cento",
        "doze",
        "um",
        "uma",
        "mil",
    ]
)
EAST_DIGITS = {each: at for at, each in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
EAST_UNITS = {"十": 10, "百": 100, "千": 1000}
# What may follow a Chinese numeral that is a number; before any other character it is part of a word ("三角形").
COUNTED = frozenset(
    "个個只隻条條头頭匹张張本辆輛台枚人名位颗顆朵棵把件块塊支枝根杯瓶双雙冊軒点點时時分秒年月日号號天周岁歳歲元円圆"
    "米厘毫公千克升度次倍层層种種类類家部首句行列排组組对對万萬億亿成回番目者是的和与或及を"
)
MINUS = frozenset(
    ["minus", "negative", "moins", "menos", "meno", "минус", "マイナス", "负", "負", "ऋण", "ऋणात्मक", "سالب", "ناقص"]
)
# The words for n-ths; "partes" may follow in Spanish and Portuguese.
PARTS = {
    2: "half halves halb halbe hälfte demi moitié medio media mitad meia metade mezzo metà",
    3: "third thirds drittel tiers tercio tercios tercera terceras terço terços terzo terzi तिहाई أثلاث",
    4: (
        "quarter quarters fourth fourths viertel quart quarts cuarto cuartos cuarta cuartas quarto"
        " quartos quarti चौथाई أرباع"
    ),
    5: "fifth fifths fünftel cinquième cinquièmes quinto quintos quinta quintas quinti أخماس",
    6: "sixth sixths sechstel sixième sixièmes sexto sextos sexta sextas sesti",
    8: "eighth eighths achtel huitième huitièmes octavo octavos oitavo oitavos ottavi",
    10: "tenth tenths zehntel dixième dixièmes décimo décimos decimi",
}
# Units behind a number, as the words that ``normalisation`` makes of them.
UNITS = {
    "mm": (
        "millimeter millimeters millimetre millimetres millimètre millimètres milímetro milímetros"
        " millimetri 毫米 ミリ मिमी मिलीमीटर مم ملم ملليمتر مليمتر"
    ),
    "cm": (
        "centimeter centimeters centimetre centimetres zentimeter centimètre centimètres centímetro"
        " centímetros centimetri сантиметров см 厘米 公分 センチ センチメートル सेमी सेंटीमीटर سم"
        " سنتيمتر سنتيمترا"
    ),
    "m": (
        "meter meters metre metres metern mètre mètres metro metros metri метров м 米 公尺 メートル"
        " मीटर मी م متر مترا أمتار"
    ),
    "km": (
        "kilometer kilometers kilometre kilometres kilometern kilomètre kilomètres quilômetro"
        " quilômetros kilómetro kilómetros chilometri км 公里 千米 キロメートル किमी किलोमीटर كم"
        " كيلومتر كيلومترا كيلومترات"
    ),
    "kg": (
        "kilogram kilograms kilogramm kilogramme kilogrammes kilogramo kilogramos quilograma"
        " quilogramas kilo kilos chilogrammi кг 千克 公斤 キログラム किग्रा किलोग्राम كغ كجم كيلوغرام"
        " كيلوغراما"
    ),
    "g": "gram grams gramm gramme grammes gramo gramos grama gramas grammi г 克 グラム ग्राम غ جم غرام غراما",
    "l": "liter liters litre litres litro litros litri л 升 リットル लीटर ل لتر لترا",
    "ml": "milliliter milliliters millilitre millilitres mililitro mililitros мл 毫升 ミリリットル मिली मिलीलीटर مل",
    "s": "second seconds sec sekunden sekunde seconde secondes segundo segundos secondi 秒 सेकंड ثانية ثوان",
    "min": "minute minutes minuten minuto minutos minuti мин минут 分钟 分鐘 分 मिनट دقيقة دقائق",
    "h": "hour hours hr hrs stunde stunden heure heures hora horas ore 小时 小時 時間 घंटे घंटा ساعة ساعات",
}  # fmt: skip
# Chinese, Japanese and Korean counters: beside a number they add nothing.
COUNTERS = frozenset("个個只隻条條头頭匹张張本辆輛台枚人名位颗顆朵棵把件块塊支枝根杯瓶双雙羽つ冊軒개마리명")
