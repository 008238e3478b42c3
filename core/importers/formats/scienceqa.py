"""ScienceQA (Lu et al. 2022): problems.json, an object of problems by id, and pid_splits.json, the ids of each split.

A problem is {"question", "choices", "answer" (counted from 0), "hint", "image" (a name or null), "category", "topic",
"skill", "lecture", "solution", "split"}. Its image lies in <split>/<id>/ or <id>/. The solution is the response, the
skill labels support samples only: in a validation set it would tell what is to be found out. Knows nothing of files.
"""

import json
from collections.abc import Mapping
from typing import Any

from core.errors import UserError
from core.importers.fields.options_and_answers import checked_options
from core.importers.fields.typed import as_fields, checked_id, checked_text, id_field, text_field, text_list
from core.importers.formats.training_text import as_support
from core.importers.images.checked import Images
from core.importers.images.sources import ImageError
from core.importers.results import RowError
from core.importers.splits import split_named
from core.types import Role, Sample

SPLITS_FILE = "pid_splits.json"


def is_row(value: Any, key: str) -> bool:
    """Whether a row of an object of rows looks like a problem."""
    return bool(key) and isinstance(value, dict) and {"question", "choices", "answer"} <= value.keys()


def sample_of(value: Any, key: str, splits: Mapping[str, str], role: Role, images: Images) -> tuple[Sample, str]:
    """The sample in a problem, and its split ("" when the files give none). Raises RowError."""
    row = as_fields(value)
    key = checked_id(checked_text(key, "id")) if key else id_field(row)
    question = text_field(row, "question")
    if not question:
        raise RowError("question", "The question is empty.")
    choices = checked_options(text_list(row, "choices"))
    answer = row.get("answer")
    if not isinstance(answer, int) or isinstance(answer, bool) or not 0 <= answer < len(choices):
        raise RowError(
            "answer", f"“answer” must be the place of a choice, a whole number from 0 to {len(choices) - 1}."
        )
    given = text_field(row, "split", required=False) or splits.get(key, "")
    sample = Sample(
        source_id=key,
        question=question,
        options=choices,
        answer=choices[answer],
        category=text_field(row, "category", required=False),
        task=text_field(row, "topic", required=False),
        hint=text_field(row, "hint", required=False),
        lecture=text_field(row, "lecture", required=False),
        response=text_field(row, "solution", required=False),
        skill_label=text_field(row, "skill", required=False) if role == "support" else "",
        image=_image(text_field(row, "image", required=False), key, given, images),
    )
    return (as_support(sample) if role == "support" else sample), split_named(given)


def read_splits(content: bytes | None, name: str) -> dict[str, str]:
    """The split of each problem id from pid_splits.json, {} without one. Raises UserError when it is no such file."""
    if content is None:
        return {}
    try:
        lists = json.loads(content)
        named = [(split, ids) for split, ids in lists.items() if split in ("train", "val", "test")]
        return {str(each): split for split, ids in named for each in ids}
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise UserError(
            f"{name} is no list of ids for each split ({error}): it must be {{“train”: [ids], “val”: …, “test”: …}}."
        ) from error


def _image(name: str, key: str, split: str, images: Images) -> str | None:
    if not name:
        return None
    try:
        return images.named(*([f"{split}/{key}/{name}"] if split else []), f"{key}/{name}")
    except ImageError as error:
        raise RowError("image", str(error)) from error
