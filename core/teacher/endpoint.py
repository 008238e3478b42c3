"""The teacher behind an OpenAI-compatible endpoint: curves from the log-probabilities of one letter, or from votes.

Questions and the reading of replies are in ``core.teacher.letters``; requests are sent, cached and metered by
``core.endpoints.client``. A rationale of n steps takes n + 1 requests one after the other, with growing text; many
rationales run concurrently.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.answer_switch import candidates_of
from core.endpoints.addresses import Endpoint
from core.endpoints.client import EndpointClient, connect
from core.endpoints.errors import ANSWERED, FailedError, IncompleteError, RefusedError
from core.endpoints.messages import Messages, chat_request
from core.endpoints.replies import CUT, CUT_IN_THOUGHT, EMPTY, Reply
from core.endpoints.session import Replies, Session
from core.errors import UserError
from core.phrases.replies import is_whole_phrase, phrase_of_reply
from core.prompts import LETTERS
from core.prompts.texts import BUILT_IN, text_of
from core.teacher.letters import (
    LetterQuestions,
    letter_probabilities,
    letter_questions,
    parse_vote,
    vote_probabilities,
)
from core.teacher.probe import MAX_VOTE_TOKENS, letter_messages, probe_logprobs, why_no_letters
from core.types import Curve, EndpointSettings, Prediction, Sample, Settings, Skipped

TOKENS_PER_WORD = 2

Row = tuple[tuple[float, ...], frozenset[int]]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class EndpointTeacher:
    """A chat model. ``top`` is how many tokens it lists with log-probabilities (0: it votes).

    Options are always identified by letter, whatever ``settings.candidates_as`` says. ``overrides`` are the project's
    own prompts.
    """

    name: str
    client: EndpointClient
    top: int
    remark: str
    overrides: Mapping[str, str]

    def curves(
        self, items: Iterable[tuple[Sample, Prediction]], settings: Settings
    ) -> Iterator[tuple[int, Curve | Skipped]]:
        """See ``Teacher.curves``: in the order of the items, a few dozen at a time."""
        work = (partial(self._curve, sample, prediction, settings) for sample, prediction in items)
        yield from enumerate(found for some in self.client.stream(work) for found in some)

    def complete(self, prompts: Sequence[str], max_words: int) -> list[str | Skipped]:
        """See ``Teacher.complete``."""
        return self.client.run([partial(self._phrase, prompt, max_words) for prompt in prompts])

    async def _phrase(self, prompt: str, max_words: int, session: Session) -> str | Skipped:
        messages, room = self._asked(prompt, max_words)
        for tokens in dict.fromkeys((room, MAX_VOTE_TOKENS)):  # more room where the reply was cut off or all thought
            try:
                reply = await session.ask(
                    messages, max_tokens=tokens, is_enough=partial(is_whole_phrase, max_words=max_words)
                )
            except (RefusedError, FailedError) as error:
                why: UserError = error
                if isinstance(error, IncompleteError) and error.flaw in (CUT, CUT_IN_THOUGHT):
                    continue
                break
            return reply_phrase(reply)
        return _skipped(why)

    def phrase_request(self, prompt: str, max_words: int) -> dict[str, Any]:
        """The request that ``complete`` sends for a prompt, to be sent through the Batch API instead."""
        messages, room = self._asked(prompt, max_words)
        return chat_request(self.client.endpoint, messages, max_tokens=room)

    def _asked(self, prompt: str, max_words: int) -> tuple[Messages, int]:
        # A model without log-probabilities may be one that thinks first.
        room = max_words * TOKENS_PER_WORD if self.top else MAX_VOTE_TOKENS
        return letter_messages(text_of("endpoint.phrase", self.overrides), prompt), room

    async def _curve(
        self, sample: Sample, prediction: Prediction, settings: Settings, session: Session
    ) -> Curve | Skipped:
        if prediction.answer is None:
            raise ValueError(f"sample {sample.source_id}: an answer that could not be read has no curve")
        candidates, truth, predicted = candidates_of(sample, prediction.answer)
        if len(candidates) > len(LETTERS):
            return Skipped(
                reason=f"The question has {len(candidates)} options and one letter tells {len(LETTERS)} apart: choose "
                "a teacher on this machine for it."
            )
        asked = list(letter_questions(sample, prediction.steps, candidates, settings))
        try:
            rows = await self._letter_rows(asked, session) if self.top else []
            votes = 0 if rows else self.client.settings.votes
            rows = rows or [[await self._vote_row(text, each, session) for text in each.texts] for each in asked]
        except (RefusedError, FailedError) as error:
            return _skipped(error)
        merged = [_mean_row(both) for both in zip(*rows, strict=True)]
        if all(len(bounded) == len(candidates) for _, bounded in merged):
            return Skipped(
                reason=f"{self.name} names no option, neither by letter nor in words: choose a teacher that follows "
                "instructions."
            )
        return Curve(
            candidates=candidates,
            truth=truth,
            predicted=predicted,
            probabilities=tuple(shares for shares, _ in merged),
            votes=votes,
            bounded=tuple((k, c) for k, (_, bounded) in enumerate(merged) for c in sorted(bounded)),
        )

    async def _letter_rows(self, questions: Sequence[LetterQuestions], session: Session) -> list[list[Row]]:
        """The rows of each order from the listed tokens; [] where they are no distribution over the letters."""
        rows: list[list[Row]] = []
        for asked in questions:
            count = len(asked.options)
            rows.append([])
            for text in asked.texts:
                reply = await session.ask(self._question(text), max_tokens=1, top=self.top, listed=True)
                if lost := why_no_letters(reply, count):
                    logger.warning("%s %s: a case is asked by votes", self.name, lost)
                    return []
                rows[-1].append(_by_candidate(asked, *letter_probabilities(reply.top, count)))
        all_bounded = all(len(bounded) == len(row) for order in rows for row, bounded in order)
        return [] if all_bounded else rows

    async def _vote_row(self, text: str, asked: LetterQuestions, session: Session) -> Row:
        """Probabilities after one prefix from sampled replies, all bounded where none of them can be read."""
        count = len(asked.options)
        votes = [parse_vote(reply, asked.options) for reply in await self._votes(self._question(text), session)]
        bounded = frozenset(range(count)) if all(vote is None for vote in votes) else frozenset()
        return _by_candidate(asked, vote_probabilities(votes, count), bounded)

    def _question(self, text: str) -> Messages:
        return letter_messages(text_of("endpoint.letter", self.overrides), text)

    async def _votes(self, messages: Messages, session: Session) -> list[str]:
        """Sampled replies, as many as the settings say or fewer where some are not whole; in one request where the
        endpoint supports it. Raises IncompleteError where none is whole."""
        wanted = self.client.settings.votes
        ask = partial(session.ask, messages, max_tokens=MAX_VOTE_TOKENS, temperature=1.0)
        is_kept = partial(session.kept, messages, max_tokens=MAX_VOTE_TOKENS, temperature=1.0)
        texts, drawn, refused = list[str](), 0, False
        if is_kept(n=wanted) or not (session.quirks.one_reply or is_kept()):
            try:
                many = await ask(n=wanted)
                texts, drawn = many.whole(), len(many.texts)
            except (RefusedError, FailedError) as error:
                if isinstance(error, FailedError) and not _may_be_of_several(error):
                    raise
                refused = True
        for draw in range(drawn, wanted):
            try:
                texts += (await ask(draw=draw)).whole()
            except IncompleteError:
                if not texts and draw == wanted - 1:
                    raise
            else:
                session.quirks.one_reply = session.quirks.one_reply or refused
        return texts[:wanted]


def _may_be_of_several(error: FailedError) -> bool:
    """Whether a request for several replies may have failed for being one: by a status, or with nothing in its
    answer."""
    if isinstance(error, IncompleteError):
        return error.flaw == EMPTY
    return error.status >= 500 or error.status == ANSWERED


def reply_phrase(reply: Reply) -> str:
    """The phrase in a reply, as ``complete`` returns it."""
    return phrase_of_reply(reply.texts[0])


def _skipped(error: UserError) -> Skipped:
    """Why a case is left open, with a way on where its reply was too long."""
    way = ""
    if isinstance(error, IncompleteError) and error.flaw in (CUT, CUT_IN_THOUGHT):
        way = f" {MAX_VOTE_TOKENS:,} tokens are allowed: serve it with its thinking off or limited."
    return Skipped(reason=f"{error}{way}", failed=isinstance(error, FailedError))


def _by_candidate(asked: LetterQuestions, shares: Sequence[float], bounded: frozenset[int]) -> Row:
    """A row by letter in the order of the candidates."""
    back = {place: letter for letter, place in enumerate(asked.order)}
    row = tuple(shares[back[c]] for c in range(len(asked.options)))
    return row, frozenset(asked.order[letter] for letter in bounded)


def connect_teacher(
    endpoint: Endpoint, settings: EndpointSettings, replies: Replies, overrides: Mapping[str, str] = BUILT_IN
) -> EndpointTeacher:
    """The teacher at the endpoint, after a probe of whether and how many log-probabilities it lists.

    Further probes are sent only when the first is refused or answered without a list. Raises UserError when the
    endpoint cannot be used.
    """
    client = connect(endpoint, settings, replies)
    ((top, listed, why),) = client.run([partial(probe_logprobs, settings, text_of("endpoint.letter", overrides))])
    remark = ""
    if not top:
        said = f"{why}: {settings.votes} sampled replies a step stand in for log-probabilities"
        plain = f"gives no log-probabilities: {settings.votes} sampled replies a step stand in for them"
        remark = f"{endpoint.name} {said if why else plain}, which is coarser."
    elif listed < settings.top_logprobs:
        remark = f"{endpoint.name} lists {listed} tokens, not {settings.top_logprobs}: options beyond them are bounded."
    return EndpointTeacher(name=endpoint.name, client=client, top=top, remark=remark, overrides=overrides)


def _mean_row(rows: Sequence[Row]) -> Row:
    """The mean of the same row over the orders; bounded where it is bounded in any."""
    shares = tuple(sum(values) / len(rows) for values in zip(*(row for row, _ in rows), strict=True))
    return shares, frozenset().union(*(bounded for _, bounded in rows))
