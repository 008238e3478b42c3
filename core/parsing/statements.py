"""Find sentence boundaries and statements of a final answer ("So the answer is (B).", "\\boxed{16}", "#### 16").

Shared by ``core.parsing.steps``, which removes such statements from the steps, and ``core.parsing.answer``, which reads
them, so that the two always agree.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from core.parsing import languages
from core.parsing.reply import clean_reply

StatementKind = Literal["the answer is", "option is correct", "boxed", "####", "tagged"]

# Full-width forms as Chinese models write them; "。！？" stay: they end a sentence without a following space.
_FULL_WIDTH = {0xFF01 + at: 0x21 + at for at in range(94) if chr(0x21 + at) not in "!?"} | {0x3000: 0x20}

# After a full stop, lower case usually continues the sentence: "approx. 5 km", "vs. the".
_BOUNDARY = re.compile(
    r"""(?<![.!?])[.!?]++[*_"'”’)\]}]*+(?=\s+["'“‘(\[*_$\\]*[^\W_a-z]|\s*$)|[。！？।॥؟]|\n""",
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|cf|Mr|Mrs|Ms|Dr|Prof|St|Mt|Fig|approx|Jr|Sr)|\b(?:[A-Z]\.)+[A-Z]|(?:^|[:;!?]\s"
    r"|(?<!No)\.\s)\d{1,2})\.$"
)
_CONTEXT_CHARS = 40
# No answer is longer, and it bounds the time for a degenerate output.
_MAX_STATEMENT_CHARS = 600
# "George W. Bush", but not "Option B. So …".
_INITIAL = re.compile(r"(?:^|\b([A-Z][a-z]+|[A-Z]\.)\s)[A-Z]\.$")
_LABELLED = re.compile(
    r"Option|Choice|Answer|Point|Pair|Figure|Cell|Step|Line|Group|Sample|Image|Vitamin|Picture|Part|Side|Box|Bar|Type"
    r"|Class|Grade|Column|Row|Panel|Object|Number|Letter|Is"
)

