"""A completion that comes as a stream of events although none was asked for, put together into one body."""

import json
from typing import Any

_JOINED = ("content", "refusal", "reasoning_content", "reasoning", "thinking")
BROKEN_OFF = "stream broken off"


def read_body(content: bytes) -> Any:
    """The JSON of an answer, put together where it is a stream. Raises ValueError when it is neither."""
    if not content.lstrip().startswith((b"data:", b"event:", b": ", b"id:")):
        return json.loads(content)
    lines = (line.removeprefix(b"data:").strip() for line in content.splitlines() if line.startswith(b"data:"))
    sent = [line for line in lines if line]
    events = [json.loads(line) for line in sent if line != b"[DONE]"]
    if not events:
        raise ValueError("a stream of nothing")
    return _joined(events, ended=b"[DONE]" in sent)


def _joined(events: list[Any], *, ended: bool) -> Any:
    body: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        if not isinstance(event, dict) or event.get("error"):
            return event
        body |= {name: value for name, value in event.items() if value is not None}
        for change in event.get("choices") or []:
            place = change.get("index") or 0
            _add(choices.setdefault(place, {"message": {}, "finish_reason": None}), change)
    for choice in choices.values():
        if not choice["finish_reason"] and not ended:
            choice["finish_reason"] = BROKEN_OFF
    return body | {"choices": [choices[place] for place in sorted(choices)]} if choices else body


def _add(choice: dict[str, Any], change: dict[str, Any]) -> None:
    """Add what one event brings to a choice."""
    delta, message = change.get("delta") or change.get("message") or {}, choice["message"]
    for name in _JOINED:
        if delta.get(name):
            message[name] = message[name] + delta[name] if name in message else delta[name]
    choice["finish_reason"] = change.get("finish_reason") or choice["finish_reason"]
    if change.get("logprobs") and "logprobs" not in choice:
        choice["logprobs"] = change["logprobs"]
