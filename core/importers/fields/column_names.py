"""The names that columns of each field have in published files, and which columns match them."""

import re
from collections.abc import Mapping, Sequence

FIELDS = {
    "id": "id sample_id question_id qid pid index idx uid source_id key",
    "image": "image image_path img img_path image_file image_name file_name filename picture photo images",
    "question": "question query prompt problem instruction question_text input text",
    "options": "options choices multiple_choices candidates answer_choices endings",
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


def match_by_name(columns: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """The column of each field, by the first of its names (separated by spaces) that exists; no column twice."""
    free = {normalise_name(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for field, names in wanted.items():
        if name := next((name for name in names.split() if name in free), None):
            found[field] = free.pop(name)
    return found


def candidates(columns: Sequence[str], names: str) -> list[str]:
    """All columns with one of the names (separated by spaces), in the names' order."""
    free = {normalise_name(column): column for column in reversed(columns)}
    return [free[name] for name in names.split() if name in free]


def normalise_name(column: str) -> str:
    """A column's name in small letters, with "_" for everything but letters and digits."""
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
