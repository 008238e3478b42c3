"""The teacher behind an OpenAI-compatible endpoint: curves from the log-probabilities of one letter, or from votes.

Questions and the reading of replies are in ``core.teacher.letters``; requests are sent, cached and metered by
``core.endpoints.client``. A rationale of n steps takes n + 1 requests one after the other, with growing text; many
rationales run concurrently.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.answer_switch import candidates_of
from core.endpoints.addresses import Endpoint
from core.endpoints.client import EndpointClient, Replies, Session, connect
from core.endpoints.errors import FailedError, RefusedError
from core.endpoints.messages import Messages, Reply, chat_request, parse_kept_reply, reply_key
from core.prompts import LETTERS
from core.prompts.texts import BUILT_IN, text_of
from core.teacher import first_phrase
from core.teacher.letters import (
    LetterQuestions,
    letter_probabilities,
    letter_questions,
    parse_vote,
    strip_thinking,
    vote_probabilities,
)
from core.types import Curve, EndpointSettings, Prediction, Sample, Settings, Skipped

FALLBACK_TOP_LOGPROBS = 5  # the usual limit of servers that allow fewer than OpenAI's 20
TOKENS_PER_WORD = 2
MAX_VOTE_TOKENS = 2048  # room for a model that thinks first; others stop earlier
PROBE_QUESTION = "Question: What is 1 plus 1? (A) 1 (B) 2 Step 1: 1 plus 1 equals 2. The answer is"

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
        """See ``Teacher.complete``; "" where the endpoint refuses a prompt."""
        return self.client.run([partial(self._phrase, prompt, max_words) for prompt in prompts])

    async def _phrase(self, prompt: str, max_words: int, session: Session) -> str | Skipped:
        try:
            messages, room = self._asked(prompt, max_words)
            reply = await session.ask(messages, max_tokens=room)
        except RefusedError as error:
            logger.warning("a prompt is not carried on: %s", error)
            return ""
        except FailedError as error:
            return Skipped(reason=str(error), failed=True)
        return reply_phrase(reply)

    def phrase_request(self, prompt: str, max_words: int) -> dict[str, Any]:
        """The request that ``complete`` sends for a prompt, to be sent through the Batch API instead."""
        messages, room = self._asked(prompt, max_words)
        return chat_request(self.client.endpoint, messages, max_tokens=room)

    def _asked(self, prompt: str, max_words: int) -> tuple[Messages, int]:
        # A model without log-probabilities may be one that thinks first.
        room = max_words * TOKENS_PER_WORD if self.top else MAX_VOTE_TOKENS
        return _messages(text_of("endpoint.phrase", self.overrides), prompt), room

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
        rows: list[list[Row]] = []
        try:
            for asked in letter_questions(sample, prediction.steps, candidates, settings):
                rows.append([await self._row(text, asked, session) for text in asked.texts])
        except (RefusedError, FailedError) as error:
            return Skipped(reason=str(error), failed=isinstance(error, FailedError))
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
            votes=0 if self.top else self.client.settings.votes,
            bounded=tuple((k, c) for k, (_, bounded) in enumerate(merged) for c in sorted(bounded)),
        )

    async def _row(self, text: str, asked: LetterQuestions, session: Session) -> Row:
        """Probabilities after one prefix, in the order of the candidates, and which of them are bounded."""
        messages = _messages(text_of("endpoint.letter", self.overrides), text)
        count = len(asked.options)
        if self.top:
            reply = await session.ask(messages, max_tokens=1, top=self.top, listed=True)
            shares, bounded = letter_probabilities(reply.top, count)
        else:
            replies = await self._votes(messages, session)
            votes = [parse_vote(reply, asked.options) for reply in replies]
            shares = vote_probabilities(votes, count)
            bounded = frozenset(range(count)) if all(vote is None for vote in votes) else frozenset()
        back = {place: letter for letter, place in enumerate(asked.order)}
        return tuple(shares[back[c]] for c in range(count)), frozenset(asked.order[letter] for letter in bounded)

    async def _votes(self, messages: Messages, session: Session) -> list[str]:
        """As many sampled replies as the settings say, in one request where the endpoint supports it."""
        wanted = self.client.settings.votes
        try:
            many = await session.ask(messages, max_tokens=MAX_VOTE_TOKENS, temperature=1.0, n=wanted)
            replies = list(many.texts)
        except RefusedError:
            replies = []
        for draw in range(len(replies), wanted):
            one = await session.ask(messages, max_tokens=MAX_VOTE_TOKENS, temperature=1.0, draw=draw)
            replies.append(one.texts[0])
        return replies[:wanted]


def reply_phrase(reply: Reply) -> str:
    """The phrase in a reply, as ``complete`` returns it."""
    return first_phrase(strip_thinking(reply.texts[0]))


def connect_teacher(
    endpoint: Endpoint, settings: EndpointSettings, replies: Replies, overrides: Mapping[str, str] = BUILT_IN
) -> EndpointTeacher:
    """The teacher at the endpoint, after a probe of whether and how many log-probabilities it lists.

    Further probes are sent only when the first is refused or answered without a list. Raises UserError when the
    endpoint cannot be used.
    """
    client = connect(endpoint, settings, replies)
    ((top, listed),) = client.run([partial(_probe_logprobs, settings, text_of("endpoint.letter", overrides))])
    remark = ""
    if not top:
        remark = (
            f"{endpoint.name} gives no log-probabilities: {settings.votes} sampled replies a step stand in for them, "
            "which is coarser."
        )
    elif listed < settings.top_logprobs:
        remark = f"{endpoint.name} lists {listed} tokens, not {settings.top_logprobs}: options beyond them are bounded."
    return EndpointTeacher(name=endpoint.name, client=client, top=top, remark=remark, overrides=overrides)


def known_to_vote(
    endpoint: Endpoint,
    settings: EndpointSettings,
    kept: Callable[[str], str | None],
    overrides: Mapping[str, str] = BUILT_IN,
) -> bool | None:
    """Whether the teacher votes, judged from cached replies (``kept`` is ``Replies.get``); None when it was never
    probed.

    Sends nothing, so it may be outdated.
    """
    messages = _messages(text_of("endpoint.letter", overrides), PROBE_QUESTION)
    plain = False
    for asked in _probe_requests(settings):
        reply = parse_kept_reply(kept(reply_key(endpoint, chat_request(endpoint, messages, **asked))))
        if reply is not None and "top" in asked:
            return not reply.top
        plain = plain or reply is not None
    return True if plain else None


def _probe_requests(settings: EndpointSettings) -> list[dict[str, Any]]:
    """The probes in order: a full list of tokens, a short list, a plain reply."""
    lists = dict.fromkeys((settings.top_logprobs, FALLBACK_TOP_LOGPROBS))
    return [*({"max_tokens": 1, "top": top} for top in lists), {"max_tokens": MAX_VOTE_TOKENS, "temperature": 1.0}]


async def _probe_logprobs(settings: EndpointSettings, task: str, session: Session) -> tuple[int, int]:
    """How many log-probabilities can be requested, and how many are listed then; (0, 0) for none."""
    messages = _messages(task, PROBE_QUESTION)
    *lists, plain = _probe_requests(settings)
    for asked in lists:
        try:
            # Twice, because voting is much more expensive and a single reply may lack the list by accident.
            reply = await session.ask(messages, **asked)
            reply = reply if reply.top else await session.ask(messages, **asked)
        except RefusedError:
            continue
        return (asked["top"], len(reply.top)) if reply.top else (0, 0)
    await session.ask(messages, **plain)
    return 0, 0


def _messages(task: str, text: str) -> Messages:
    """The task comes first: a constant start and text that only grows make the best use of a prefix cache."""
    return [{"role": "system", "content": task}, {"role": "user", "content": text}]


def _mean_row(rows: Sequence[Row]) -> Row:
    """The mean of the same row over the orders; bounded where it is bounded in any."""
    shares = tuple(sum(values) / len(rows) for values in zip(*(row for row, _ in rows), strict=True))
    return shares, frozenset().union(*(bounded for _, bounded in rows))
