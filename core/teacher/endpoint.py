"""The teacher behind an OpenAI-compatible endpoint: curves from the log-probabilities of one letter, or from votes.

What is asked and how a reply is read stands in ``core.teacher.letters``; how requests are sent, kept and counted in
``core.endpoints.client``. n + 1 requests a rationale, one after the other with a growing text, many rationales side by
side.
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
from core.teacher import phrase_of
from core.teacher.letters import Lettered, after_thinking, letter_shares, lettered, vote_shares, voted
from core.types import Curve, EndpointSettings, Prediction, Sample, Settings, Skipped

FEWEST_LISTED = 5  # what servers with a lower limit than OpenAI's 20 usually allow
TOKENS_A_WORD = 2
TOKENS_A_VOTE = 2048  # a teacher that thinks before it answers needs room; others end by themselves
PROBE = "Question: What is 1 plus 1? (A) 1 (B) 2 Step 1: 1 plus 1 equals 2. The answer is"

Row = tuple[tuple[float, ...], frozenset[int]]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class EndpointTeacher:
    """A model that answers chats. ``top`` is how many tokens it lists with their log-probabilities (0: it votes).

    Options are always told apart by their letters, whatever ``settings.candidates_as`` says; ``remark`` says what a
    person should know of how it judges ("": nothing). ``own`` are the project's own prompts.
    """

    name: str
    client: EndpointClient
    top: int
    remark: str
    own: Mapping[str, str]

    def curves(
        self, items: Iterable[tuple[Sample, Prediction]], settings: Settings
    ) -> Iterator[tuple[int, Curve | Skipped]]:
        """As ``Teacher.curves`` says: in the order of the items, some dozens of them at the same time."""
        work = (partial(self._curve, sample, prediction, settings) for sample, prediction in items)
        yield from enumerate(found for some in self.client.stream(work) for found in some)

    def complete(self, prompts: Sequence[str], max_words: int) -> list[str | Skipped]:
        """As ``Teacher.complete`` says; "" where the endpoint does not take a prompt."""
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
        return phrase_in(reply)

    def phrase_request(self, prompt: str, max_words: int) -> dict[str, Any]:
        """The very request by which ``complete`` asks how a prompt is carried on, for whoever sends it another way."""
        messages, room = self._asked(prompt, max_words)
        return chat_request(self.client.endpoint, messages, max_tokens=room)

    def _asked(self, prompt: str, max_words: int) -> tuple[Messages, int]:
        # One that gives no log-probabilities may be one that thinks first.
        room = max_words * TOKENS_A_WORD if self.top else TOKENS_A_VOTE
        return _messages(text_of("endpoint.phrase", self.own), prompt), room

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
            for asked in lettered(sample, prediction.steps, candidates, settings):
                rows.append([await self._row(text, asked, session) for text in asked.texts])
        except (RefusedError, FailedError) as error:
            return Skipped(reason=str(error), failed=isinstance(error, FailedError))
        merged = [_mean(both) for both in zip(*rows, strict=True)]
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

    async def _row(self, text: str, asked: Lettered, session: Session) -> Row:
        """The candidates' shares after one prefix, in the order of the candidates."""
        messages = _messages(text_of("endpoint.letter", self.own), text)
        count = len(asked.options)
        if self.top:
            reply = await session.ask(messages, max_tokens=1, top=self.top, listed=True)
            shares, bounded = letter_shares(reply.top, count)
        else:
            replies = await self._votes(messages, session)
            votes = [voted(reply, asked.options) for reply in replies]
            shares = vote_shares(votes, count)
            bounded = frozenset(range(count)) if all(vote is None for vote in votes) else frozenset()
        back = {place: letter for letter, place in enumerate(asked.order)}
        return tuple(shares[back[c]] for c in range(count)), frozenset(asked.order[letter] for letter in bounded)

    async def _votes(self, messages: Messages, session: Session) -> list[str]:
        """As many sampled replies as the settings say, in one request where the endpoint gives several at once."""
        wanted = self.client.settings.votes
        try:
            many = await session.ask(messages, max_tokens=TOKENS_A_VOTE, temperature=1.0, n=wanted)
            replies = list(many.texts)
        except RefusedError:
            replies = []
        for draw in range(len(replies), wanted):
            one = await session.ask(messages, max_tokens=TOKENS_A_VOTE, temperature=1.0, draw=draw)
            replies.append(one.texts[0])
        return replies[:wanted]


