"""Samples in tables: CSV, TSV, JSON rows and parquet, with a mapping from fields to columns."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.cells_as_text import cell_texts, joined_text
from core.importers.fields.column_names import normalise_name
from core.importers.fields.inline_options import split_options
from core.importers.fields.option_cells import names_one
from core.importers.fields.options_and_answers import check_options, parse_truth, truth_texts
from core.importers.fields.row_cells import row_answer, row_options, row_question
from core.importers.fields.typed import check_id, check_text
from core.importers.formats.first_turn import first_turn
from core.importers.formats.training_text import as_support_sample
from core.importers.images.checked import Images
from core.importers.references.image_tags import check_tags
from core.importers.references.named_images import refuse_objects, table_image
from core.importers.results import RowError
from core.parsing.scoring import MIN_PEOPLE
from core.types import Role, Sample

_LONG = ("hint", "lecture", "response")  # a list of texts in them is written one a line
_LETTER = re.compile(r"\(?[A-Z][).:]?")


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
        if field == "id" and isinstance(value, list | tuple) and len(value) > 1:
            raise RowError(field, f"“id” must be text, not a list: choose another column than “{mapping[field]}”.")
        return check_text(joined_text(value, field, "\n" if field in _LONG else ", "), field)

    row = first_turn(row, mapping)
    source_id = text("id") if "id" in mapping else number
    if not source_id:
        raise RowError("id", f"The id (column “{mapping['id']}”) is empty.")
    check_id(source_id)
    question, given = _asked(row, mapping, role)
    if not question:
        raise RowError("question", f"The question (column “{mapping['question']}”) is empty.")
    image, question = table_image(row, mapping.get("image", ""), others or (), question, images.hash_of)
    options = check_options(check_text(option, "options") for option in given)
    answer, answers = _truths(row, mapping, options)
    refuse_objects(row, question, answer, text("response"))
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


def _asked(row: Mapping[str, Any], mapping: Mapping[str, str], role: Role) -> tuple[str, list[str]]:
    """The question and its options; those in the question are split off where the answer names one of them."""
    question = check_text(row_question(row, mapping), "question")
    inside = mapping.get("options") == mapping["question"]
    given = [] if inside else row_options(row, mapping)
    letters = given == [chr(ord("A") + at) for at in range(len(given))]
    if not inside and (not letters or "options" not in mapping or role == "support"):
        return question, given
    rest, options = split_options(question)
    answer = row.get(mapping.get("answer", ""))
    if options and len(given) in (0, len(options)) and names_one(list(options), answer):
        return rest, list(options)
    if inside and options and isinstance(answer, str) and _LETTER.fullmatch(answer.strip()):
        raise RowError(
            "answer", f"The answer “{answer.strip()}” names none of the options {' · '.join(options)[:200]}."
        )
    return question, given


def _truths(
    row: Mapping[str, Any], mapping: Mapping[str, str], options: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """The truth, and all human answers where there are several; the most frequent one where no truth is given."""
    given = row.get(mapping["answer"]) if "answer" in mapping else None
    answers = row.get(mapping["answers"]) if "answers" in mapping else None
    if options:
        return parse_truth(row_answer(row, mapping), options, mapping.get("answer_as", "text")), ()
    several = tuple(check_text(each, "answers") for each in cell_texts(answers, "answers"))
    truths = [] if is_empty(given) else [check_text(each, "answer") for each in truth_texts(given)]
    if truths:
        return truths[0], several or (_accepted(truths) if len(truths) > 1 else ())
    if not several:
        raise RowError("answer", "The answer is empty: a labelled sample needs one.")
    truth = Counter(several).most_common(1)[0][0]
    return truth, _accepted(several) if normalise_name(mapping["answers"]) == "answer" else several


def _accepted(truths: Sequence[str]) -> tuple[str, ...]:
    """Truths of which each is right; four or more would count as people's answers, so each stands for four."""
    alternatives = len(truths) >= MIN_PEOPLE and len(set(truths)) == len(truths)
    return tuple(each for each in truths for _ in range(MIN_PEOPLE if alternatives else 1))
