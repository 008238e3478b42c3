"""Read a skill phrase from a model's reply, and tell phrases that name no skill: answers, options, questions, steps.

A skill is a general ability ("counting objects"). A phrase that names none is "", whatever else it says.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from core.parsing.normalisation import words
from core.parsing.statements import find_statements
from core.phrases.no_skills import LABEL, says_no_skill
from core.phrases.replies import phrase_of_reply
from core.types import MAX_SKILL_LENGTH, Sample

MAX_WORDS = 12
_MIN_REPEATED_WORDS = 4  # of a sentence; fewer may be a skill that the sentence mentions
_MIN_SIMILARITY = 0.85
_STRIPPED = " \"'“”‘’«»「」『』`*_.。,;:!•-"
_LIST_MARK = rf"^(?:[{re.escape(_STRIPPED)}]|\d{{1,2}}[.)]\s)+"  # punctuation and list numbers
_EMPHASIS = re.compile(r"\*\*|__|`")
_VERBS = ("is", "are", "was", "were", "equals", "be", "has", "have")
_REASONS = ("because", "since")


def clean_phrase(text: str) -> str:
    """One phrase of at most 12 words and 200 characters from a model's reply: its first line with words in it, without
    quotes, bullets, closing punctuation and repetitions of itself; "" when there is none.

    >>> clean_phrase(' "Reading handwritten digits." ')
    'Reading handwritten digits'
    """
    lines = (re.sub(_LIST_MARK, "", " ".join(_EMPHASIS.sub("", line).split())) for line in text.splitlines())
    said = _said_once(next((line for line in lines if re.search(r"[^\W_]", line)), "").split())[:MAX_WORDS]
    return " ".join(said)[:MAX_SKILL_LENGTH].rstrip(_STRIPPED)


def read_skill(text: str, sample: Sample, steps: Sequence[str] = ()) -> str:
    """The skill that a reply names; "" where it names none: it states an answer, or repeats an option, the question or
    a step of the sample.

    >>> read_skill("The correct answer is E", Sample(source_id="s", question="Which one?", answer="E"))
    ''
    """
    phrase = clean_phrase(LABEL.sub("", phrase_of_reply(text)))
    return phrase if phrase and _names_skill(phrase, sample, steps) else ""


def _said_once(said: list[str]) -> list[str]:
    """The words without repetitions of all that they say: "counting objects, counting objects" is said twice."""
    plain = [word.strip(_STRIPPED).casefold() for word in said]
    for size in range(1, len(said) // 2 + 1):
        if all(word == plain[at % size] for at, word in enumerate(plain)):
            return said[:size]
    return said


def _names_skill(phrase: str, sample: Sample, steps: Sequence[str]) -> bool:
    if not re.search(r"[^\W\d_]", phrase) or says_no_skill(phrase) or find_statements(phrase):
        return False
    said = _words(phrase)
    texts = (sample.question, sample.hint, *steps)
    shown = {word for text in texts for word in _words(text)}
    answers = (*sample.options, sample.answer, *sample.answers)
    if any(_repeats_answer(said, _words(answer), shown) for answer in answers):
        return False
    return not any(_repeats(said, _words(each)) for text in texts for each in _sentences(text))


def _repeats_answer(said: list[str], answer: list[str], shown: set[str]) -> bool:
    """Whether the phrase is the answer, with or without its letter, a sentence that begins or ends with it ("The animal
    is a cat"), or the answer and nothing but words that are shown ("7 sheep")."""
    if not answer:
        return False
    bare = said[1:] if len(said) > 1 and len(said[0]) == 1 and said[0].isalpha() else said
    if answer in (said, bare):
        return True
    before, after = bare[: -len(answer)], bare[len(answer) :]
    if bare[-len(answer) :] == answer and before and before[-1] in _VERBS:
        return True
    begins = bare[: len(answer)] == answer and bool(after)
    return begins and (after[0] in (*_VERBS, *_REASONS) or all(word in shown or word in _VERBS for word in after))


def _repeats(said: list[str], sentence: list[str]) -> bool:
    """Whether the phrase is the sentence, its start, or nearly so; or quotes all of it."""
    if not sentence or not said:
        return False
    if said == sentence:
        return len(said) > 1
    if min(len(said), len(sentence)) < _MIN_REPEATED_WORDS:
        return False
    start, joined = sentence[: len(said)], f" {' '.join(said)} "
    if f" {' '.join(sentence)} " in joined:
        return True
    return SequenceMatcher(None, said, start, autojunk=False).ratio() >= _MIN_SIMILARITY


def _sentences(text: str) -> list[str]:
    """The sentences of a text, and the text as a whole."""
    return [text, *re.split(r"(?<=[.!?。？！])\s*|[\n;]", text)]


def _words(text: str) -> list[str]:
    return [word.text for word in words(text) if word.text]
