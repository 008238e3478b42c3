"""Samples of evaluation programs' logs as rows {"id", "question", "options", "model_output", "target"}.

``options`` are those that the model was shown, which may be in another order than the sample's. A reply that the
program could not get, or that was cut off, is a broken row: it says nothing about the model. Of a reply in parts only
the text counts, not the thoughts.
"""

from collections.abc import Iterable
from typing import Any

from core.importers.containers.json_rows import Row

COLUMNS = ("id", "question", "options", "model_output", "target")
_UNREADABLE = "The log holds no sample here that can be read."
# inspect's reasons to stop that leave no whole reply of the model.
_STOPPED = {
    "max_tokens": "was cut off at the limit of tokens",
    "model_length": "was cut off at the model's longest text",
    "content_filter": "was held back by a content filter",
}


class _NoReplyError(Exception):
    """A sample of a log without a reply; ``str(error)`` says why."""


def inspect_rows(samples: Iterable[Any]) -> list[Row]:
    """The rows of inspect's samples."""
    return _rows(samples, _of_inspect)


def helm_rows(states: Iterable[Any]) -> list[Row]:
    """The rows of HELM's request states."""
    return _rows(states, _of_helm)


def _rows(samples: Iterable[Any], lay_out: Any) -> list[Row]:
    rows: list[Row] = []
    for line, sample in enumerate(samples, 1):
        try:
            value = lay_out(sample) if isinstance(sample, dict) else {}
            rows.append(Row(line=line, value=value) if value else Row(line=line, error=_UNREADABLE))
        except _NoReplyError as error:
            rows.append(Row(line=line, error=str(error)))
    return rows


def _of_inspect(sample: dict[str, Any]) -> dict[str, Any]:
    if sample.get("error"):
        said = str(_object(sample["error"]).get("message", "")).strip().splitlines() or ["no reason"]
        raise _NoReplyError(
            f"Sample {sample.get('id')} ended with an error ({said[0][:200]}): there is no reply to it."
        )
    output = _object(sample.get("output"))
    choices = _items(output.get("choices"))
    for choice in choices:
        if stopped := _STOPPED.get(str(_object(choice).get("stop_reason"))):
            raise _NoReplyError(f"The reply to sample {sample.get('id')} {stopped}: it is no whole reply.")
    replies = [text_of(each["message"].get("content")) for each in choices if _is_message(each)]
    asked = sample.get("input")
    if isinstance(asked, list):
        said = [text_of(each.get("content")) for each in asked if isinstance(each, dict) and each.get("role") == "user"]
        asked = said[-1] if said else ""
    reply = replies[0] if len(replies) == 1 else replies or output.get("completion")
    return {
        "id": sample.get("id"),
        "question": asked,
        "options": _items(sample.get("choices")),
        "model_output": reply or None,
        "target": sample.get("target"),
    }


def _is_message(choice: Any) -> bool:
    return isinstance(choice, dict) and isinstance(choice.get("message"), dict)


def _of_helm(state: dict[str, Any]) -> dict[str, Any]:
    instance = state.get("instance")
    if not isinstance(instance, dict):
        return {}
    if state.get("reference_index") is not None:
        raise _NoReplyError("HELM scored each option of it by itself (multiple_choice_separate): there is no reply.")
    result = _object(state.get("result"))
    completions = _items(result.get("completions"))
    if result.get("success") is False or (result.get("error") and not completions):
        raise _NoReplyError(
            f"The request for {instance.get('id')} failed ({str(result.get('error'))[:200]}): there is no reply."
        )
    replies = [str(each.get("text", "")) for each in completions if isinstance(each, dict)]
    asked = instance.get("input")
    right = [
        text_of(each.get("output"))
        for each in _items(instance.get("references"))
        if isinstance(each, dict) and "correct" in _items(each.get("tags"))
    ]
    question = text_of(asked) if isinstance(asked, dict | str) else ""
    return {
        "id": instance.get("id"),
        "question": question,
        "options": _object(state.get("output_mapping")),
        "model_output": replies or None,
        "target": right,
    }


def text_of(content: Any) -> str:
    """The text of a content: itself, that of an object, or that of its text parts."""
    if isinstance(content, dict):
        content = content.get("text")
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type", "text") == "text"]
        return "\n".join(str(part["text"]) for part in parts if isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
