"""The text of a model's reply inside the wrappers that evaluation programs put around it.

lm-evaluation-harness keeps a reply as [["text"]], lmms-eval as ["text"]; in a CSV either is the text of such a list.
The rows' ``doc``, which holds the evaluated sample, is laid open as columns "doc.id", "doc.question", ….
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.cell_lists import list_in_text
from core.importers.prediction_files.log_rows import text_of
from core.importers.results import RowError

_INVALID = "[invalid]"  # lm-evaluation-harness: its filter found no answer
# What VLMEvalKit, lmms-eval, FastChat and programs that write down openai's exceptions put in place of a reply.
_FAILED = re.compile(
    r"Failed to obtain answer(?: via API)?\.?|\[LMMS_EVAL_REQUEST_FAILED\b.*|\$ERROR\$?(?!\w).*"
    r"|Error code: \d{3} - .*|API Error\b.*",
    re.DOTALL,
)
_NOTHING = ("None", "null")
_DOC = "doc"


def reply_text(value: Any, field: str) -> Any:
    """The one text in nested lists, None where a program found none; anything but a list unchanged.

    Raises RowError where a list holds several replies, or log-likelihoods in place of a reply.
    """
    value = completion_text(value, field)
    if isinstance(value, str):
        held = _innermost(_listed(value))
        return None if _is_invalid(held) else held if isinstance(held, str) else value
    held = _innermost(value)
    if isinstance(held, list):
        found = _flat(held)
        if any(isinstance(each, float) for each in found):
            raise RowError(field, f"“{field}” holds log-likelihoods of the options: there is no reply to read.")
        if found:
            raise RowError(field, f"“{field}” holds {len(held)} replies: a prediction is one of them, so keep one.")
        raise RowError(field, f"“{field}” holds an empty list: there is no reply in it.")
    return None if _is_invalid(held) else held


def refuse_failure(text: str, options: Sequence[str]) -> None:
    """Raises RowError where a text is what a program wrote because it got no reply; "None" may be an option."""
    if _FAILED.fullmatch(text.strip()) or (options and text.strip() in _NOTHING and text.strip() not in options):
        shown = text.strip().splitlines()[0][:80]
        raise RowError(
            "rationale",
            f"“{shown}” is what a program writes where it got no reply: ask the model again, or leave it out.",
        )


def completion_text(value: Any, field: str) -> Any:
    """The text of a chat completion, as a file of OpenAI's Batch API holds it; anything else unchanged.

    Raises RowError where it failed or is not whole.
    """
    if not isinstance(value, dict):
        return value
    body = value.get("body", value)
    error = (body.get("error") if isinstance(body, dict) else None) or value.get("error")
    if error:
        said = error.get("message", error) if isinstance(error, dict) else error
        raise RowError(field, f"The request failed ({str(said)[:200]}): there is no reply.")
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        return value
    if (reason := choices[0].get("finish_reason")) in ("length", "content_filter"):
        raise RowError(field, f"The reply ended with “{reason}”: it is no whole reply.")
    message = choices[0].get("message")
    return text_of(message.get("content")) or None if isinstance(message, dict) else value


def _is_invalid(value: Any) -> bool:
    return isinstance(value, str) and value.strip() == _INVALID


def _listed(text: str) -> Any:
    """The list that a text writes down, else the text."""
    try:
        return list_in_text(text)
    except RowError:
        return text


def with_doc(value: Any) -> Any:
    """A row with the plain fields of its ``doc`` as "doc.NAME"; any other value unchanged."""
    doc = value.get(_DOC) if isinstance(value, dict) else None
    if not isinstance(doc, dict):
        return value
    plain = {f"{_DOC}.{name}": each for name, each in doc.items() if isinstance(each, str | int | float)}
    return plain | value


def reply_of(row: Mapping[str, Any], column: str) -> str:
    """The reply in a column as text, "" where there is none that can be read."""
    try:
        found = reply_text(row.get(column), column)
    except RowError:
        return ""
    return found.strip() if isinstance(found, str) and not is_empty(found) else ""


def _innermost(value: Any) -> Any:
    """What a list of one item holds, however often it is nested."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


def _flat(values: list[Any]) -> list[Any]:
    """The items of a list and of the lists in it."""
    return [each for value in values for each in (_flat(value) if isinstance(value, list) else [value])]
