"""Read chat completions: the texts, whether each is whole, the tokens listed for the first one, and what was billed.

A text counts only where it is whole: not cut off, filtered, refused or empty. The flaw of every other text is kept with
it. ``content`` may be a text or a list of parts, of which only the text parts are the reply. An error with status 200,
which gateways send in place of a completion, is told apart.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

import httpx2
from openai import APIStatusError

from core.endpoints.errors import NoCompletionError
from core.endpoints.messages import request_texts
from core.endpoints.prices import estimate_tokens
from core.redaction import redact, remove_secrets

IsEnough = Callable[[str], bool]
"""Whether a text that was cut off holds all that was asked for."""
# What a text that is not whole lacks; every other flaw is a finish reason as the endpoint gave it.
CUT, CUT_IN_THOUGHT, ONLY_THOUGHT, FILTERED, REFUSED, TOOL_CALL, EMPTY = (
    "cut", "cut in thought", "only thought", "filtered", "refused", "tool call", "empty",
)  # fmt: skip
# Finish reasons, in lower case. "" is a server that gives none.
_WHOLE_REASONS = {
    "", "stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "end", "complete", "completed",
    "finished", "normal", "finish_reason_stop", "done",
}  # fmt: skip
_CUT_REASONS = {"length", "max_tokens", "max_output_tokens", "model_length", "max_length", "token_limit", "incomplete"}
_FILTER_REASONS = {
    "content_filter", "content_filtered", "content-filter", "safety", "recitation", "sensitive", "blocklist",
    "prohibited_content", "spii", "guardrail", "guardrails", "guardrail_intervened", "moderation",
}  # fmt: skip
_REFUSAL_REASONS = {"refusal", "refused"}
_CALL_REASONS = {"tool_calls", "function_call", "tool_use"}
_TEXT_PARTS = ("text", "output_text")
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")
_MAX_REASON_CHARS = 40
# The status of an error that names none, by a word in its code, type or message; the first that fits.
_STATUS_BY_WORD = (
    ("quota", 429), ("rate_limit", 429), ("ratelimit", 429), ("too many requests", 429), ("overloaded", 503),
    ("api_key", 401), ("authentication", 401), ("unauthorized", 401), ("permission", 403), ("not_found", 404),
    ("notfound", 404), ("not found", 404), ("does not exist", 404), ("context_length", 400), ("invalid", 400),
    ("bad_request", 400), ("badrequest", 400), ("unsupported", 400), ("content_filter", 400), ("content_policy", 400),
)  # fmt: skip
_UNKNOWN_STATUS = 500  # may pass, so that it is tried again


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
    """An error that came in place of a completion: its ``message`` and ``code`` in the endpoint's words."""

    def __init__(self, message: str, code: str, status: int) -> None:
        super().__init__("an error in place of a completion")
        self.message, self.code, self.status = message, code, status

    def as_status_error(self, url: str) -> APIStatusError:
        """The same error as if the endpoint had answered with its status."""
        response = httpx2.Response(self.status, request=httpx2.Request("POST", url))
        return APIStatusError("", response=response, body={"message": self.message, "code": self.code})


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
        body = json.loads(content)
        error = _find_error(body)
        if error is None:
            return _reply(body, request)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise NoCompletionError from None
    raise error


def _reply(body: Any, request: dict[str, Any]) -> tuple[Reply, int, int]:
    choices = body["choices"]
    if not choices and len(body) == 1:
        raise NoCompletionError
    # A completion without a choice is no reply: gateways send it where a filter holds the question or the reply back.
    found = [_text_and_flaw(choice) for choice in choices] or [("", FILTERED if _is_filtered(body) else EMPTY)]
    texts = tuple(text for text, _ in found)
    usage = body.get("usage") if isinstance(body.get("usage"), dict) else {}
    tokens_in = _counted(usage.get("prompt_tokens")) or estimate_tokens(*request_texts(request))
    tokens_out = _counted(usage.get("completion_tokens")) or estimate_tokens(*texts)
    safe = Reply(
        texts=tuple(map(remove_secrets, texts)),
        top=tuple((remove_secrets(token), value) for token, value in (_top(choices[0]) if choices else ())),
        flaws=tuple(flaw for _, flaw in found),
    )
    return safe, tokens_in, tokens_out


