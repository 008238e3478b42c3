"""How likely a character is in a reading of a text, by the letters that each language is written with.

An encoding of one byte a character can read nearly everything; what tells a right reading from a wrong one are the
letters of a language together ("ø" and "è" in one text are no language), letters that stand where they cannot (a small
letter before a capital one, a vowel mark without its consonant), and signs inside words ("jab³ek").
"""

from collections.abc import Callable

Likelihood = Callable[[str, int], float]
WRONG, UNUSUAL, KNOWN, COMMON = 0.03, 0.25, 0.5, 1.0

# The letters of languages that share an encoding and that seldom stand in one text.
WESTERN = (
    "äöüßéàèêç", "àâæçèéêëîïôœùûüÿ", "áéíóúüñºª", "áâãàçéêíóôõúüºª", "àèéìíîòóùú", "éëèïöüóáí", "åäöæøéèàüó",
    "äöåšžé", "áâéèêíîóôúûẁẃŵýŷ",
)  # fmt: skip
ICELANDIC = ("áæéíðóöþúý",)
CENTRAL = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţșț", "čćđšž", "äöüßéàç",
)  # fmt: skip
TURKISH = ("çğıöşüâîûİ",)
_SIGNS = "€£‚„…‘’“”–—¡¿«»°²³´·\u00a0§©®±¼½¾×÷"
_BEFORE_WORDS, _BEHIND_WORDS = "¡¿‘“„‚«([", "”’»…)]"
_RUSSIAN = frozenset("оеаинтсрвлкмдпу")
_UKRAINIAN = frozenset("ЁёІіЇїЄєҐґЎў")
_GREEK = frozenset("αοιετσνηυρπκμλςάόίέύήώ")
_HEBREW = frozenset("יוהלאתרבמשנחד")
_FINAL = frozenset("ךםןףץ")
_ARABIC = frozenset("اليمنورتبةعدسهف")
_THAI = frozenset("านรอกเงคมยลวดทสตะปบิี่้ห็ไแ")
_THAI_MARKS = frozenset("\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e3a\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e4d")


def latin(letters: str, longest: int = 2) -> Likelihood:
    """For a language with these letters outside ASCII, of which at most ``longest`` stand together."""
    own = frozenset(letters + letters.upper())

    def likelihood(text: str, at: int) -> float:
        char, before, behind = text[at], text[at - 1 : at] if at else "", text[at + 1 : at + 2]
        if not char.isalpha():
            within = before.isalpha() and behind.isalpha() and char not in "’·\u00a0–—"
            misplaced = (char in _BEHIND_WORDS[:2] and behind.isalpha() and not before.isalpha()) or (
                char in _BEFORE_WORDS[:4] and char != "“" and before.isalpha()
            )
            return WRONG if char not in _SIGNS or within or misplaced else KNOWN
        if char == "Ÿ" and behind.islower():  # no word begins with it
            return WRONG
        if char.isupper() and (before.islower() or (before.isalpha() and behind.islower())):
            return WRONG
        length, inside = _run(text, at)
        if char not in own or length > longest:
            return WRONG if length > longest else UNUSUAL / 2
        return COMMON if inside else UNUSUAL

    return likelihood


def _run(text: str, at: int) -> tuple[int, bool]:
    """How many letters outside ASCII stand together there, and whether they are in a word with others."""
    start, end = at, at + 1
    while start and text[start - 1].isalpha() and not text[start - 1].isascii():
        start -= 1
    while end < len(text) and text[end].isalpha() and not text[end].isascii():
        end += 1
    return end - start, any(each.isalpha() for each in text[max(0, start - 1) : start] + text[end : end + 1])


def _beside_ascii(*around: str) -> bool:
    return any(each.isascii() and each.isalpha() for each in around)


def cyrillic(text: str, at: int) -> float:
    char, before, behind = text[at], text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if not ("\u0410" <= char <= "\u044f" or char in _UKRAINIAN):
        return UNUSUAL if char in "«»“”„–—…№\u00a0" else WRONG
    if _beside_ascii(before, behind) or (char.isupper() and before.islower()):
        return WRONG
    if not any(each >= "\u0400" for each in (before, behind) if each):
        return UNUSUAL
    return COMMON if char in _RUSSIAN else KNOWN


def greek(text: str, at: int) -> float:
    char, before, behind = text[at], text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if not "\u0386" <= char <= "\u03ce":
        return UNUSUAL if char in "«»“”‘’–—…·\u00a0" else WRONG
    final = char == "ς" and "\u03ac" <= behind <= "\u03ce"
    if final or (char.isupper() and before.islower()) or _beside_ascii(before, behind):
        return WRONG
    return COMMON if char in _GREEK else KNOWN


def hebrew(text: str, at: int) -> float:
    char, before, behind = text[at], text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if not "\u05d0" <= char <= "\u05ea":
        return UNUSUAL if char in "–—…״׳“”\u00a0₪" else WRONG
    if (char in _FINAL and "\u05d0" <= behind <= "\u05ea") or _beside_ascii(before, behind):
        return WRONG
    return COMMON if char in _HEBREW or char in _FINAL else KNOWN


def arabic(text: str, at: int) -> float:
    char, before, behind = text[at], text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if not "\u0621" <= char <= "\u064a":
        return KNOWN if char in "؟،؛" else UNUSUAL / 2 if "\u064b" <= char <= "\u0652" else WRONG
    if (char in "ةى" and "\u0621" <= behind <= "\u064a") or _beside_ascii(before, behind):
        return WRONG
    return COMMON if char in _ARABIC else KNOWN


def thai(text: str, at: int) -> float:
    char, before, behind = text[at], text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if not "\u0e01" <= char <= "\u0e5b":
        return UNUSUAL if char in "“”‘’–—…" else WRONG
    if (char in _THAI_MARKS and not "\u0e01" <= before <= "\u0e4c") or _beside_ascii(before, behind):
        return WRONG
    return COMMON if char in _THAI else KNOWN
