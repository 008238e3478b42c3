"""Map a table's columns to fields: proposed from names and values, validated where a user specifies it.

A mapping is {field: column}; several option columns are joined by "|" ("A|B|C|D"). ``answer_as`` is not a column but
the form of the answers, one of ``options_and_answers.ANSWER_FORMS``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import UserError
from core.importers.cells import is_base64, is_empty
from core.importers.fields.options_and_answers import ANSWER_FORMS, answer_form, cell_options, cell_text

FIELDS = {
    "id": "id sample_id question_id qid pid index idx uid source_id key",
    "image": "image image_path img img_path image_file image_name file_name filename picture photo images",
    "question": "question query prompt problem instruction question_text input text",
    "options": "options choices multiple_choices candidates answer_choices",
    "answer": "answer label gt ground_truth correct_answer answer_key answerkey answer_idx answer_index "
    "correct_option correct_choice_idx correct gt_answer multiple_choice_answer gold target truth",
    "answers": "answers gt_answers reference_answers direct_answers",
    "category": "category question_type class subject type topic",
    "task": "task task_name l2_category dataset source subtask",
    "hint": "hint context passage",
    "lecture": "lecture background",
    "split": "split subset fold partition",
    "response": "response solution explanation rationale reasoning output",
    "skill_label": "skill_label skill skills",
}
SEPARATOR = "|"
_LETTERED = re.compile(r"(?:(option|choice|opt|candidate|ending|answer)_?)?([a-z]|\d{1,2})")
_FILE = re.compile(r"\S.{0,250}\.(?:jpe?g|png|webp|gif|bmp)", re.IGNORECASE)
Rows = Sequence[Mapping[str, Any]]


def propose_mapping(columns: Sequence[str], first_rows: Rows) -> dict[str, str]:
    """The mapping suggested by names and values; fields without a fitting column are left out."""
    mapping: dict[str, str] = {}
    if lettered := _option_columns(columns):
        mapping["options"] = SEPARATOR.join(lettered)
    wanted = {field: names for field, names in FIELDS.items() if field not in mapping}
    mapping |= match_by_name([column for column in columns if column not in lettered], wanted)
    taken = {*lettered, *mapping.values()}
    _match_by_values(mapping, [column for column in columns if column not in taken], first_rows)
    if "options" in mapping and "answer" in mapping:
        mapping["answer_as"] = _proposed_form(mapping, first_rows)
    return mapping


def match_by_name(columns: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """The column of each field, by the first of its names (separated by spaces) that exists; no column twice."""
    free = {_normalise_name(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for field, names in wanted.items():
        if name := next((name for name in names.split() if name in free), None):
            found[field] = free.pop(name)
    return found


def resolve_mapping(name: str, columns: Sequence[str], given: Mapping[str, str], first_rows: Rows) -> dict[str, str]:
    """The proposed mapping overridden by the user's; a field given as "" is left out.

    Raises UserError, naming the file, when a field or column does not exist, or question or answer have no column.
    """
    for field, column in given.items():
        if field == "answer_as":
            if column and column not in ANSWER_FORMS:
                raise UserError(f"{name}: answers are read as one of {', '.join(ANSWER_FORMS)}, not as “{column}”.")
        elif field not in FIELDS:
            raise UserError(f"{name}: there is no field “{field}”: choose among {', '.join(FIELDS)}.")
        elif missing := [each for each in _columns_in(column, columns) if each not in columns]:
            raise UserError(f"{name} has no column “{missing[0]}”: its columns are {', '.join(columns)}.")
    mapping = propose_mapping(columns, first_rows)
    claimed = {each for column in given.values() for each in _columns_in(column, columns)}
    mapping = {field: column for field, column in mapping.items() if column not in claimed or field in given}
    mapping |= given
    mapping = {field: column for field, column in mapping.items() if column}
    for field, instead in (("question", ""), ("answer", "answers")):
        if field not in mapping and instead not in mapping:
            raise UserError(
                f"{name}: none of its columns ({', '.join(columns)}) looks like the {field}: say which one it is "
                f"({field}=COLUMN)."
            )
    if "options" in mapping and "answer" in mapping and not given.get("answer_as"):
        mapping["answer_as"] = _proposed_form(mapping, first_rows)
    return {field: mapping[field] for field in (*FIELDS, "answer_as") if field in mapping}


def _columns_in(column: str, columns: Sequence[str]) -> list[str]:
    """The columns that one entry of a mapping names."""
    return [column] if column in columns else column.split(SEPARATOR) if column else []


def row_options(row: Mapping[str, Any], entry: str) -> list[str]:
    """The options of a row under the mapping's entry for them; trailing empty columns are dropped."""
    if entry in row or SEPARATOR not in entry:
        return cell_options(row.get(entry))
    cells = [row.get(column) for column in entry.split(SEPARATOR)]
    texts = ["" if is_empty(cell) else cell_text(cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _proposed_form(mapping: Mapping[str, str], first_rows: Rows) -> str:
    """The form of the answers in the first rows."""
    return answer_form((tuple(row_options(row, mapping["options"])), row.get(mapping["answer"])) for row in first_rows)


def _normalise_name(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")


def _option_columns(columns: Sequence[str]) -> list[str]:
    """The longest run of columns A, B, … or option_0, option_1, … (also from 1), at least two."""
    runs: dict[str, dict[str, str]] = {}
    for column in columns:
        if match := _LETTERED.fullmatch(_normalise_name(column)):
            runs.setdefault(match[1] or "", {}).setdefault(match[2], column)
    best: list[str] = []
    for run in runs.values():
        for labels in ("abcdefghijklmnopqrstuvwxyz", [str(n) for n in range(100)], [str(n) for n in range(1, 100)]):
            found: list[str] = []
            for label in labels:
                if label not in run:
                    break
                found.append(run[label])
            best = max(best, found, key=len)
    return best if len(best) > 1 else []


def _match_by_values(mapping: dict[str, str], free: list[str], rows: Rows) -> None:
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
        set_to("options", where(lambda _, value: not isinstance(value, str) and len(cell_options(value)) > 1))
    if "answer" not in mapping and "answers" not in mapping and "options" in mapping:
        entry = mapping["options"]
        set_to(
            "answer",
            where(
                lambda row, value: (
                    cell_text(value) in (options := row_options(row, entry))
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
            if _normalise_name(column).endswith("_id") and not _normalise_name(column).startswith("image")
        ]
        values = {column: [cell_text(row.get(column)) for row in rows] for column in ends}
        set_to("id", next((column for column in ends if len(set(values[column])) == len(rows) > 1), None))


def _is_image(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("bytes"), bytes) or (
            isinstance(value.get("path"), str) and bool(_FILE.fullmatch(value["path"]))
        )
    return isinstance(value, str) and (is_base64(value) or bool(_FILE.fullmatch(value)))