def _counted(value: Any) -> int:
    """A server's count of tokens, 0 where it gives none that can be one."""
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return 0


def _is_filtered(body: dict[str, Any]) -> bool:
    """Whether Azure's results of filtering the prompt say that it was held back."""
    return '"filtered": true' in json.dumps(body.get("prompt_filter_results"))


def _top(choice: dict[str, Any]) -> list[tuple[str, float]]:
    """The tokens listed for the first one. One without a log-probability (JSON has no minus infinity) is impossible; a
    list in which all are is none."""
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    first = content[0] if isinstance(content, list) and content else None
    listed = first.get("top_logprobs") if isinstance(first, dict) else None
    if not isinstance(listed, list):  # in a shape of the server's own, or none
        return []
    values = [-inf if each.get("logprob") is None else float(each["logprob"]) for each in listed]
    if any(isnan(value) for value in values):
        raise ValueError("a probability that is no number")
    if all(value == -inf for value in values):
        return []
    return [(str(each["token"]), value) for each, value in zip(listed, values, strict=True)]


def _text_and_flaw(choice: dict[str, Any]) -> tuple[str, str]:
    message = choice["message"] or {}
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    text = "".join(map(_part_text, parts))
    reason = str(choice.get("finish_reason") or "").strip().lower()
    thinks = any(message.get(name) for name in _THOUGHT_FIELDS) or any(_is_thought(part) for part in parts)
    refused = message.get("refusal") or any(isinstance(part, dict) and part.get("type") == "refusal" for part in parts)
    if refused or reason in _REFUSAL_REASONS:
        return text, REFUSED
    if reason in _FILTER_REASONS:
        return text, FILTERED
    if reason in _CUT_REASONS:
        return text, CUT if text.strip() or not thinks else CUT_IN_THOUGHT
    if not text.strip() and (reason in _CALL_REASONS or message.get("tool_calls")):
        return text, TOOL_CALL
    if reason not in _WHOLE_REASONS | _CALL_REASONS:
        return text, redact(reason)[:_MAX_REASON_CHARS]
    return text, "" if text.strip() else ONLY_THOUGHT if thinks else EMPTY


def _part_text(part: Any) -> str:
    """The text of a part of the content; "" for thoughts, images and whatever else is no text."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("type", "text") not in _TEXT_PARTS:
        return ""
    text = part.get("text")
    text = text.get("value") if isinstance(text, dict) else text
    return text if isinstance(text, str) else ""


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and str(part.get("type")) in ("thinking", "reasoning", "redacted_thinking")


def _find_error(body: Any) -> ErrorBodyError | None:
    """The error in an answer's body; None where there are choices and none of them failed."""
    if not isinstance(body, dict):
        return None
    choices = body.get("choices")
    if isinstance(choices, list) and choices:
        failed = [each["error"] for each in choices if isinstance(each, dict) and each.get("error")]
        return _read_error(failed[0], {}) if len(failed) == len(choices) else None
    for found in (body.get("error"), body.get("errors"), body.get("detail")):
        if found:
            return _read_error(found[0] if isinstance(found, list) else found, body)
    says = body.get("message") or body.get("msg") or body.get("error_message")
    return _read_error(body, {}) if isinstance(says, str) and says else None


def _read_error(found: Any, around: dict[str, Any]) -> ErrorBodyError:
    inner = found if isinstance(found, dict) else {"message": str(found)}
    message = next((str(inner[name]) for name in ("message", "msg", "error_message", "detail") if inner.get(name)), "")
    numbers = [each.get(name) for each in (inner, around) for name in ("code", "status", "status_code")]
    stated = next((int(str(each)) for each in numbers if str(each).isdigit() and 400 <= int(str(each)) < 600), None)
    words = " ".join(str(inner.get(name) or "") for name in ("code", "type", "message", "msg")).lower()
    guessed = next((status for word, status in _STATUS_BY_WORD if word in words), _UNKNOWN_STATUS)
    return ErrorBodyError(message or str(inner.get("type") or ""), str(inner.get("code") or ""), stated or guessed)
