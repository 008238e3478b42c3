"""Logs of evaluation programs that are one JSON object: inspect's (.json, .eval) and HELM's scenario_state.json.

Each is laid out as rows {"id", "question", "model_output", "target"}, which are then read like any other. Of a reply in
parts only the text counts, not the thoughts.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.importers.containers.files import open_zip
from core.importers.containers.json_rows import Row
from core.importers.containers.open_rows import RowFile, open_rows
from core.importers.images.sources import ImageError, ImageFolder, read_member
from core.own_files import refuse_own

MAX_LOG_BYTES = 512 * 1024**2
_COLUMNS = ("id", "question", "model_output", "target")
_HEAD = re.compile(rb'\s*\{\s*"(?:version|adapter_spec)"\s*:')
_FIRST = 100


@contextmanager
def open_prediction_rows(path: Path, encoding: str = "") -> Iterator[RowFile]:
    """The rows of a log, or of any other file as ``open_rows`` reads it. Raises UserError."""
    found = _log_rows(path) if path.is_file() else None
    if found is None:
        with open_rows(path, prefer="predictions", encoding=encoding) as file:
            yield file
        return
    container, rows = found
    if not rows:
        raise UserError(f"{path.name} holds no samples: there is nothing to import.")
    yield RowFile(
        name=path.name,
        kind="jsonl",
        container=container,
        columns=_COLUMNS,
        notes=(),
        first=tuple(rows[:_FIRST]),
        rows=iter(rows),
        images=ImageFolder(path.parent),
        beside=lambda _: None,
    )


def _log_rows(path: Path) -> tuple[str, list[Row]] | None:
    refuse_own(path)
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK"):
        return _from_zip(path)
    if not _HEAD.match(head):
        return None
    if path.stat().st_size > MAX_LOG_BYTES:
        raise UserError(f"{path.name} is a log of more than {MAX_LOG_BYTES // 1024**2} MB: export it as JSON lines.")
    log = _parsed(path.read_bytes())
    if isinstance(log, dict) and isinstance(log.get("samples"), list) and "eval" in log:
        return "inspect log", _rows(_of_inspect(each) for each in log["samples"])
    if isinstance(log, dict) and isinstance(log.get("request_states"), list):
        return "HELM scenario state", _rows(_of_helm(each) for each in log["request_states"])
    return None


def _from_zip(path: Path) -> tuple[str, list[Row]] | None:
    """The samples of inspect's .eval, a zip with a file for each."""
    archive = open_zip(path)
    if archive is None:
        return None
    with archive:
        names = [name for name in archive.namelist() if re.fullmatch(r"samples/[^/]+\.json", name)]
        if "header.json" not in archive.NameToInfo or not names:
            return None
        try:
            samples = (_parsed(read_member(archive, name, MAX_LOG_BYTES)) for name in names)
            return "inspect log", _rows(_of_inspect(each) for each in samples)
        except ImageError as error:
            raise UserError(f"{path.name}: {error} Copy it again.") from error


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _rows(found: Iterator[dict[str, Any]]) -> list[Row]:
    return [
        Row(line=line, value=value) if value else Row(line=line, error="The log holds no sample here that can be read.")
        for line, value in enumerate(found, 1)
    ]


def _of_inspect(sample: Any) -> dict[str, Any]:
    if not isinstance(sample, dict):
        return {}
    output = _object(sample.get("output"))
    choices = _items(output.get("choices"))
    replies = [_text(each["message"].get("content")) for each in choices if _is_message(each)]
    asked = sample.get("input")
    if isinstance(asked, list):
        said = [_text(each.get("content")) for each in asked if isinstance(each, dict) and each.get("role") == "user"]
        asked = said[-1] if said else ""
    reply = replies[0] if len(replies) == 1 else replies or output.get("completion")
    return {"id": sample.get("id"), "question": asked, "model_output": reply or None, "target": sample.get("target")}


def _is_message(choice: Any) -> bool:
    return isinstance(choice, dict) and isinstance(choice.get("message"), dict)


def _of_helm(state: Any) -> dict[str, Any]:
    instance = state.get("instance") if isinstance(state, dict) else None
    if not isinstance(instance, dict):
        return {}
    result = _object(state.get("result"))
    completions = _items(result.get("completions"))
    replies = [str(each.get("text", "")) for each in completions if isinstance(each, dict)]
    asked = instance.get("input")
    right = [
        _text(each.get("output"))
        for each in _items(instance.get("references"))
        if isinstance(each, dict) and "correct" in _items(each.get("tags"))
    ]
    question = _text(asked) if isinstance(asked, dict | str) else ""
    return {"id": instance.get("id"), "question": question, "model_output": replies or None, "target": right}


def _text(content: Any) -> str:
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
