"""How other languages than English state an answer, deny an option and conclude.

Chinese, Japanese, Korean, German, Dutch, French, Spanish, Portuguese, Italian, Russian, Arabic and Hindi. The parts are
put together with the English ones in ``core.parsing.statements`` and ``core.parsing.option_mentions``.
"""

import re

# Cheap check: every statement in another language holds one of these.
SAYS_ANSWER = re.compile(
    r"antwort|lösung|choisis|dirais|wähle|elijo|elegiría|escolho|r[ée]ponse|proposition|respuesta|resposta"
    r"|risposta|antwoord|opci[óo]n|opção|opzione|alternativa"
    r"|lettre|letra|option\s+(?:correcte|ist|est|\(?[A-Z]\)?\s+(?:ist|est))"
    r"|(?:richtige|korrekte|beste|bonne|meilleure)\s+(?:option|aussage|wahl)|ответ|вариант|[答解选選]|정답|답"
    r"|إجابة|اجابة|جواب|خيار|उत्तर|जवाब|विकल्प",
    re.IGNORECASE,
)

LEAD = (
    r"(?P<lead>(?:(?:daher|deshalb|also|somit|folglich|demnach|donc|ainsi|par conséquent|en conclusion"
    r"|por (?:lo )?tanto"
    r"|por eso|entonces|en conclusión|portanto|assim|logo|por isso|quindi|perciò|dus|поэтому|итак|следовательно"
    r"|因此|所以"
    r"|综上所述|综上|故|則|则|したがって|従って|よって|だから|そのため|따라서|그러므로|इसलिए|अतः|لذلك|إذن|لذا"
    r"|وبالتالي)[,\s:、]{0,3}){0,3})"
)
_LETTER = r"[*_「『“\"'(\[]{0,4}(?-i:[A-Z])(?![A-Za-z])"
_COLON = r"[\s*_]*[::]"