# Where a cue can start: skips all positions inside words, which is most of a text.
_BEGINS = r"(?<![^\W_])(?=[a-z(])"
_LEAD = (
    r"(?P<lead>(?:\b(?:so|thus|therefore|hence|consequently|accordingly|finally|ultimately|overall|clearly|and|"
    r"in (?:conclusion|short|summary)|to (?:conclude|sum up)|as a result|which means(?: that)?)\b[\s,:]*){0,4})"
)
_KIND_OF = r"(?:(?:final|correct|right|best|most likely)\s+)"
_NOUN = (
    rf"(?:\b(?<!\bif )(?<!what )(?<!whether )(?<!how )(?<!find )(?<!get )(?<!know )(?:the|my|our)\s+{_KIND_OF}*answer"
    rf"|\b(?:the\s+)?{_KIND_OF}(?:option|choice)"
    rf"|(?:^|(?<=[.!?\n:;,*_#>])|(?<=[.!?\n:;,*_#>]\s)){_KIND_OF}*(?:answer|ans\.?(?=\s*:)))(?!\w)"
)
_VERB = (
    r"(?:[*_\s]*(?:option|choice|letter))?(?:\s+to\s+[^.!?\n]{1,80}?)??[*_]*(?:[\s,]+(?:therefore|thus|hence"
    r"|then))?,?"
    r"(?:\s+(?:is|was|will be|would be|should be|has to be|must (?:therefore |thus )?be)\b\s*:?|\s*[:=])"
)
_NO_ANSWER = r"(?!\s*(?:not|neither|determined|found|obtained|computed|calculated|given by|based on|hidden)\b)"
_CUES: tuple[tuple[StatementKind, re.Pattern[str]], ...] = (
    (
        "the answer is",
        re.compile(_BEGINS + _LEAD + _NOUN + _VERB + _NO_ANSWER + r"[\s*_]*", re.IGNORECASE | re.MULTILINE),
    ),
    ("boxed", re.compile(r"[\s$*]{0,8}\\boxed\s*(?=\{)")),
    ("####", re.compile(r"^####[ \t]*(?=\S{1,40}\s*$)", re.MULTILINE)),
    ("the answer is", re.compile(rf"^[ \t>#*_]*(?:the\s+)?{_KIND_OF}*answer[ \t]*[*_]*[ \t]*\n[\s*_>-]*", re.I | re.M)),
    (
        "the answer is",
        re.compile(
            r"(?:\b(?:I|we)(?:['’](?:d|ll)| would| will| should)?|\bto)\s+(?:choose|pick|select|go with|go for)\s+"
            r"(?=(?:the\s+)?(?:option|choice|answer)\b|[*_\"']*\(?[A-Z]\)?[*_\"']*(?:[.,;:\n]|$| because))",
        ),
    ),
    (
        "the answer is",
        re.compile(
            r"(?:(?:,\s*)?\b(?:which|this|that|it)\s+(?:value\s+|result\s+)?(?:matches|corresponds\s+to|is"
            r"|equals)\s+(?:the\s+|with\s+)?|\bso\s+(?:the\s+)?)"
            r"(?:answer\s+)?(?:option|choice)[\s*_]+(?=\(?(?-i:[A-Z])\)?[*_]*\s*(?:[.!\n]|$))",
            re.IGNORECASE,
        ),
    ),
    ("boxed", re.compile(r"<\|begin_of_box\|>(?P<value>[^<]{0,400})(?:<\|end_of_box\|>|(?=\s*</)|$)", re.IGNORECASE)),
    (
        "tagged",
        re.compile(
            r"<(?P<tag>(?:final_?|correct_?)?answer|ans)>\s*(?P<value>[^<]{0,400}?)\s*(?:</(?P=tag)>"
            r"|$)",
            re.IGNORECASE,
        ),
    ),
    (
        "tagged",
        re.compile(r"[\"'](?:final_?|correct_?)?answer[\"']\s*:\s*[\"']?(?P<value>[^\"'\n,}]{1,400})", re.IGNORECASE),
    ),
)
_VERDICT = re.compile(
    _BEGINS + _LEAD + r"(?P<value>\b(?:option|choice|answer)\s*\(?[A-Za-z]\)?|(?<!\w)\([A-Za-z]\)"
    r"|(?:^|(?<=[.!?\n,;:*_]\s)|(?<=[\n*_])|(?<=\bthat\s))(?-i:[A-Z])(?!\w))[*_]*\s+(?:is|must be)\s+(?:the\s+)?"
    r"(?:(?:most\s+)?(?:correct|right|best)(?:\s+(?:one|answer|option|choice))?|(?<=the )answer)\b"
    r"(?!\s+(?:of|side|next|above|below|angle|if)\b)",
    re.IGNORECASE | re.MULTILINE,
)
# Cheap pre-checks: every match of the first cue, and of a verdict, contains one of these.
_SAYS_ANSWER = re.compile(r"answer|ans\b|option|choice", re.IGNORECASE)
_SAYS_VERDICT = re.compile(
    r"(?:is|must be)\s+(?:the\s+)?(?:(?:most\s+)?(?:correct|right|best)|answer)\b", re.IGNORECASE
)
_UNIT = re.compile(r"[ $*]*(?:[A-Za-z°%²³/]{1,6}[ $*]*)?[.! $*\n]*")
_REASON = re.compile(
    r"\s*[,;:–—-]?\s*(?:\b(?:because|since|BECAUSE|weil|denn|car|parce que|porque|ya que|pois|perché)\b"
    r"|因为|因為|なぜなら|क्योंकि|لأن)"
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a final answer, as offsets into the text.

    ``start`` … ``end`` is the whole statement with its lead-in ("So the answer is (B)."), ``value`` the answer inside
    it. ``concludes`` is True where a word such as "so" or "final" introduces it, ``foreign`` where it is in another
    language than English. An empty ``value`` means that the output was cut off.
    """

    kind: StatementKind
    start: int
    end: int
    value: tuple[int, int]
    concludes: bool
    foreign: bool = False


@lru_cache(maxsize=16)
def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """The sentences as (start, end) offsets without surrounding white space; a line break always ends one.

    Cached, because reading an answer and splitting the steps of the same output ask for them three times.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = _sentence_end(text, start)
        stripped = text[start:end].strip()
        if stripped:
            first = text.index(stripped, start)
            spans.append((first, first + len(stripped)))
        start = max(end, start + 1)
    return tuple(spans)


def to_plain_text(text: str) -> str:
    """The clean reply with full-width characters as ASCII. All offsets stay the same."""
    return clean_reply(text).translate(_FULL_WIDTH)


def _sentence_end(text: str, start: int, limit: int | None = None, *, begins: int | None = None) -> int:
    """The offset just after the sentence that contains ``start``, including its full stop; at most ``limit``.

    ``begins`` is the sentence's first offset where that is before ``start``.
    """
    first = start if begins is None else begins
    last = len(text) if limit is None else min(limit, len(text))
    for match in _BOUNDARY.finditer(text, start, last):
        end = match.end()
        if not _continues(text[max(first, end - _CONTEXT_CHARS) : end], text[end : end + _CONTEXT_CHARS]):
            return end
    return last


def find_statements(text: str) -> list[Statement]:
    """Every statement of a final answer, in the order of the text, without denials ("the answer is not B")."""
    text = to_plain_text(text)
    cues = _CUES if _SAYS_ANSWER.search(text) else _CUES[1:]
    found = [_from_cue(text, kind, match) for kind, cue in cues for match in cue.finditer(text)]
    if _SAYS_VERDICT.search(text):
        found += [_from_verdict(text, match) for match in _VERDICT.finditer(text)]
    if languages.SAYS_ANSWER.search(text):
        found += _in_other_languages(text, found)
    return sorted(found, key=lambda statement: (statement.start, statement.value))


def _in_other_languages(text: str, found: list[Statement]) -> list[Statement]:
    """The statements in other languages that overlap none that was found, and not each other."""
    stated = [_from_cue(text, "the answer is", match) for cue in languages.STATES for match in cue.finditer(text)]
    stated += [_from_verdict(text, match) for cue in languages.CALLS_RIGHT for match in cue.finditer(text)]
    taken = [(each.start, each.end) for each in found]
    kept: list[Statement] = []
    for each in sorted(stated, key=lambda statement: (statement.start, -statement.value[0])):
        if not any(each.start < end and each.end > start for start, end in taken):
            taken.append((each.start, each.end))
            kept.append(replace(each, foreign=True))
    return kept


def _from_cue(text: str, kind: StatementKind, match: re.Match[str]) -> Statement:
    end = _sentence_end(text, match.end(), match.end() + _MAX_STATEMENT_CHARS, begins=match.start())
    value = (match.end(), end)
    if "value" in match.re.groupindex:
        value, end = match.span("value"), match.end()
    elif kind == "boxed":
        value = _braced(text, match.end())
        end = max(value[1] + 1, end if _UNIT.fullmatch(text[value[1] + 1 : end]) else 0)
    elif reason := _REASON.search(text, match.end(), end):
        value, end = (match.end(), reason.start()), reason.start()
    concludes = bool("lead" in match.re.groupindex and match["lead"]) or "final" in match[0].lower()
    return Statement(kind=kind, start=match.start(), end=end, value=value, concludes=concludes)


def _from_verdict(text: str, match: re.Match[str]) -> Statement:
    end = _sentence_end(text, match.end(), match.end() + _MAX_STATEMENT_CHARS)
    if reason := _REASON.search(text, match.end(), end):
        end = reason.start()
    return Statement(
        kind="option is correct", start=match.start(), end=end, value=match.span("value"), concludes=bool(match["lead"])
    )


def _braced(text: str, brace: int) -> tuple[int, int]:
    """The span inside the balanced braces that open at ``brace`` (to the end of the text when they never close)."""
    depth = 0
    for at in range(brace, min(len(text), brace + 10 * _CONTEXT_CHARS)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return brace + 1, at
    return brace + 1, min(len(text), brace + 10 * _CONTEXT_CHARS)


def _continues(sentence: str, rest: str) -> bool:
    """Whether the full stop belongs to an abbreviation, judged from the ``_CONTEXT_CHARS`` on either side."""
    if _ABBREVIATION.search(sentence) or (sentence.endswith(" No.") and rest.lstrip()[:1].isdigit()):
        return bool(rest.strip())
    initial = _INITIAL.search(sentence)
    return bool(initial and initial[1] and not _LABELLED.fullmatch(initial[1]) and rest.strip())
