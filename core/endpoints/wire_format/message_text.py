"""The text of a reply's message, which may come in parts, and the thoughts beside it."""

from typing import Any

_TEXT_PARTS = ("text", "output_text", "message")
_THOUGHT_PARTS = ("thinking", "reasoning", "redacted_thinking", "reasoning.text")
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")


def text_of_content(content: Any) -> str:
    """The text of a message's content: the content itself, or its text parts, without thoughts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(map(text_of_content, content))
    if not isinstance(content, dict) or _is_thought(content) or content.get("type", "text") not in _TEXT_PARTS:
        return ""
    text = content.get("text", content.get("content"))
    text = text.get("value") if isinstance(text, dict) else text
    return text_of_content(text) if isinstance(text, str | list) else ""


def thoughts_of(message: dict[str, Any]) -> str:
    """All that the model thought, as far as the server shows it; a space stands for thoughts that it hides."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    thought = [message.get(name) for name in _THOUGHT_FIELDS]
    return "".join(map(_all_text, [*thought, *(part for part in parts if _is_thought(part))]))


def is_refusal(message: dict[str, Any]) -> bool:
    """Whether the model refused to answer, in a field or a part of its own."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return bool(message.get("refusal")) or any(
        isinstance(part, dict) and part.get("type") == "refusal" for part in parts
    )


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and (part.get("type") in _THOUGHT_PARTS or part.get("thought") is True)


def _all_text(value: Any) -> str:
    """Every text inside a value; a space where it holds something, and no text."""
    if isinstance(value, str):
        return value
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return "".join(map(_all_text, inner)) or (" " if inner else "")
