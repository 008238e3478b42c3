"""Logs of evaluation programs that are one JSON object: inspect's (.json, .eval), HELM's scenario_state.json, and
lmms-eval's, whose "logs" are rows as they are.

The others' samples are laid out as rows (``log_rows``). All are then read like any other file.
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
from core.importers.prediction_files.log_rows import COLUMNS, helm_rows, inspect_rows
from core.own_files import refuse_own

MAX_LOG_BYTES = 512 * 1024**2
_HEAD = re.compile(rb'\s*\{\s*"(?:version|status|eval|adapter_spec|args|model_configs|logs)"\s*:')
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
        columns=COLUMNS if rows[0].error else tuple(dict.fromkeys(each for row in rows for each in row.value or ())),
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
    if not isinstance(log, dict):
        return None
    if isinstance(log.get("samples"), list) and "eval" in log:
        return "inspect log", inspect_rows(log["samples"])
    if isinstance(log.get("request_states"), list):
        return "HELM scenario state", helm_rows(log["request_states"])
    if isinstance(log.get("logs"), list) and all(isinstance(each, dict) for each in log["logs"]):
        return "lmms-eval log", [Row(line=line, value=each) for line, each in enumerate(log["logs"], 1)]
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
            return "inspect log", inspect_rows(samples)
        except ImageError as error:
            raise UserError(f"{path.name}: {error} Copy it again.") from error


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
