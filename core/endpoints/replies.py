"""Read chat completions: the texts, whether each is whole, the tokens listed for the first one, and what was billed.

A text counts only where it is whole: not cut off, filtered, refused, empty or all thought. The flaw of every other text
is kept with it. The shapes of many servers are in ``core.endpoints.wire_format``.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
from openai import APIStatusError

from core.endpoints.errors import NoCompletionError
from core.endpoints.messages import request_texts
from core.endpoints.prices import estimate_tokens
from core.endpoints.wire_format.event_stream import read_body
from core.endpoints.wire_format.finish_reasons import Ending, read_ending
from core.endpoints.wire_format.listed_tokens import listed_tokens
from core.endpoints.wire_format.message_text import is_refusal, text_of_content, thoughts_of
from core.endpoints.wire_format.server_errors import ServerError, find_error
from core.endpoints.wire_format.usage import counted_tokens
from core.parsing.reply import without_thoughts
from core.redaction import redact, remove_secrets

IsEnough = Callable[[str], bool]
"""Whether a text that was cut off holds all that was asked for."""
# What a text that is not whole lacks; every other flaw is a finish reason as the endpoint gave it.
CUT, CUT_IN_THOUGHT, ONLY_THOUGHT, FILTERED, REFUSED, TOOL_CALL, EMPTY = (
    "cut", "cut in thought", "only thought", "filtered", "refused", "tool call", "empty",
)  # fmt: skip
THOUGHT_FLAWS = (CUT_IN_THOUGHT, ONLY_THOUGHT)
_MAX_REASON_CHARS = 40


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A reply: one text for each choice, and the (token, log-probability) pairs listed for the first token.

    ``flaws`` say for each text why it is not whole, "" where it is; without them every text that is not empty counts.
    """

    texts: tuple[str, ...]
    top: tuple[tuple[str, float], ...] = ()
    flaws: tuple[str, ...] = ()

    def flaw(self, place: int) -> str:
        """The flaw of a text, "" where it is whole."""
        return self.flaws[place] if self.flaws else "" if self.texts[place].strip() else EMPTY

    def whole(self, is_enough: IsEnough | None = None) -> list[str]:
        """The texts that count: the whole ones, and those that were cut off behind what was asked for."""
        return [
            text
            for place, text in enumerate(self.texts)
            if not self.flaw(place) or (self.flaw(place) == CUT and is_enough is not None and is_enough(text))
        ]


class ErrorBodyError(Exception):
    """An error that came in place of a completion, in the endpoint's words."""

    def __init__(self, error: ServerError) -> None:
        super().__init__("an error in place of a completion")
        self.error = error

    def as_status_error(self, url: str) -> APIStatusError:
        """The same error as if the endpoint had answered with its status."""
        error = self.error
        response = httpx2.Response(error.status, request=httpx2.Request("POST", url))
        body = {"message": error.message, "code": error.code, "type": error.kind, "param": error.field}
        return APIStatusError("", response=response, body=body)


def parse_kept_reply(text: str | None) -> Reply | None:
    """A reply from its stored form; None for None. Replies stored by older versions have no flaws."""
    if text is None:
        return None
    kept = json.loads(text)
    top = tuple((token, value) for token, value in kept["top"])
    return Reply(texts=tuple(kept["texts"]), top=top, flaws=tuple(kept.get("flaws", ())))


def read_reply(content: bytes, request: dict[str, Any]) -> tuple[Reply, int, int]:
    """The reply and its tokens in and out; estimated at four characters a token where the server does not count.

    Removes secrets, because a server may echo the key. Raises ErrorBodyError when it is an error in place of a
    completion, NoCompletionError when it is neither.
    """
    try:
        body = read_body(content)
        error = find_error(body)
        if error is None:
            return _reply(body, request)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise NoCompletionError from None
    raise ErrorBodyError(error)


def _reply(body: Any, request: dict[str, Any]) -> tuple[Reply, int, int]:
    # A completion without a choice is no reply: gateways send it where a filter holds the question or the reply back.
    choices = body["choices"] or [{"finish_reason": _why_no_choice(body)}]
    messages = [_message(choice) for choice in choices]
    texts = tuple(text_of_content(message.get("content")) for message in messages)
    thoughts = tuple(map(thoughts_of, messages))
    tokens_in, tokens_out = counted_tokens(body)
    longest = _longest(request) * len(choices)
    # Without a reason, a reply that took all the tokens it might have was cut off.
    unstated: Ending = "cut" if 0 < longest <= tokens_out else "whole"
    flaws = tuple(
        _flaw(choice, message, text, unstated) for choice, message, text in zip(choices, messages, texts, strict=True)
    )
    if not tokens_out:
        cut = any(flaw in (CUT, CUT_IN_THOUGHT) for flaw in flaws)
        tokens_out = max(estimate_tokens(*filter(None, (*texts, *thoughts))), longest if cut else 0)
    safe = Reply(
        texts=tuple(map(remove_secrets, texts)),
        top=tuple((remove_secrets(token), value) for token, value in listed_tokens(choices[0])),
        flaws=flaws,
    )
    return safe, tokens_in or estimate_tokens(*request_texts(request)), tokens_out


def _why_no_choice(body: dict[str, Any]) -> str:
    """The reason to read for a completion without a choice. Raises NoCompletionError where nothing else is there."""
    if len(body) == 1:
        raise NoCompletionError
    # Azure's results of filtering the prompt.
    return "content_filter" if '"filtered": true' in json.dumps(body.get("prompt_filter_results")) else "stop"


def _message(choice: dict[str, Any]) -> dict[str, Any]:
    """The message of a choice, also where it has the older completions' text, or only a reason why there is none."""
    message = choice.get("message")
    if isinstance(message, dict):
        return message
    if not choice.get("finish_reason") and "text" not in choice and "message" not in choice:
        raise ValueError("a choice without a message")
    return {"content": choice.get("text")}


def _longest(request: dict[str, Any]) -> int:
    """The most tokens that one reply may have, 0 where the request does not say."""
    return int(request.get("max_tokens") or request.get("max_completion_tokens") or 0)


def _flaw(choice: dict[str, Any], message: dict[str, Any], text: str, unstated: Ending) -> str:
    """Why a text is not whole; ``unstated`` is how it ended where the server does not say."""
    reason = choice.get("finish_reason")
    ending = read_ending(reason) or unstated
    said = without_thoughts(text)
    thinks, is_empty = said != text or bool(thoughts_of(message)), not said.strip()
    if is_refusal(message) or ending == "refused":
        return REFUSED
    if ending == "filtered":
        return FILTERED
    if ending == "cut":
        return CUT_IN_THOUGHT if is_empty and thinks else CUT
    if is_empty and (ending == "tool call" or message.get("tool_calls")):
        return TOOL_CALL
    if ending == "other":
        return redact(str(reason).strip().lower())[:_MAX_REASON_CHARS]
    return "" if not is_empty else ONLY_THOUGHT if thinks else EMPTY
