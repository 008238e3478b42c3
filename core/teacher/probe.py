"""Find out what a teacher behind an endpoint lists: log-probabilities of letters, or nothing, so that it votes."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from core.endpoints.addresses import Endpoint
from core.endpoints.errors import FailedError, RefusedError
from core.endpoints.messages import Messages, chat_request, reply_key
from core.endpoints.replies import THOUGHT_FLAWS, Reply, parse_kept_reply
from core.endpoints.session import Session
from core.prompts.texts import BUILT_IN, text_of
from core.teacher.letters import letters_lost
from core.types import EndpointSettings

FALLBACK_TOP_LOGPROBS = 5  # the usual limit of servers that allow fewer than OpenAI's 20
MAX_VOTE_TOKENS = 2048  # room for a model that thinks first; others stop earlier
PROBE_QUESTION = "Question: What is 1 plus 1? (A) 1 (B) 2 Step 1: 1 plus 1 equals 2. The answer is"
PROBE_OPTIONS = 2
NOT_ABLE_STATUSES = (500, 501)
_NAMES_LOGPROBS = re.compile(r"It says: .*log[\s_-]?prob", re.IGNORECASE)


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
    messages = letter_messages(text_of("endpoint.letter", overrides), PROBE_QUESTION)
    plain = False
    for asked in _probe_requests(settings):
        reply = parse_kept_reply(kept(reply_key(endpoint, chat_request(endpoint, messages, **asked))))
        if reply is not None and "top" in asked:
            return not reply.top or bool(why_no_letters(reply, PROBE_OPTIONS))
        plain = plain or reply is not None
    return True if plain else None


def _probe_requests(settings: EndpointSettings) -> list[dict[str, Any]]:
    """The probes in order: a full list of tokens, a short list, a plain reply."""
    lists = dict.fromkeys((settings.top_logprobs, FALLBACK_TOP_LOGPROBS))
    return [*({"max_tokens": 1, "top": top} for top in lists), {"max_tokens": MAX_VOTE_TOKENS, "temperature": 1.0}]


async def probe_logprobs(settings: EndpointSettings, task: str, session: Session) -> tuple[int, int, str]:
    """How many log-probabilities can be requested, and how many are listed then; (0, 0) where votes stand in, with the
    reason where the listed ones are no distribution over the letters."""
    messages = letter_messages(task, PROBE_QUESTION)
    *lists, plain = _probe_requests(settings)
    for asked in lists:
        try:
            # Twice, because voting is much more expensive and a single reply may lack the list by accident.
            reply = await session.ask(messages, **asked)
            reply = reply if reply.top else await session.ask(messages, **asked)
        except RefusedError:
            continue
        except FailedError as error:
            if error.status in NOT_ABLE_STATUSES or _NAMES_LOGPROBS.search(str(error)):
                continue  # refused with the wrong status, unless the plain reply fails as well
            raise
        why = why_no_letters(reply, PROBE_OPTIONS)
        return (asked["top"], len(reply.top), "") if reply.top and not why else (0, 0, why)
    await session.ask(messages, **plain)
    return 0, 0, ""


def why_no_letters(reply: Reply, count: int) -> str:
    """Why the tokens listed with a reply are no distribution over letters (``letters_lost``)."""
    return letters_lost(reply.top, count, thinks=reply.flaw(0) in THOUGHT_FLAWS)


def letter_messages(task: str, text: str) -> Messages:
    """The task comes first: a constant start and text that only grows make the best use of a prefix cache."""
    return [{"role": "system", "content": task}, {"role": "user", "content": text}]
