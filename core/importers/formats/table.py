"""Samples in tables: CSV, TSV, JSON rows and parquet, with a mapping from fields to columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.column_mapping import row_options
from core.importers.fields.image_tags import check_tags
from core.importers.fields.named_images import table_image
from core.importers.fields.options_and_answers import cell_text, cell_texts, check_options, parse_truth
from core.importers.fields.typed import check_id, check_text
from core.importers.formats.training_text import as_support_sample
from core.importers.images.checked import Images
from core.importers.results import RowError
from core.types import Role, Sample


def parse_sample(
    row: Mapping[str, Any],
    mapping: Mapping[str, str],
    role: Role,
    images: Images,
    number: str,
    *,
    others: Sequence[str] | None = (),
) -> Sample:
    """The sample in a row; ``number`` is its id where no column is one, ``others`` are further columns that may hold
    an image (None: the image comes later). Raises RowError.
    """

    def text(field: str) -> str:
        value = row.get(mapping[field]) if field in mapping else None
        if isinstance(value, bytes):
            raise RowError(field, f"“{field}” holds bytes: write the column “{mapping[field]}” as text.")
        return "" if is_empty(value) else check_text(cell_text(value), field)

    source_id = text("id") if "id" in mapping else number
    if not source_id:
        raise RowError("id", f"The id (column “{mapping['id']}”) is empty.")
    check_id(source_id)
    question = text("question")
    if not question:
        raise RowError("question", f"The question (column “{mapping['question']}”) is empty.")
    image, question = table_image(row, mapping.get("image", ""), others or (), question, images.hash_of)
    given = row_options(row, mapping["options"]) if "options" in mapping else []
    options = check_options(check_text(option, "options") for option in given)
    answer, answers = _truths(row, mapping, options)
    sample = Sample(
        source_id=source_id,
        question=question,
        options=options,
        answer=answer,
        answers=answers,
        category=text("category") or text("task"),
        task=text("task") or text("category"),
        hint=text("hint"),
        lecture=text("lecture"),
        response=text("response"),
        skill_label=text("skill_label") if role == "support" else "",
        image=image,
    )
    sample = sample if others is None else check_tags(sample)
    return as_support_sample(sample) if role == "support" else sample


def _truths(
    row: Mapping[str, Any], mapping: Mapping[str, str], options: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """The truth, and all human answers where there are several; the most frequent one where no truth is given."""
    given = row.get(mapping["answer"]) if "answer" in mapping else None
    answers = row.get(mapping["answers"]) if "answers" in mapping else None
    if options:
        return parse_truth(given, options, mapping.get("answer_as", "text")), ()
    several = tuple(check_text(each, "answers") for each in cell_texts(answers))
    if not is_empty(given):
        return check_text(cell_text(given), "answer"), several
    if not several:
        raise RowError("answer", "The answer is empty: a labelled sample needs one.")
    return Counter(several).most_common(1)[0][0], several
