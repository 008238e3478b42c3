"""Which of the encodings older than UTF-8 a text is in, and how sure that is: an estimate over its characters.

Each encoding that can read the text gives every character outside ASCII a likelihood: high for what people write in
its languages (kana, the common half of the Chinese characters, an accented letter inside a Latin word), low for what
only wrong readings hold. The confidence is the share of the best reading in all of them, as in a naive Bayes estimate.
(charset-normalizer takes a short Chinese table for Korean and French for mac_latin2, and is no surer where right.)
"""

import codecs
import math
from collections.abc import Callable
from dataclasses import dataclass

_WRONG, _UNUSUAL, _KNOWN, _COMMON = 0.03, 0.25, 0.5, 1.0
_MOST_BYTES = 40_000
_PLAUSIBLE = 0.1
MOST_SURE = 0.99  # no estimate is surer
# About half of what people write in Chinese and in Korean; simplified and traditional forms.
_CHINESE = frozenset(
    "的一是不了在人有我他这这個个們们中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于着下自之年过過发發后後作"
    "里裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心她本前开開但因只从從"
    "想实實日者意无無力它与與长長把机機十民第公此已工使情明性知全三又关關点點正业業外将將两兩高间間由问問很最重并物手应應向头頭文体體"
    "美相见見被利什二等产產或新己身果加西月话話合回特代内內信表化老给給世位次度门門任常先海通教儿原东東声聲提立及比员員解水名真论論处"
    "處走义各入几幾口认認条條平系气氣题題活更别別打女变變四神总總何电電数數安少报報才结結反受目太量再感做接必场場件计計管期市直金指"
    "区區形空五书書非听白光放像难難色路记南品住类類求据程北边邊交万萬取望确確传师觀观清今切让識识候带帶运運图圖片猫狗答案选選项項下列"
)
_RUSSIAN = frozenset("оеаинтсрвлкмдпу")
_KOREAN = frozenset("이다는의가을를은에하고지한로기사자도아리어나시대일그인해서수정있것니까무입요습으과와만들여")


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A Python codec, its name for people, the confidence in [0, 1] among the guesses, and whether the text is at all
    what people write in its languages."""

    codec: str
    label: str
    confidence: float
    plausible: bool = True


def guess_encodings(text: bytes, *, cut: bool = False) -> list[Guess]:
    """The encodings that can read a text, best first; [] when none can. A ``cut`` text may end inside a character."""
    known = {codec: found for codec in _CODECS if (found := _log_likelihoods(text, codec, cut)) is not None}
    sums = {codec: math.log(_CODECS[codec][1]) + sum(found) for codec, found in known.items()}
    best = max(sums.values(), default=0.0)
    whole = sum(math.exp(each - best) for each in sums.values())
    return [
        Guess(
            codec=codec,
            label=_CODECS[codec][0],
            confidence=min(MOST_SURE, math.exp(sums[codec] - best) / whole),
            plausible=sum(known[codec]) >= len(known[codec]) * math.log(_PLAUSIBLE),
        )
        for codec in sorted(sums, key=lambda codec: -sums[codec])
    ]


def _log_likelihoods(text: bytes, codec: str, cut: bool) -> list[float] | None:
    """The logarithm for each byte outside ASCII, so that readings of different length can be compared."""
    try:
        decoded = codecs.getincrementaldecoder(codec)().decode(text, final=not cut)
    except UnicodeDecodeError:
        return None
    likelihood = _CODECS[codec][2]
    found: list[float] = []
    for at, char in enumerate(decoded):
        if not char.isascii():
            found += [math.log(likelihood(decoded, at))] * max(1, len(char.encode(codec, "replace")))
        if len(found) > _MOST_BYTES:
            break
    return found


def _lead(char: str, codec: str) -> int:
    """The first of the character's two bytes in an encoding, 0 where it has not two."""
    encoded = char.encode(codec, "ignore")
    return encoded[0] if len(encoded) == 2 else 0