# Each is a noun phrase and its verb, up to the answer.
_STATES = (
    # German, Dutch
    (
        r"(?:die\s+|das\s+|het\s+)?(?:(?:richtige|korrekte|endgültige|finale|beste|wahrscheinlichste"
        r"|juiste)[rns]?\s+)*"
        r"(?:antwort(?:option|möglichkeit)?|lösung|antwoord)(?:\s+(?:auf\s+die\s+frage))?"
        r"(?:[\s*_]*:|[\s*_]+(?:ist|lautet|wäre|is|muss)(?:\s+(?:daher|also|somit|folglich|demnach))?(?!\s+(?:nicht"
        r"|niet|nie)\b)[\s*_]*:?)"
        r"(?:\s+(?:die\s+)?(?:option|antwort|buchstabe|möglichkeit|nummer)\b)?"
    ),
    (
        r"(?:ist|lautet)\s+(?:die\s+)?(?:(?:richtige|korrekte|endgültige)\s+)*antwort[\s*_]*:?(?:\s+(?:option"
        r"|buchstabe))?"
    ),
    r"die\s+(?:richtige|korrekte|beste)\s+(?:option|auswahl|wahl|aussage)\s+(?:ist|lautet)(?!\s+nicht)[\s*_]*:?",
    # French
    (
        r"(?:la\s+|ma\s+|notre\s+)?(?:bonne\s+|meilleure\s+)?r[ée]ponse(?:\s+(?:correcte|finale|exacte|juste"
        r"|à la question))*"
        r"(?:[\s*_]*:|[\s*_]+(?:est|serait|sera)(?:\s+(?:donc|alors|ainsi))?(?:\s+la\s+suivante)?[\s*_]*:?)"
        r"(?:\s+(?:la|l['’])\s*(?:lettre|option|réponse|proposition)|\s+(?:lettre|option)\b)?"
    ),
    (
        r"(?:la\s+|l['’])(?:bonne\s+|meilleure\s+)?(?:option|proposition"
        r"|lettre)(?:\s+correcte)?\s+est(?!\s+(?:in)?correcte)\s*:?"
    ),
    rf"c['’]est\s+(?:donc\s+)?(?:la\s+|l['’])?(?:réponse|option|lettre|proposition)\s+(?={_LETTER})",
    (
        r"(?:je\s+(?:choisis|sélectionne|dirais)|ich\s+(?:wähle|nehme)|elijo|elegiría|escolho|eu\s+escolho)\s+"
        rf"(?=\(?{_LETTER})"
    ),
    # Spanish
    (
        r"(?:la\s+|mi\s+)?(?:mejor\s+)?(?:respuesta|(?:opción|opcion|alternativa)(?=\s+correcta))(?:\s+(?:correcta"
        r"|final|adecuada))*"
        r"(?:[\s*_]*:|[\s*_]+(?:es|sería|será)(?:\s+(?:entonces|por tanto))?[\s*_]*:?)"
        r"(?:\s+(?:la\s+)?(?:opción|letra|alternativa|respuesta)\b)?"
    ),
    # Portuguese
    (
        r"(?:a\s+|minha\s+)?(?:melhor\s+)?(?:resposta|(?:opção|alternativa)(?=\s+(?:correta"
        r"|certa)))(?:\s+(?:correta|certa|final))*"
        r"(?:[\s*_]*:|[\s*_]+(?:é|seria|será)(?:\s+(?:então|portanto))?[\s*_]*:?)"
        r"(?:\s+(?:a\s+)?(?:opção|letra|alternativa|resposta)\b)?"
    ),
    # Italian, Russian
    (
        r"(?:la\s+)?risposta(?:\s+(?:corretta|giusta|esatta|finale))*(?:[\s*_]*:|[\s*_]+(?:è"
        r"|sarebbe)(?:\s+quindi)?[\s*_]*:?)"
        r"(?:\s+(?:la\s+)?(?:lettera|opzione)\b)?"
    ),
    (
        r"(?:правильный\s+|верный\s+)?(?:ответ|вариант)(?:\s+(?:это|будет|—|–|-))*[\s*_]*(?::|(?<=[—–-])"
        r"|(?<=это))(?:\s+вариант)?"
    ),
    # Chinese, Japanese, Korean
    (
        r"(?:正确|最终|最佳|正確)?的?(?:答案|选项|選項)(?:应该|应|應該|應)?\s*(?:是|为|為|选|選|:|即"
        r"|[】\]])[\s:]*(?:选项"
        r"|選項)?"
    ),
    r"(?:选择|選擇|应选|故选|选|選)(?:答案|选项|選項)?[\s:]*(?=[*_(「“\"]{0,3}[A-Z](?![A-Za-z]))",
    (
        r"(?:最終的?な?)?(?:正しい(?:答え|選択肢)|正解|正答|答え|解答|回答|答)(?:の選択肢)?\s*(?:は|:"
        r"|とは)\s*(?:選択肢|記号)?\s*"
    ),
    r"(?:정답|답|답변)(?:은|는|:)\s*:?\s*(?:선택지)?",
    # Arabic, Hindi
    (
        r"(?:ال)?(?:[إا]جابة|جواب)(?:\s+(?:الصحيحة|الصحيح|النهائية|النهائي|الأصح|الأفضل))*\s*(?:هي|هو"
        r"|:)[\s*_:]*(?:ال)?(?:خيار|حرف)?"
    ),
    r"الخيار\s+(?:الصحيح|الأصح|الأفضل)\s*(?:هو|:)[\s*_:]*",
    r"(?:सही|अंतिम|सर्वोत्तम)\s+(?:उत्तर|जवाब|विकल्प)[\s*_]*(?:है\s*:?|होगा\s*:?|:|-)?[\s*_]*(?:विकल्प)?(?=[\s*_(])",
    rf"(?:उत्तर|जवाब)[\s*_]*(?:{_COLON}|(?=\s+{_LETTER}))(?:\s*विकल्प)?",
)
STATES = tuple(re.compile(rf"(?<![^\W_]){LEAD}(?:{each})[\s*_]*", re.IGNORECASE) for each in _STATES[:11]) + tuple(
    re.compile(rf"{LEAD}(?:{each})[\s*_]*", re.IGNORECASE) for each in _STATES[11:]
)

