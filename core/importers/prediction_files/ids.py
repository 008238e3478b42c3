"""Which column names the sample of a prediction, held against the samples' ids and questions.

A number that counts rows may be an id by accident, and then every prediction belongs to another sample.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from core.errors import UserError
from core.importers.cells import is_empty
from core.importers.fields.cells_as_text import cell_text
from core.importers.fields.column_names import candidates
from core.parsing.normalisation import normalise
from core.types import Sample

ID_NAMES = "id sample_id question_id qid pid source_id index uid doc_id custom_id instance_id"
_QUESTIONS = "question query prompt problem instruction question_text input"
_DOC = "doc."
_MIN_WORDS = 3  # of a question that tells one sample from another
_MAX_COMPARED = 2000
_WHOLE = re.compile(r"(\d+)(?:\.0+)?")
_MAX_DIGITS = 20
Row = Mapping[str, Any]
Known = Mapping[str, Sample]


def known_id(text: str, known: Known) -> str:
    """The id of the sample that a text names; the text itself where it names none.

    Programs that take ids for numbers write "7" as "7.0" and "000007" as "7".
    """
    number = _WHOLE.fullmatch(text)
    if text in known or number is None:
        return text
    plain = number[1].lstrip("0") or "0"
    written = [*(plain.zfill(width) for width in range(len(plain), _MAX_DIGITS + 1)), f"{plain}.0"]
    found = [each for each in written if each in known]
    return found[0] if len(found) == 1 else text


def questions_in(columns: Sequence[str]) -> list[str]:
    """The columns that repeat the question, going by their names."""
    return [*candidates(columns, _QUESTIONS), *(_DOC + name for name in _QUESTIONS.split() if _DOC + name in columns)]


def choose_id(name: str, columns: Sequence[str], found: str, rows: Sequence[Row], known: Known) -> str:
    """The column most of whose values are ids of samples; of several, the one whose questions are the samples'.

    Raises UserError where two columns name different samples and nothing tells which is right.
    """
    possible = [*candidates(columns, ID_NAMES), *(_DOC + each for each in ID_NAMES.split() if _DOC + each in columns)]
    ids = {column: [known_id(_text(row.get(column)), known) for row in rows] for column in possible}
    matches = {column: sum(each in known for each in values) for column, values in ids.items()}
    most = max(matches.values(), default=0)
    contenders = [column for column in possible if most and matches[column] * 2 >= most]
    if len({tuple(ids[column]) for column in contenders}) < 2:
        return found if found in contenders or not contenders else contenders[0]
    asked = questions_in(columns)
    agreed = {column: _agreement(column, asked, rows, known) for column in contenders}
    best = [column for column in contenders if agreed[column] == max(agreed.values())]
    if len({tuple(ids[column]) for column in best}) > 1:
        one, two = best[:2]
        raise UserError(
            f"{name}: “{one}” and “{two}” could both be the sample's id, and they name different samples "
            f"(“{ids[one][0]}” and “{ids[two][0]}” in the first row): say which one it is (id=COLUMN)."
        )
    return best[0]


def refuse_other_questions(
    name: str, asked: Sequence[str], column: str, pairs: Sequence[tuple[Row, Sample]], known: Known
) -> None:
    """Raises UserError where no row repeats the question of its own sample, and most repeat that of another one."""
    told = [(text, sample) for row, sample in pairs if (text := _question(row, asked))]
    if not told or any(_agrees(text, sample) for text, sample in told):
        return
    questions = [normalise(each.question) for each in islice(known.values(), _MAX_COMPARED)]
    others = [each for each in questions if len(each.split()) >= _MIN_WORDS]
    strangers = [sample for text, sample in told if any(other in text for other in others)]
    if len(strangers) * 2 > len(told):
        raise UserError(
            f"{name}: the questions in its rows are those of other samples than “{column}” names (first for sample "
            f"{strangers[0].source_id}): say which column is the id (id=COLUMN)."
        )


def _agreement(column: str, asked: Sequence[str], rows: Sequence[Row], known: Known) -> int:
    pairs = ((_question(row, asked), known.get(known_id(_text(row.get(column)), known))) for row in rows)
    return sum(sample is not None and bool(text) and _agrees(text, sample) for text, sample in pairs)


def _question(row: Row, asked: Sequence[str]) -> str:
    """All that a row repeats of its question, normalised."""
    return normalise("\n".join(row[each] for each in asked if isinstance(row.get(each), str))).strip()


def _agrees(text: str, sample: Sample) -> bool:
    own = normalise(sample.question)
    return own in text or text in own


def _text(value: Any) -> str:
    return "" if is_empty(value) else cell_text(value)