def _is_sign(char: str) -> bool:
    """Whether a character is punctuation or a wide form, which all East Asian encodings share."""
    return "\u3000" <= char <= "\u303f" or "\uff01" <= char <= "\uff60" or char in "“”‘’…—·×÷°±"


def _chinese(text: str, at: int) -> float:
    if _is_sign(text[at]):
        return _KNOWN
    lead = _lead(text[at], "gb2312")
    if text[at] in _CHINESE:  # those outside GB2312 are traditional forms in GBK
        return _COMMON if lead else _KNOWN
    return _of_lead(lead, 0xB0, 0xD7)


def _traditional(text: str, at: int) -> float:
    if _is_sign(text[at]):
        return _KNOWN
    lead = _lead(text[at], "big5")
    return _COMMON if text[at] in _CHINESE and lead else _of_lead(lead, 0xA4, 0xC6)


def _japanese(text: str, at: int) -> float:
    char = text[at]
    if _is_sign(char):
        return _KNOWN
    if "\u3041" <= char <= "\u30fe":
        return _COMMON
    if "\uff61" <= char <= "\uff9f":  # half-width kana, which wrong readings are full of
        return _UNUSUAL
    return _of_lead(_lead(char, "shift_jis"), 0x88, 0x97)


def _korean(text: str, at: int) -> float:
    if _is_sign(text[at]):
        return _KNOWN
    lead = _lead(text[at], "euc_kr")
    return _COMMON if text[at] in _KOREAN else _KNOWN if 0xB0 <= lead <= 0xC8 else _UNUSUAL / 3 if lead else _WRONG


def _of_lead(lead: int, first: int, last: int) -> float:
    """For a character with that first byte, where the common ones begin with ``first`` to ``last``, rare ones above."""
    return _KNOWN if first <= lead <= last else _UNUSUAL / 2 if lead > last else _WRONG


def _cyrillic(text: str, at: int) -> float:
    char, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if not ("\u0410" <= char <= "\u044f" or char in "ЁёІіЇїЄєҐґЎў"):
        return _UNUSUAL if char in "«»“”„–—…№\u00a0" else _WRONG
    if any(each.isascii() and each.isalpha() for each in (before, after)) or (char.isupper() and before.islower()):
        return _WRONG
    if not any(each >= "\u0400" for each in (before, after) if each):
        return _UNUSUAL
    return _COMMON if char in _RUSSIAN else _KNOWN


def _western(text: str, at: int) -> float:
    char = text[at]
    if not char.isalpha():
        return _KNOWN if char in "€£‚„…‘’“”–—¡¿«»°²³´·\u00a0§©®±¼½¾×÷" else _WRONG
    start, end = at, at + 1
    while start and text[start - 1].isalpha() and not text[start - 1].isascii():
        start -= 1
    while end < len(text) and text[end].isalpha() and not text[end].isascii():
        end += 1
    if end - start > 2:
        return _WRONG
    inside = any(each.isalpha() for each in text[max(0, start - 1) : start] + text[end : end + 1])
    return _UNUSUAL if not inside else _COMMON if end - start == 1 else _KNOWN


Likelihood = Callable[[str, int], float]
# Codec: its name for people, how likely it is before the text is seen, and the likelihood of a character.
_CODECS: dict[str, tuple[str, float, Likelihood]] = {
    "cp1252": ("Windows-1252", 1.0, _western),
    "gb18030": ("GB18030 (GBK, Chinese)", 1.0, _chinese),
    "cp932": ("Shift-JIS (Japanese)", 0.7, _japanese),
    "big5": ("Big5 (Chinese)", 0.3, _traditional),
    "cp949": ("CP949 (EUC-KR, Korean)", 0.3, _korean),
    "euc_jp": ("EUC-JP (Japanese)", 0.1, _japanese),
    "cp1251": ("Windows-1251 (Cyrillic)", 0.3, _cyrillic),
    "koi8-r": ("KOI8-R (Cyrillic)", 0.05, _cyrillic),
}
CODEC_LABELS = {codec: label for codec, (label, _, _) in _CODECS.items()}