# A letter or label that is called right: "Antwort B ist richtig", "B是正确答案".
_LABEL = (
    r"(?P<value>(?:(?:die\s+|l['’]|la\s+|a\s+)?(?:antwort|option|möglichkeit|réponse|reponse|proposition|opción"
    r"|respuesta"
    r"|alternativa|opção|letra|lettre|resposta|选项|選項|選択肢|विकल्प|उत्तर|الخيار|الإجابة)\s*)?"
    r"(?<![A-Za-z])[*_(「『“\"]{0,3}(?-i:[A-Z])(?![A-Za-z])[)*_」』”\"]{0,3})"
)
_RIGHT = (
    (
        r"\s+ist\s+(?:also\s+|daher\s+|somit\s+)?(?:die\s+)?(?:richtig|korrekt|zutreffend)\w*(?:\s+(?:antwort"
        r"|option|lösung))?\b"
    ),
    r"\s+est\s+(?:donc\s+)?(?:la\s+)?(?:bonne(?:\s+(?:réponse|option))?|correcte|juste|exacte|réponse\s+correcte)\b",
    r"\s+es\s+(?:la\s+)?(?:(?:respuesta|opción)\s+)?correcta\b",
    r"\s+(?:é|está)\s+(?:a\s+)?(?:(?:resposta|opção|alternativa)\s+)?(?:correta|certa)\b",
    r"\s+è\s+(?:la\s+)?(?:risposta\s+)?(?:corretta|giusta)\b",
    r"\s*(?:选项|選項|项)?\s*(?:是|为|為)?\s*(?:最)?(?:正确|正確)的?(?:答案|选项|選項)?",
    r"\s*(?:が|は)\s*(?:正解|正しい|答え|正答)",
    r"\s*(?:이|가)\s*(?:정답|답)",
    r"\s+(?:ही\s+)?(?:सही|उत्तर)(?:\s+(?:उत्तर|विकल्प|जवाब))?\s+(?:है|होगा)(?!\s+नहीं)",
    r"\s+(?:هو|هي)\s+(?:ال(?:إجابة|جواب|خيار)\s+)?(?:ال)?(?:صحيح|صحيحة)",
    r"\s+صحيحة?(?!\s*غير)",
)
_TURNED = (  # "Daher ist B die richtige Antwort"
    rf"(?:ist|est|es|é)\s+{_LABEL}\s+(?:die\s+(?:richtige|korrekte)\s+\w+|richtig|korrekt|la\s+(?:bonne\s+réponse"
    r"|respuesta\s+correcta)|a\s+resposta\s+(?:correta|certa))\b"
)
CALLS_RIGHT = (
    re.compile(rf"{LEAD}{_LABEL}(?:{'|'.join(_RIGHT)})", re.IGNORECASE),
    re.compile(rf"(?<![^\W_]){LEAD}{_TURNED}", re.IGNORECASE),
)
# In languages that deny behind the word: "C नहीं है", "Cではありません".
DENIED_VALUE = re.compile(r"नहीं|(?:では|じゃ)(?:な|ありま)|아니|\bn['’]est pas\b|\bist nicht\b")

# "A" and the contrast in "not A but B", behind which the answer stands.
CONTRAST = re.compile(
    r"^[^.!?。]{1,60}?(?:(?:では|じゃ)なくて?[、,]?|नहीं,?\s*(?:बल्कि|लेकिन)|[,，]\s*而是|"
    r",?\s*\bsondern\b|\bnicht .{1,30}sondern\b)\s*"
)
# "The second answer is right" calls an option right, which stands before the verb.
ONLY_RIGHT = re.compile(
    r"[\s*_]*(?:(?:also|daher|somit|donc|bien|la|die|the|sans doute|eindeutig)\s+)*(?:richtig|korrekt"
    r"|zutreffend|falsch|correct[eao]?"
    r"|corrett[ao]|incorrect[eao]?|juste|exacte|bonne|fausse|certa|correta|errada|giusta|sbagliata|正确|错误|正しい|सही|गलत|صحيحة?)[\s*_.!。।]*",
    re.IGNORECASE,
)
# What follows the answer in its sentence and is no part of it: "Bです", "B है", "选项".
TAIL = re.compile(
    r"[\s*_」』”\"]*(?:(?:选项|選項|项)?的?|です|であります|である|だ|となります|になります|が正解です|है|हैं"
    r"|होगा|입니다|이다|이에요"
    r"|ist\s+(?:richtig|korrekt))[\s.。!।]*$"
)

