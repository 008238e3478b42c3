"""Read a skill phrase from a model's reply, and tell phrases that name no skill: answers, options, questions, steps.

A skill is a general ability ("counting objects"). A phrase that names none is "", whatever else it says.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from core.types import MAX_SKILL_LENGTH, Sample

MAX_WORDS = 12
_MIN_REPEATED_WORDS = 4  # of a sentence; fewer may be a skill that the sentence mentions
_MIN_SIMILARITY = 0.85
_STRIPPED = " \"'“”‘’«»`*_.,;:!•-"
_LIST_MARK = rf"^(?:[{re.escape(_STRIPPED)}]|\d{{1,2}}[.)]\s)+"  # punctuation and list numbers
_ECHO = re.compile(r"^(?:the )?(?:missing|required|needed) skills?(?: (?:is|are))?\s*:\s*", re.IGNORECASE)
_ANSWER_WORDS = r"(?:answer|option|choice|solution|response|result)s?"
_LEAD = r"(?:(?:so|thus|hence|therefore|then|and|yes|no|well|ok(?:ay)?|sure|step \d+)\b[\s,:.!]*)*"
_ARTICLES = ("the", "a", "an")
_VERBS = ("is", "are", "was", "were", "equals", "be", "has", "have")
# Each states an answer, not a skill; matched at the start of a phrase without its closing punctuation.
_JUDGED = r"(?:(?:most )?(?:correct|right|final|best|true|wrong|first wrong|likely) )?"
_BE = r"(?:is|are|was|were|must be|should be|would be|will be|has to be)"
_ANSWERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        (
            rf"{_LEAD}(?:the |my |its |your )?{_JUDGED}(?:{_ANSWER_WORDS}|step)"
            rf"(?: (?:to|for|of|in) .{{1,80}}?)?(?: here)?(?:\s+{_BE}\b|\s*[=:(])"
        ),
        rf"{_LEAD}(?:{_ANSWER_WORDS}\s*)?[(\[]?[A-Z][)\].:]?(?:\s+{_BE}\b.*)?$",
        rf"{_LEAD}(?:it|this|that|he|she|they) {_BE} (?:[(\[]?[A-Z][)\]]?$|option\b|answer\b)",
        rf".*\b{_BE} (?:the )?(?:correct|right|wrong|true|false)(?: {_ANSWER_WORDS})?$",
        rf".*\b{_BE} the {_ANSWER_WORDS}$",
        # A statement about what is shown, where a skill would be a noun: "The left digit is 9".
        rf"{_LEAD}there {_BE}\b",
        (
            rf"{_LEAD}(?:the|this|that|these|those|each|all) (?!abilit|skill|knowledge|capacity|understanding)"
            rf"(?:[\w'-]+ ){{1,3}}(?:{_BE}|has|have|equals)\b"
        ),
        (
            r"(?:die |la |a |il |l')?(?:richtige |korrekte |bonne |correcta |correta |certa |corretta )?"
            r"(?:antwort|lösung|réponse|respuesta|resposta|risposta|opción|opção|opzione|option)"
            r"(?: (?:correcte|correcta|correta|certa|corretta|richtige))?(?:\s+(?:ist|lautet|est|es|é|è)\b|\s*:)"
        ),
        r"(?:所以|因此)?[，,]?(?:正确|最终)?的?(?:答案|选项)(?:应该)?(?:是|为|：|:)",
        r"(?:正解|正しい答え|答え|解答|정답|답)(?:は|은|:|：)",
        r"(?:ال)?(?:إجابة|جواب|خيار)(?: الصحيحة| الصحيح)?(?: هي| هو|:)",
        r"(?:सही )?(?:उत्तर|जवाब|विकल्प)(?: है|:)",
    )
)
_NO_NAMES = re.compile(
    r"(?:unnamed|unknown|missing|no|none|the|a|required)?\s*(?:missing |required )?skills?(?: named| missing| needed)?|"
    r"none|nothing|unknown|unclear|n/?a|null|nan|not applicable|not available|not specified|undefined|yes|no|true|"
    r"false|correct|incorrect|right|wrong|error|step \d+|(?:i'?m |i am )?sorry\b.*|as an ai\b.*|sure|okay|"
    r"i (?:do not|don'?t|can ?not|can'?t|am not|am unable|'m unable|would)\b.*|"
    r"(?:it is )?(?:impossible|not possible)\b.*",
    re.IGNORECASE,
)


def clean_phrase(text: str) -> str:
    """One phrase of at most 12 words and 200 characters from a model's reply: its first line with words in it, without
    quotes, bullets and closing punctuation; "" when there is none.

    >>> clean_phrase(' "Reading handwritten digits." ')
    'Reading handwritten digits'
    """
    lines = (re.sub(_LIST_MARK, "", " ".join(line.split())) for line in text.splitlines())
    words = next((line for line in lines if re.search(r"[^\W_]", line)), "").split()[:MAX_WORDS]
    return " ".join(words)[:MAX_SKILL_LENGTH].rstrip(_STRIPPED)


def read_skill(text: str, sample: Sample, steps: Sequence[str] = ()) -> str:
    """The skill that a reply names; "" where it names none: it states an answer, or repeats an option, the question or
    a step of the sample.

    >>> read_skill("The correct answer is E", Sample(source_id="s", question="Which one?", answer="E"))
    ''
    """
    phrase = clean_phrase(_ECHO.sub("", text.strip()))
    return phrase if phrase and _names_skill(phrase, sample, steps) else ""


def _names_skill(phrase: str, sample: Sample, steps: Sequence[str]) -> bool:
    words = _words(phrase)
    letters = re.search(r"[^\W\d_]", phrase)
    if not letters or _NO_NAMES.fullmatch(phrase) or any(each.match(phrase) for each in _ANSWERS):
        return False
    answers = (*sample.options, sample.answer, *sample.answers)
    if any(_repeats_answer(words, _words(answer)) for answer in answers):
        return False
    shown = (each for text in (sample.question, sample.hint, *steps) for each in _sentences(text))
    return not any(_repeats(words, _words(each)) for each in shown)


def _repeats_answer(words: list[str], answer: list[str]) -> bool:
    """Whether the phrase is the answer, with or without its letter and an article, or a sentence that begins or ends
    with it ("The animal is a cat")."""
    bare, own = _bare(words[1:] if len(words) > 1 and len(words[0]) == 1 else words), _bare(answer)
    if not own:
        return False
    if own in (_bare(words), bare):
        return True
    before, after = bare[: -len(own)], bare[len(own) :]
    while before and before[-1] in _ARTICLES:
        before = before[:-1]
    ends = bare[-len(own) :] == own and bool(before) and before[-1] in _VERBS
    return ends or (bare[: len(own)] == own and bool(after) and after[0] in _VERBS)


def _bare(words: list[str]) -> list[str]:
    return words[1:] if len(words) > 1 and words[0] in _ARTICLES else words


def _repeats(words: list[str], sentence: list[str]) -> bool:
    """Whether the phrase is the sentence, its start, or nearly so; or quotes all of it."""
    if not sentence or not words:
        return False
    if words == sentence:
        return len(words) > 1
    if min(len(words), len(sentence)) < _MIN_REPEATED_WORDS:
        return False
    start, joined = sentence[: len(words)], f" {' '.join(words)} "
    if f" {' '.join(sentence)} " in joined:
        return True
    return SequenceMatcher(None, words, start, autojunk=False).ratio() >= _MIN_SIMILARITY


def _sentences(text: str) -> list[str]:
    """The sentences of a text, and the text as a whole."""
    return [text, *re.split(r"(?<=[.!?。？！])\s+|[\n;]", text)]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’.,]\d+)*", text.casefold())
