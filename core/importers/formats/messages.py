"""Chats in OpenAI's form, as LLaMA-Factory, ms-swift and Qwen-VL take them, laid out as LLaVA's conversations.

A row is {"messages": [{"role": "user", "content": "<image>…"}, {"role": "assistant", "content": …}], "images": […]}; a
content may be a list of parts ({"type": "text", "text": …}, {"type": "image", "image": …}). The turns may also stand
under "conversations" or "conversation", or as the text of a list.
"""

from typing import Any

from core.importers.cells import listed
from core.importers.fields.cell_lists import list_in_text
from core.importers.results import RowError

_KEYS = ("messages", "conversations", "conversation")
_SPEAKERS = {"user": "human", "human": "human", "assistant": "gpt", "gpt": "gpt", "model": "gpt", "bot": "gpt"}
_ASIDE = ("system", "developer")
_IMAGE_TOKEN = "<image>"  # nosec B105


def is_row(value: Any) -> bool:
    """Whether a row holds a chat whose turns have roles."""
    return isinstance(value, dict) and _key_of(value) is not None


def as_conversation(value: Any) -> Any:
    """The row in LLaVA's form; any other row unchanged. Raises RowError for a turn that cannot be read."""
    key = _key_of(value) if isinstance(value, dict) else None
    if key is None:
        return value
    shown: list[Any] = []
    turns = [_turn(turn, shown) for turn in _turns(value[key])]
    kept = {name: cell for name, cell in value.items() if name not in _KEYS}
    return kept | {"conversations": turns} | ({"image": [*listed(value.get("image")), *shown]} if shown else {})


def _key_of(row: dict[str, Any]) -> str | None:
    """The field with the turns; not that of a table which has a question of its own."""
    if "question" in row and "answer" in row:
        return None
    return next((key for key in _KEYS if any(map(_is_chat_turn, _turns(row.get(key))))), None)


def _is_chat_turn(turn: dict[str, Any]) -> bool:
    """Whether a turn is not in LLaVA's own form, whose names are small and whose text is a "value"."""
    speaker = turn.get("from")
    return "role" in turn or "content" in turn or (isinstance(speaker, str) and speaker != speaker.strip().lower())


def _turns(cell: Any) -> list[dict[str, Any]]:
    if isinstance(cell, str):
        try:
            cell = list_in_text(cell)
        except RowError:
            return []
    turns = cell if isinstance(cell, list) else []
    return turns if all(isinstance(turn, dict) for turn in turns) else []


def _turn(turn: dict[str, Any], shown: list[Any]) -> dict[str, Any]:
    role = str(turn.get("role", turn.get("from"))).strip().lower()
    said = turn.get("content", turn.get("value"))
    if isinstance(said, dict):
        said = [said]
    if isinstance(said, list):
        said = "\n".join(filter(None, (_part(part, shown) for part in said)))
    calls = {"tool_calls": turn["tool_calls"]} if turn.get("tool_calls") else {}
    return {"from": "system" if role in _ASIDE else _SPEAKERS.get(role, role), "value": said} | calls


def _part(part: Any, shown: list[Any]) -> str:
    """The text of a part, a token for an image, which is added to those shown."""
    if isinstance(part, str):
        return part
    kind = str(part.get("type", "")) if isinstance(part, dict) else ""
    if (isinstance(part, dict) and "image" in (kind, *part)) or kind in ("image_url", "input_image"):
        found = part.get("image") or part.get("image_url") or part.get("path") or part.get("url")
        shown += [found["url"] if isinstance(found, dict) and "url" in found else found] if found else []
        return _IMAGE_TOKEN
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return str(part["text"])
    raise RowError("messages", f"A part of a message must be text or an image, not “{kind or type(part).__name__}”.")