# Before an option that is denied, within its clause.
NEGATION = (
    r"(?:(?:不是|并非|並非|不像|不可能是|不会是|排除了?|除了|而非|没有|沒有|并不是)[^,.;。、而]{0,6}"
    r"|(?:\b(?:nicht|keine?[nrms]?|weder|noch|n['’]est pas|n['’]est ni|pas|ni|aucune?|no es|não é|nem|non è"
    r"|niet|geen|не)"
    r"|ليست?|لا|غير|وليست?)(?!\W+(?:Zweifel|nur|doute|seulement|solo|sólo|só|apenas|شك)\b)(?:\W+\w+){0,3}?)\W*$"
)
# Behind an option that is denied.
WRONG = (
    r"\bfalsch|\bunzutreffend|\bausgeschlossen|\bfaux|\bfausse|\bincorrecte?|\bincorrect[ao]s?|\berrad[ao]"
    r"|\berróne[ao]"
    r"|(?:都|均|也)?(?:不(?:正确|正確|对|符合|是|可能|像|成立)|(?:是|被)?(?:错误|错的|排除))"
    r"|(?:では|じゃ)(?:ない|なく|ありません)|\bनहीं|\bगलत|خاطئة?|غير صحيحة?|아닙니다|아니"
    r"|\b(?:ist|sind|kommt|passt|kann|trifft|stimmt)\s+(?:\w+\s+){0,3}nicht\b|\b(?:scheidet|fällt|fallen|scheiden)\s+(?:\w+\s+)?(?:aus|weg)\b"
    r"|\bn(?:e\s|['’])\w+(?:\s+\w+)?\s+(?:pas|plus)\b|\bno\s+(?:es|son|puede|encaja|corresponde|coincide|cumple|aparece)\b"
    r"|\bnão\s+(?:é|são|está|pode|serve|corresponde|cumpre|aparece)\b|\bnon\s+(?:è|può|corrisponde)\b"
    r"|(?:被|可以|可)排除|不属于|不合|不能|不会|不应|不选|不行|違い|誤り|合いません|当てはまりません|(?<!\w)(?:لا|ليس|ليست)(?!\w)"
)
CONCLUDES = (
    r"(?:daher|deshalb|somit|folglich|donc|ainsi|por (?:lo )?tanto|portanto|entonces|quindi|因此|所以|综上"
    r"|したがって|よって|つまり"
    r"|따라서|इसलिए|अतः|لذلك|إذن|لذا|وبالتالي|insgesamt|zusammen|au total|en tout|en total|no total|ao todo|in tutto"
    r"|一共|总共|共(?=有|\d)|合计|总计|合計|全部で|कुल मिलाकर|في المجموع|итого|es decir|o sea|ou seja"
    r"|c['’]est-à-dire|soit"
    r"|das heißt|यानी|أي(?= ))"
)
# The same behind the verb: "Il s'agit donc de …", "Das ist also …".
CONCLUDES_INSIDE = (
    r"\b(?:donc|somit|daher|folglich|demnach|deshalb|portanto|por (?:lo )?tanto|entonces|quindi|dunque|следовательно)\b"
    r"|\b(?:ist|sind|es|wird|liegt|beträgt|bleibt|handelt)\s+(?:es\s+|sich\s+)?also\b"
)
HEDGE = (
    r"\b(?:könnte|vielleicht|möglicherweise|wahrscheinlich|peut-être|pourrait|probablement|podría|quizás?|tal vez"
    r"|probablemente|poderia|talvez|provavelmente|forse|возможно)\b|可能|也许|或许|大概|かもしれ|でしょうか"
    r"|शायद|ربما|قد (?:ي|ت)كون|아마"
)
UNSURE = (
    r"\b(?:unklar|nicht sicher|weiß nicht|incertain|impossible à|difícil|imposible|impossível|no sé|não sei)\b"
    r"|不确定|无法"
    r"|看不清|わかりません|分かりません|不明|لا أعرف|لا يمكن|पता नहीं|모르겠"
)
# Words that make a phrase a sentence, which is no answer in itself.
VERB = re.compile(
    r"\b(?:is|are|was|were|be|ist|sind|lautet|agit|est|sont|es|son|é|são|è|sono|it|they|we|I)\b|[是为。、]|这|です"
    r"|هو|هي|है|हैं|입니다|ليس|غير|नहीं"
    r"|\b(?:ne|pas|nicht|kein|keine|no sé|não)\b",
    re.IGNORECASE,
)
# A label in running text: "选B", "B选项", "Antwort B".
LABEL_WORDS = (
    r"Antwort|Möglichkeit|réponse|proposition|lettre|opción|opcion|letra|respuesta|opção|alternativa|resposta"
    r"|opzione|вариант"
    r"|选项|選項|選択肢|विकल्प|उत्तर|الخيار|الإجابة"
)
LABELLED_BEHIND = (
    r"选项|選項|项(?!目)|是(?:正确|正確|错|不对)|(?:正确|正確|错误|不对|不符)"
    r"|[和、或都](?=[^.。]*(?:正确|错误|符合|可能|不对|都|选项))"
)
