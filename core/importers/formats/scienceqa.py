"""ScienceQA (Lu et al. 2022): problems.json, an object of problems by id, and pid_splits.json, the ids of each split.

A problem is {"question", "choices", "answer" (from 0), "hint", "image" (a name or null), "category", "topic", "skill",
"lecture", "solution", "split"}. Its image is in <split>/<id>/ or <id>/. The solution becomes the response; the skill
becomes the label of support samples only, because in a validation set it would reveal what is to be found.
"""

import json
from collections.abc import Mapping
from typing import Any

from core.errors import UserError
from core.importers.fields.options_and_answers import check_options
from core.importers.fields.typed import as_fields, check_id, check_text, id_field, text_field, text_list
from core.importers.formats.training_text import as_support_sample
from core.importers.images.checked import Images
from core.importers.images.sources import ImageError
from core.importers.results import RowError
from core.importers.splits import canonical_split
from core.types import Role, Sample

SPLITS_FILE = "pid_splits.json"


def is_row(value: Any, key: str) -> bool:
    """Whether a row of an object of rows looks like a problem."""
    return bool(key) and isinstance(value, dict) and {"question", "choices", "answer"} <= value.keys()


def parse_sample(value: Any, key: str, splits: Mapping[str, str], role: Role, images: Images) -> tuple[Sample, str]:
    """The sample in a problem, and its split ("" when unknown). Raises RowError."""
    row = as_fields(value)
    key = check_id(check_text(key, "id")) if key else id_field(row)
    question = text_field(row, "question")
    if not question:
        raise RowError("question", "The question is empty.")
    choices = check_options(text_list(row, "choices"))
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
    return (as_support_sample(sample) if role == "support" else sample), canonical_split(given)


def read_splits(content: bytes | None, name: str) -> dict[str, str]:
    """The split of each problem id in pid_splits.json, {} without the file. Raises UserError when it is invalid."""
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
        return images.hash_of_named(*([f"{split}/{key}/{name}"] if split else []), f"{key}/{name}")
    except ImageError as error:
        raise RowError("image", str(error)) from error