def phrase_in(reply: Reply) -> str:
    """What ``complete`` gives for a reply."""
    return phrase_of(after_thinking(reply.texts[0]))


def connect_teacher(
    endpoint: Endpoint, settings: EndpointSettings, replies: Replies, own: Mapping[str, str] = BUILT_IN
) -> EndpointTeacher:
    """The teacher at the endpoint, after one question that finds out whether and how many log-probabilities it lists.

    Others are asked only where it refuses the first or answers without a list. Raises UserError when the endpoint
    cannot be used.
    """
    client = connect(endpoint, settings, replies)
    ((top, listed),) = client.run([partial(_probed, settings, text_of("endpoint.letter", own))])
    remark = ""
    if not top:
        remark = (
            f"{endpoint.name} gives no log-probabilities: {settings.votes} sampled replies a step stand in for them, "
            "which is coarser."
        )
    elif listed < settings.top_logprobs:
        remark = f"{endpoint.name} lists {listed} tokens, not {settings.top_logprobs}: options beyond them are bounded."
    return EndpointTeacher(name=endpoint.name, client=client, top=top, remark=remark, own=own)


def votes_known(
    endpoint: Endpoint,
    settings: EndpointSettings,
    kept: Callable[[str], str | None],
    own: Mapping[str, str] = BUILT_IN,
) -> bool | None:
    """Whether the teacher votes, from the replies that are kept (as ``Replies.get``); None: it was not asked yet.

    Asks nothing, so it may be behind what the server gives now.
    """
    messages = _messages(text_of("endpoint.letter", own), PROBE)
    plain = False
    for asked in _probes(settings):
        reply = parse_kept_reply(kept(reply_key(endpoint, chat_request(endpoint, messages, **asked))))
        if reply is not None and "top" in asked:
            return not reply.top
        plain = plain or reply is not None
    return True if plain else None


def _probes(settings: EndpointSettings) -> list[dict[str, Any]]:
    """What is asked one after the other until something is answered: a list of tokens, a short one, a plain reply."""
    lists = dict.fromkeys((settings.top_logprobs, FEWEST_LISTED))
    return [*({"max_tokens": 1, "top": top} for top in lists), {"max_tokens": TOKENS_A_VOTE, "temperature": 1.0}]


async def _probed(settings: EndpointSettings, task: str, session: Session) -> tuple[int, int]:
    """How many log-probabilities can be asked for, and how many are listed then; (0, 0): none."""
    messages = _messages(task, PROBE)
    *lists, plain = _probes(settings)
    for asked in lists:
        try:
            # A second one where the first gives no list: votes cost many times as much, and one slip is not a server.
            reply = await session.ask(messages, **asked)
            reply = reply if reply.top else await session.ask(messages, **asked)
        except RefusedError:
            continue
        return (asked["top"], len(reply.top)) if reply.top else (0, 0)
    await session.ask(messages, **plain)
    return 0, 0


def _messages(task: str, text: str) -> Messages:
    """The task first: what never changes and what only grows at its end is what a prefix cache can keep."""
    return [{"role": "system", "content": task}, {"role": "user", "content": text}]


def _mean(rows: Sequence[Row]) -> Row:
    """The mean of the same row in each order; bounded where it is so in any."""
    shares = tuple(sum(values) / len(rows) for values in zip(*(row for row, _ in rows), strict=True))
    return shares, frozenset().union(*(bounded for _, bounded in rows))
