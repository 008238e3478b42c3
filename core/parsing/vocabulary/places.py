"""The words and letters that name an option by its place: "the third choice", "第2个选项", "(ख)"."""

# Letters that label options in other scripts, in their order. Arabic has two orders; both begin أ ب, then ج or ت.
LETTER_ROWS = (
    "أبجدهوزح",
    "ابجدهوزح",
    "कखगघङचछज",
    "アイウエオカキク",
    "あいうえおかきく",
    "甲乙丙丁戊己庚辛",
    "①②③④⑤⑥⑦⑧",
    "ⅠⅡⅢⅣⅤⅥⅦⅧ",
    "абвгдежз",
    "АБВГДЕЖЗ",
    "가나다라마바사아",
)
ORDINALS = (
    r"first|1st|erste[rns]?|premi[eè]re?|primer[ao]?|primeir[ao]|prim[ao]|первый|первая|पहल[ाीे]|प्रथम|الأولى?|الاولى?",
    r"second|2nd|zweite[rns]?|deuxième|seconde?|segund[ao]|second[oa]|второй|вторая|दूसर[ाीे]|द्वितीय|الثانية?",
    r"third|3rd|dritte[rns]?|troisième|tercer[ao]?|terceir[ao]|terz[oa]|третий|третья|तीसर[ाीे]|तृतीय|الثالثة?",
    r"fourth|4th|vierte[rns]?|quatrième|cuart[ao]|quart[ao]|четв[её]рт(?:ый|ая)|चौथ[ाीे]|चतुर्थ|الرابعة?",
    r"fifth|5th|fünfte[rns]?|cinquième|quint[ao]|пятый|пятая|पा[ँं]चव(?:ा[ँं]|ी[ंँ]?|े[ंँ]?)|الخامسة?",
    r"sixth|6th|sechste[rns]?|sixième|sext[ao]|sest[ao]|шестой|шестая|छठ[ाीे]|السادسة?",
)
LAST = r"last|letzte[rns]?|dernière?|últim[ao]|ultim[ao]|последний|последняя|अंतिम|आख़?िरी|الأخيرة?"
# What is counted: the options themselves, not statements, figures or steps.
NOUNS = (
    r"options?|choices?|answers?|alternatives?|Option(?:en)?|Antwort(?:en)?|Antwortmöglichkeit(?:en)?|Möglichkeit(?:en)?"
    r"|Auswahlmöglichkeit(?:en)?|Lösung|propositions?|r[ée]ponses?|choix|opci(?:ón|ones)|respuestas?|alternativas?"
    r"|opç(?:ão|ões)|respostas?|opzion[ei]|rispost[ae]|вариант\w{0,2}|ответ\w{0,2}|विकल्प|उत्तर|जवाब"
)
ARABIC_NOUNS = r"(?:ال)?(?:خيار|إجابة|اجابة|جواب|اختيار|بديل)"
EAST_NOUNS = r"选项|選項|答案|选择|選択肢|答え|项|項|선택지|보기"
EAST_NUMBERED = r"选项|選項|選択肢|선택지|보기"
EAST_DIGITS = "一二三四五六七八"
