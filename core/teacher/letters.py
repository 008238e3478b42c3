"""Ask about a rationale by letters, and compute their probabilities from what an endpoint lists.

The counterpart of packed forwards, for endpoints that only report one token's log-probabilities. Let t be the listed
tokens with probabilities p(t), m the smallest of them, and R = 1 − Σ p(t) the unlisted mass:

- a candidate c is listed when one of its spellings is ("B", " B", "(B", "(B)", "B."); then q(c) = Σ p(t) over its
  spellings;
- an unlisted candidate is bounded: no unlisted token is more likely than m, and all together have R, so q(c) = min(m,
  R) is an upper bound, and so is its ratio to any listed candidate. Unlisted spellings other than the most likely one
  are ignored for all candidates alike;
- the curve's row is q / Σ q. When every q is 0, the row is uniform and all of it is bounded.

Letters in the noise are no distribution: where a model's first token opens a thought, where its reply begins with one
that the server took out, or where the letters' Σ q is below 1e-3 (``letters_lost``), the case is asked by sampled
replies, which have room to think.

With v sampled replies instead, of which u are readable and x(c) name c, the row is (x(c) + ½) / (u + ½·C) for C
candidates (Krichevsky and Trofimov 1981), so that no candidate becomes impossible.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.parsing.answer import read_answer
from core.parsing.reply import is_thought_mark, without_thoughts
from core.prompts import LETTERS, answer_cue, teacher_header, teacher_step
from core.types import Sample, Settings

# Capitals only: " a" usually starts "a triangle". "▁" and "Ġ" are tokenizers' spaces.
_LETTER = re.compile(r"""[\s▁Ġ]*[(\[*"'`]*([A-Z])[)\]*"'`.:,]*[\s▁Ġ]*""")
SMOOTHING = 0.5
MIN_LETTER_MASS = 1e-3
# A first token that opens a tag, also the start of one that is several tokens: of a thought, or of the chat template.
_OPENS_TAG = re.compile(r"[\s▁Ġ]*(?:<(?!/)|◁|\[TH)", re.I)


@dataclass(frozen=True, kw_only=True)
class LetterQuestions:
    """One order of the candidates and its questions: ``order[i]`` is the candidate behind letter i.

    ``options`` are the candidates' texts in that order; ``texts`` are the questions after 0, 1, … n steps, each
    extending the one before, so that a server's prefix cache applies.
    """

    order: tuple[int, ...]
    options: tuple[str, ...]
    texts: tuple[str, ...]


def letter_questions(
    sample: Sample, steps: tuple[str, ...], candidates: tuple[str, ...], settings: Settings
) -> Iterator[LetterQuestions]:
    """The questions for a rationale, n + 1 for each order.

    Options keep the sample's order, followed by an answer that is not among them. A free-form question has no natural
    order, so truth and prediction are asked in both; the mean cancels any preference for a letter.
    """
    own, cue = settings.prompts, answer_cue(settings.prompts)
    same = tuple(range(len(candidates)))
    for order in (same,) if sample.options else (same, same[::-1]):
        options = tuple(candidates[place] for place in order)
        text = teacher_header(replace(sample, options=options), settings.prior, own)
        texts = [text + cue]
        for number, step in enumerate(steps, 1):
            text += teacher_step(number, step, own)
            texts.append(text + cue)
        yield LetterQuestions(order=order, options=options, texts=tuple(texts))


def parse_letter(token: str) -> int | None:
    """The index of the letter that a token spells; None when it spells none.

    >>> parse_letter(" (B"), parse_letter("b"), parse_letter("Because")
    (1, None, None)
    """
    found = _LETTER.fullmatch(token)
    return LETTERS.index(found[1]) if found else None


def letters_lost(top: Sequence[tuple[str, float]], count: int, *, thinks: bool = False) -> str:
    """Why the listed tokens are no distribution over the first ``count`` letters, to follow the model's name; "" where
    they are, and where no letter is listed at all, so that all are bounded.

    ``thinks`` says that the reply begins with a thought, which servers may take out of it.

    >>> letters_lost([("<think>", -1e-5), ("A", -15.0), ("B", -16.0)], 2)
    "thinks before it answers (its first token is '<think>')"
    """
    first = max(top, key=lambda each: each[1])[0] if top else ""
    if top and (thinks or is_thought_mark(first.strip()) or _OPENS_TAG.match(first)):
        return f"thinks before it answers (its first token is {first!r})"
    places = [(parse_letter(token), value) for token, value in top]
    mass = sum(math.exp(min(value, 0.0)) for place, value in places if place is not None and place < count)
    if 0 < mass < MIN_LETTER_MASS:
        return f"begins its answers with something other than an option's letter (such as {first!r})"
    return ""


def letter_probabilities(top: Sequence[tuple[str, float]], count: int) -> tuple[tuple[float, ...], frozenset[int]]:
    """The probabilities of the first ``count`` letters, normalised, and which of them are bounded (see above)."""
    listed = [math.exp(min(value, 0.0)) for _, value in top]
    found: dict[int, float] = {}
    for (token, _), share in zip(top, listed, strict=True):
        place = parse_letter(token)
        if place is not None and place < count:
            found[place] = found.get(place, 0.0) + share
    bound = min(min(listed, default=0.0), max(0.0, 1.0 - sum(listed)))
    shares = [found.get(place, bound) for place in range(count)]
    total = sum(shares)
    if total <= 0:
        return (1 / count,) * count, frozenset(range(count))
    return tuple(share / total for share in shares), frozenset(range(count)) - found.keys()


def parse_vote(text: str, options: tuple[str, ...]) -> int | None:
    """The option that a sampled reply names, by letter or in words; None when it names none.

    Reads the last line first, because models that think end with their decision, and then the whole reply.

    >>> parse_vote("<think>9 is A, or is it B?</think>\\nThe digit is 9.\\nA", ("9", "7"))
    0
    """
    reply = without_thoughts(text)
    for part in dict.fromkeys((next((line for line in reversed(reply.splitlines()) if line.strip()), ""), reply)):
        place = parse_letter(part)
        if place is not None:
            return place if place < len(options) else None
        answer = read_answer(part, options).answer
        if answer in options:
            return options.index(answer)
    return None


def vote_probabilities(votes: Sequence[int | None], count: int) -> tuple[float, ...]:
    """The share of each of ``count`` options among the readable votes, smoothed by half a vote each."""
    readable = [vote for vote in votes if vote is not None]
    whole = len(readable) + SMOOTHING * count
    return tuple((readable.count(place) + SMOOTHING) / whole for place in range(count))
