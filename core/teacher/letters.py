"""A rationale as questions that one letter answers, and the letters' probabilities from what an endpoint lists.

The counterpart of the packed forward for endpoints, where only one token's log-probabilities can be read. Pure text and
arithmetic: sends nothing.

With listed tokens t of probabilities p(t), smallest m, and R = 1 − Σ p(t) the mass that is not listed:

- a candidate c is listed when one of its spellings is ("B", " B", "(B", "(B)", "B."), and then
  q(c) = Σ p(t) over its spellings;
- a candidate that is not listed is bounded: no token outside the list is likelier than m, and all of them together have
  R, so q(c) = min(m, R) is the most that its letter can have. The ratio of q(c) to any listed candidate's is an upper
  bound too. Spellings of a letter beside its likeliest one that are not listed either are left out on both sides;
- the curve's row is q / Σ q. Where nothing can be told apart (every q is 0), it is even and all of it is bounded.

With v sampled replies instead, u of them readable and x(c) naming c, the row is (x(c) + ½) / (u + ½·C) for C candidates
(Krichevsky and Trofimov 1981): no count of votes makes a candidate impossible.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.parsing.answer import read_answer
from core.prompts import LETTERS, answer_cue, teacher_header, teacher_step
from core.types import Sample, Settings

# Capitals only: " a" begins "a triangle" far more often than it names an option. "▁" and "Ġ" are a tokenizer's spaces.
_LETTER = re.compile(r"""[\s▁Ġ]*[(\[*"'`]*([A-Z])[)\]*"'`.:,]*[\s▁Ġ]*""")
# Around what a model says to itself, where its server leaves that in the reply.
_THOUGHT = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
SMOOTHING = 0.5


@dataclass(frozen=True, kw_only=True)
class Lettered:
    """One order of the candidates and what is asked in it: ``order[i]`` is the candidate behind letter i.

    ``options`` are the candidates' texts in that order; ``texts`` are the questions after 0, 1, … n steps, each the one
    before with something added, so that a server's prefix cache serves all but the end.
    """

    order: tuple[int, ...]
    options: tuple[str, ...]
    texts: tuple[str, ...]


def lettered(
    sample: Sample, steps: tuple[str, ...], candidates: tuple[str, ...], settings: Settings
) -> Iterator[Lettered]:
    """The questions for a rationale, n + 1 in each order.

    Options keep the sample's order, with an answer outside them behind. A free-form question has none of its own: truth
    and prediction are then asked for in both orders, whose mean leaves no letter at an advantage.
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
        yield Lettered(order=order, options=options, texts=tuple(texts))


def letter_of(token: str) -> int | None:
    """The place of the letter that a token spells; None where it spells none.

    >>> letter_of(" (B"), letter_of("b"), letter_of("Because")
    (1, None, None)
    """
    found = _LETTER.fullmatch(token)
    return LETTERS.index(found[1]) if found else None


def letter_shares(top: Sequence[tuple[str, float]], count: int) -> tuple[tuple[float, ...], frozenset[int]]:
    """The probabilities of the first ``count`` letters among themselves, and which of them are bounded (see above)."""
    listed = [math.exp(min(value, 0.0)) for _, value in top]
    found: dict[int, float] = {}
    for (token, _), share in zip(top, listed, strict=True):
        place = letter_of(token)
        if place is not None and place < count:
            found[place] = found.get(place, 0.0) + share
    most = min(min(listed, default=0.0), max(0.0, 1.0 - sum(listed)))
    shares = [found.get(place, most) for place in range(count)]
    total = sum(shares)
    if total <= 0:
        return (1 / count,) * count, frozenset(range(count))
    return tuple(share / total for share in shares), frozenset(range(count)) - found.keys()


def voted(text: str, options: tuple[str, ...]) -> int | None:
    """The option that a sampled reply names, by its letter or in words; None where it names none of them.

    Its last line counts, since a teacher that thinks ends with what it decided; the whole of it where that names none.

    >>> voted("<think>9 is A, or is it B?</think>\\nThe digit is 9.\\nA", ("9", "7"))
    0
    """
    said = after_thinking(text)
    for part in dict.fromkeys((next((line for line in reversed(said.splitlines()) if line.strip()), ""), said)):
        place = letter_of(part)
        if place is not None:
            return place if place < len(options) else None
        answer = read_answer(part, options).answer
        if answer in options:
            return options.index(answer)
    return None


def after_thinking(text: str) -> str:
    """What a reply says once its thinking is over; "" where that does not end within it."""
    marks = list(_THOUGHT.finditer(text))
    if not marks:
        return text
    return text[marks[-1].end() :] if marks[-1][1] else ""


def vote_shares(votes: Sequence[int | None], count: int) -> tuple[float, ...]:
    """The share of each of ``count`` options among the readable votes, smoothed by half a vote each."""
    readable = [vote for vote in votes if vote is not None]
    whole = len(readable) + SMOOTHING * count
    return tuple((readable.count(place) + SMOOTHING) / whole for place in range(count))
