"""Find a table's columns by what is in them, where no name says it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from core.importers.cells import IMAGE_STARTS, is_base64, is_empty
from core.importers.fields.cells_as_text import cell_text
from core.importers.fields.column_names import normalise_name
from core.importers.fields.option_cells import names_one, tried_options
from core.importers.fields.row_cells import Rows, tried_row_options

_FILE = re.compile(r"\S.{0,250}\.(?:jpe?g|png|webp|gif|bmp)", re.IGNORECASE)


def match_by_values(mapping: dict[str, str], free: list[str], rows: Rows) -> None:
    """Fill fields that no name matched: image, options, answer, several answers, question, id."""

    def where(test: Callable[[Mapping[str, Any], Any], bool]) -> str | None:
        for column in free:
            filled = [(row, row.get(column)) for row in rows if not is_empty(row.get(column))]
            if filled and all(test(row, value) for row, value in filled):
                free.remove(column)
                return column
        return None

    def set_to(field: str, column: str | None) -> None:
        if column is not None:
            mapping[field] = column

    if "answer" in mapping and "answers" not in mapping and "options" not in mapping:
        of = mapping["answer"]
        if rows and any(isinstance(row.get(of), list) for row in rows):
            mapping["answers"] = mapping.pop("answer")
    if "image" in mapping and all(isinstance(row.get(mapping["image"]), str | None) for row in rows):
        # MathVista has the image's name in "image" and the image itself in "decoded_image".
        set_to("image", where(lambda _, value: isinstance(value, dict) and isinstance(value.get("bytes"), bytes)))
    if "image" not in mapping:
        set_to("image", where(lambda _, value: _is_image(value)))
    if "options" not in mapping:
        of = mapping.get("answer", "")
        set_to("options", where(lambda row, value: _holds_options(value, row.get(of))))
    if "answer" not in mapping and "answers" not in mapping and "options" in mapping:
        set_to(
            "answer",
            where(
                lambda row, value: (
                    cell_text(value) in (options := tried_row_options(row, mapping))
                    or (
                        bool(re.fullmatch(r"[A-Z]", cell_text(value)))
                        and ord(cell_text(value)) - ord("A") < len(options)
                    )
                )
            ),
        )
    if "question" not in mapping:
        set_to("question", where(lambda _, value: isinstance(value, str) and value.rstrip().endswith("?")))
    if "id" not in mapping:
        ends = [
            column
            for column in free
            if normalise_name(column).endswith("_id") and not normalise_name(column).startswith("image")
        ]
        values = {column: [cell_text(row.get(column)) for row in rows] for column in ends}
        set_to("id", next((column for column in ends if len(set(values[column])) == len(rows) > 1), None))


def _holds_options(value: Any, answer: Any) -> bool:
    """Whether a value looks like the options of an answer: a list of texts, or an object by letter.

    Other objects hold remarks on the row (MMStar's ``meta_info``), other lists its tags or a place in the picture.
    """
    if isinstance(value, dict):
        by_letter = all(isinstance(key, str) and len(key) == 1 and key.isalpha() for key in value)
        if not (by_letter or isinstance(value.get("text"), list)):
            return False
    elif not isinstance(value, list):
        return False
    options = tried_options(value)
    return len(options) > 1 and (is_empty(answer) or names_one(options, answer))


def _is_image(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("bytes"), bytes) or (
            isinstance(value.get("path"), str) and bool(_FILE.fullmatch(value["path"]))
        )
    if isinstance(value, bytes):
        return value.startswith(IMAGE_STARTS)
    return isinstance(value, str) and (is_base64(value) or bool(_FILE.fullmatch(value)))
