"""Which of the encodings older than UTF-8 a text is in, and how sure that is: an estimate over its characters.

Each encoding that can read the text gives every character outside ASCII a likelihood: high for what people write in
its languages (kana, the common half of the Chinese characters, the letters of a language in ``alphabets``), low for
what only wrong readings hold. Readings that come to the same text are one. The confidence is the share of the best
reading in all of them, as in a naive Bayes estimate. (charset-normalizer takes a short Chinese table for Korean and
French for mac_latin2, and is no surer where right.)
"""

import codecs
import math
from dataclasses import dataclass

from core.importers.encodings import alphabets
from core.importers.encodings.alphabets import COMMON, KNOWN, UNUSUAL, WRONG, Likelihood

_MOST_BYTES = 8_000  # about forty readings of them are estimated
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
    sums: dict[str, float] = {}
    plausible: set[str] = set()
    first: dict[str, str] = {}
    for codec, _, prior, likelihood in _READINGS:
        decoded = _decoded(text, codec, cut)
        if decoded is None or first.setdefault(decoded, codec) != codec:
            continue
        found = _log_likelihoods(decoded, codec, likelihood)
        total = math.log(prior) + sum(found)
        sums[codec] = _sum_of_logs(sums[codec], total) if codec in sums else total
        if sum(found) >= len(found) * math.log(_PLAUSIBLE):
            plausible.add(codec)
    best = max(sums.values(), default=0.0)
    whole = sum(math.exp(each - best) for each in sums.values())
    return [
        Guess(
            codec=codec,
            label=CODEC_LABELS[codec],
            confidence=min(MOST_SURE, math.exp(sums[codec] - best) / whole),
            plausible=codec in plausible,
        )
        for codec in sorted(sums, key=lambda codec: -sums[codec])
    ]


def _decoded(text: bytes, codec: str, cut: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(codec)().decode(text, final=not cut)
    except UnicodeDecodeError:
        return None


def _sum_of_logs(one: float, other: float) -> float:
    high, low = max(one, other), min(one, other)
    return high + math.log1p(math.exp(low - high))


def _log_likelihoods(decoded: str, codec: str, likelihood: Likelihood) -> list[float]:
    """The logarithm for each byte outside ASCII, so that readings of different length can be compared."""
    wide = codec in _WIDE
    found: list[float] = []
    for at, char in enumerate(decoded):
        if not char.isascii():
            size = max(1, len(char.encode(codec, "replace"))) if wide else 1
            found += [math.log(likelihood(decoded, at))] * size
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
        return KNOWN
    lead = _lead(text[at], "gb2312")
    if text[at] in _CHINESE:  # those outside GB2312 are traditional forms in GBK
        return COMMON if lead else KNOWN
    return _of_lead(lead, 0xB0, 0xD7)


def _traditional(text: str, at: int) -> float:
    if _is_sign(text[at]):
        return KNOWN
    lead = _lead(text[at], "big5")
    return COMMON if text[at] in _CHINESE and lead else _of_lead(lead, 0xA4, 0xC6)


def _japanese(text: str, at: int) -> float:
    char = text[at]
    if _is_sign(char):
        return KNOWN
    if "\u3041" <= char <= "\u30fe":
        return COMMON
    if "\uff61" <= char <= "\uff9f":  # half-width kana, which wrong readings are full of
        return UNUSUAL
    return _of_lead(_lead(char, "shift_jis"), 0x88, 0x97)


def _korean(text: str, at: int) -> float:
    if _is_sign(text[at]):
        return KNOWN
    lead = _lead(text[at], "euc_kr")
    return COMMON if text[at] in _KOREAN else KNOWN if 0xB0 <= lead <= 0xC8 else UNUSUAL / 3 if lead else WRONG


def _of_lead(lead: int, first: int, last: int) -> float:
    """For a character with that first byte, where the common ones begin with ``first`` to ``last``, rare ones above."""
    return KNOWN if first <= lead <= last else UNUSUAL / 2 if lead > last else WRONG


# Codec, its name for people, how likely it is before the text is seen, and the likelihood of a character; an encoding
# of several languages once for each. The order decides between encodings that read the same.
_READINGS: tuple[tuple[str, str, float, Likelihood], ...] = (
    *(("cp1252", "Windows-1252", 1.0, alphabets.latin(each)) for each in alphabets.WESTERN),
    *(("cp1252", "Windows-1252", 0.03, alphabets.latin(each)) for each in alphabets.ICELANDIC),
    ("gb18030", "GB18030 (GBK, Chinese)", 1.0, _chinese),
    ("cp932", "Shift-JIS (Japanese)", 0.7, _japanese),
    ("big5", "Big5 (Chinese)", 0.3, _traditional),
    ("cp949", "CP949 (EUC-KR, Korean)", 0.3, _korean),
    ("euc_jp", "EUC-JP (Japanese)", 0.1, _japanese),
    ("cp1251", "Windows-1251 (Cyrillic)", 0.3, alphabets.cyrillic),
    ("koi8-r", "KOI8-R (Cyrillic)", 0.05, alphabets.cyrillic),
    ("koi8-u", "KOI8-U (Cyrillic)", 0.03, alphabets.cyrillic),
    ("cp866", "CP866 (Cyrillic)", 0.05, alphabets.cyrillic),
    ("mac_cyrillic", "Mac Cyrillic", 0.02, alphabets.cyrillic),
    ("iso8859_5", "ISO 8859-5 (Cyrillic)", 0.02, alphabets.cyrillic),
    *(("mac_roman", "Mac Roman", 0.05, alphabets.latin(each)) for each in alphabets.WESTERN),
    *(("cp850", "CP850 (DOS)", 0.05, alphabets.latin(each)) for each in alphabets.WESTERN),
    *(("cp1250", "Windows-1250 (Central European)", 0.3, alphabets.latin(each, 4)) for each in alphabets.CENTRAL),
    *(("iso8859_2", "ISO 8859-2 (Central European)", 0.05, alphabets.latin(each, 4)) for each in alphabets.CENTRAL),
    *(("cp852", "CP852 (Central European)", 0.02, alphabets.latin(each, 4)) for each in alphabets.CENTRAL),
    *(("cp1254", "Windows-1254 (Turkish)", 0.2, alphabets.latin(each, 4)) for each in alphabets.TURKISH),
    ("cp1253", "Windows-1253 (Greek)", 0.2, alphabets.greek),
    ("iso8859_7", "ISO 8859-7 (Greek)", 0.05, alphabets.greek),
    ("cp1255", "Windows-1255 (Hebrew)", 0.2, alphabets.hebrew),
    ("cp1256", "Windows-1256 (Arabic)", 0.2, alphabets.arabic),
    ("cp874", "Windows-874 (Thai)", 0.2, alphabets.thai),
)
CODEC_LABELS = {codec: label for codec, label, _, _ in _READINGS}
_WIDE = frozenset(("gb18030", "cp932", "big5", "cp949", "euc_jp"))
