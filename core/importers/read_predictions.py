"""Read predictions of other programs, for known samples or for samples included in the file."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.importers.containers.json_rows import Row
from core.importers.containers.open_rows import RowFile, encodable
from core.importers.fields.options_and_answers import truth_texts
from core.importers.fields.typed import as_fields
from core.importers.formats import bigbench_mistake, llava, predictions
from core.importers.open_samples import parse_rows
from core.importers.prediction_files import repeated, replies
from core.importers.prediction_files.answer_column import AnswerColumn
from core.importers.prediction_files.columns import PredictionColumns, choose_columns, is_table, names_prediction
from core.importers.prediction_files.ids import known_id
from core.importers.prediction_files.logs import open_prediction_rows
from core.importers.prediction_files.shown_options import refuse_other_order
from core.importers.results import Duplicate, ImportedPrediction, ImportedPredictions, PredictionExample, RowError
from core.parsing.scoring import score_answer
from core.types import Refusal, Sample

MAX_REFUSED = 100_000  # refused rows that are kept; all of them are counted
_EXAMPLES = 3
PREDICTION_FORMATS = {
    "predictions": "predictions with a rationale or steps",
    "bigbench-mistake": bigbench_mistake.TASK,
}
Predicted = tuple[Sample | None, ImportedPrediction]


def read_predictions(
    path: Path,
    known: Mapping[str, Sample],
    *,
    format: str = "",
    mapping: Mapping[str, str] | None = None,
    encoding: str = "",
) -> ImportedPredictions:
    """Predictions for the known samples (by source id), or BIG-Bench Mistake's, which include their samples.

    The format is detected; ``format`` (a key of ``PREDICTION_FORMATS``) overrides. ``mapping`` names the columns for
    the fields of ``PREDICTION_FIELDS`` where they have other names, and settles what a file leaves open;
    ``encoding`` names that of a text file. Raises UserError when the file cannot be read, or its columns can be read in
    two ways.
    """
    if format and format not in PREDICTION_FORMATS:
        raise UserError(f"There is no format “{format}” of predictions: choose among {', '.join(PREDICTION_FORMATS)}.")
    read = _read(path, known, format, mapping or {}, encoding)
    return replace(read, examples=_examples(read, known))


def _examples(read: ImportedPredictions, known: Mapping[str, Sample]) -> tuple[PredictionExample, ...]:
    samples = {**known, **{sample.source_id: sample for sample in read.samples}}
    return tuple(
        PredictionExample(
            source_id=each.source_id, truth=samples[each.source_id].answer, answer=each.answer, text=each.text
        )
        for each in read.predictions[:_EXAMPLES]
    )


def _read(
    path: Path, known: Mapping[str, Sample], format: str, mapping: Mapping[str, str], encoding: str
) -> ImportedPredictions:
    with open_prediction_rows(path, encoding) as file:
        if format == "bigbench-mistake" or (not format and _is_mistakes(file)):
            return _collected(file, _mistakes(file), known, f"{bigbench_mistake.TASK} {file.container}")
        if not format and not mapping and _is_samples(file):
            raise UserError(
                f"{file.name} holds samples, not predictions: import it as a validation, test or support set, or say "
                "which column is the model's rationale (rationale=COLUMN)."
            )
        rows = [replies.with_doc(row.value) for row in file.first if isinstance(row.value, dict)]
        columns = encodable((*file.columns, *(each for row in rows for each in row)))
        chosen = choose_columns(file.name, columns, mapping, rows, known)
        readings = _Readings(file, known, chosen)
        read = _collected(file, parse_rows(file.rows, readings.read), known, f"predictions {file.container}")
        return readings.settled(replace(read, columns=columns))


def _collected(
    file: RowFile, found: Iterator[tuple[Row, Predicted | RowError]], known: Mapping[str, Sample], format: str
) -> ImportedPredictions:
    """All predictions of a file, and its refused rows."""
    read: dict[str, Predicted] = {}
    refused: list[Refusal] = []
    rows = duplicates = repeats = 0
    for row, item in found:
        rows += 1
        settled: Predicted | RowError = item
        if not isinstance(item, RowError) and (earlier := read.get(item[1].source_id)):
            again = repeated.settled(earlier[1], item[1])
            settled = again if isinstance(again, RowError) else (earlier[0], again)
            duplicates += isinstance(again, RowError)
            repeats += not isinstance(again, RowError)
        if not isinstance(settled, RowError):
            read[settled[1].source_id] = settled
        elif len(refused) < MAX_REFUSED:
            kind = Refusal if isinstance(item, RowError) else Duplicate
            refused.append(kind(file=row.file or file.name, line=row.line, field=settled.field, reason=settled.reason))
    return ImportedPredictions(
        format=format,
        found=rows,
        samples=tuple(sample for key, (sample, _) in read.items() if sample is not None and key not in known),
        predictions=tuple(prediction for _, prediction in read.values()),
        refused=tuple(refused),
        refused_rows=rows - repeats - len(read),
        duplicates=duplicates,
        repeats=repeats,
        notes=(*file.notes, repeated.repeated_note(repeats)) if repeats else file.notes,
    )


class _Readings:
    """Reads predictions, and both ways where a guessed column may be the truth."""

    def __init__(self, file: RowFile, known: Mapping[str, Sample], chosen: PredictionColumns) -> None:
        self._as_text = file.kind in ("csv", "tsv", "xlsx")
        self._known = known
        self._mapping = dict(chosen.mapping)
        self._by_column: dict[str, ImportedPrediction] = {}
        column = chosen.doubtful or chosen.guessed
        told = self._mapping.get("steps") or self._mapping.get("rationale", "")
        self._doubt = (
            AnswerColumn(file=file.name, column=column, rationale=told, trusted=not chosen.doubtful) if column else None
        )

    def read(self, row: Row) -> Predicted:
        """The prediction in a row. Raises RowError."""
        value = replies.with_doc(as_fields(row.value))
        main = self._parse(value, self._mapping)
        refuse_other_order(value, self._known[main.source_id])
        if self._doubt is None:
            return None, main
        try:
            with_column = main if self._doubt.trusted else self._parse(self._one_truth(value), self._with_column())
            by_text = self._parse(value, self._without_column()) if self._doubt.trusted else main
        except RowError:
            return None, main
        if main.source_id not in self._by_column:
            self._by_column[main.source_id] = with_column
            self._doubt.compare(with_column, by_text, self._known[main.source_id])
        return None, main

    def settled(self, read: ImportedPredictions) -> ImportedPredictions:
        """The predictions as the whole file says they are to be read. Raises UserError where it leaves that open."""
        if self._doubt is None or self._doubt.trusted:
            if self._doubt is not None:
                self._doubt.is_models()
            return replace(read, mapping=self._mapping)
        if self._doubt.is_models():
            swapped = tuple(self._by_column.get(each.source_id, each) for each in read.predictions)
            return replace(read, predictions=swapped, mapping=self._with_column())
        notes = (*read.notes, self._doubt.note()) if self._doubt.rows else read.notes
        return replace(read, mapping=self._mapping, notes=notes)

    def _parse(self, value: Mapping[str, Any], mapping: Mapping[str, str]) -> ImportedPrediction:
        return predictions.parse_prediction(
            predictions.named_fields(value, mapping, as_text=self._as_text), self._known
        )

    def _one_truth(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """The row with one of several truths in the column in doubt, that of its sample if it is there."""
        assert self._doubt is not None, "asked only where a column is in doubt"
        column = self._doubt.column
        cell = value.get(column)
        texts = truth_texts(cell) if isinstance(cell, str | list) else []
        sample = self._known.get(known_id(str(value.get(self._mapping["id"])), self._known))
        if len(texts) < 2 or sample is None:
            return value
        return {**value, column: next((each for each in texts if score_answer(each, sample)[0]), texts[0])}

    def _with_column(self) -> dict[str, str]:
        assert self._doubt is not None, "asked only where a column is in doubt"
        return self._mapping | {"prediction": self._doubt.column}

    def _without_column(self) -> dict[str, str]:
        return {field: column for field, column in self._mapping.items() if field != "prediction"}


def _mistakes(file: RowFile) -> Iterator[tuple[Row, Predicted | RowError]]:
    category = Path(file.name).name.split(".")[0]
    return parse_rows(file.rows, lambda row: bigbench_mistake.parse_row(row.value, category))


def _is_mistakes(file: RowFile) -> bool:
    return any(bigbench_mistake.is_row(row.value) for row in file.first[:1])


def _is_samples(file: RowFile) -> bool:
    """Whether the rows hold conversations, or questions (POPE's beside a picture and a truth) without a prediction."""
    columns = set(file.columns)
    asks = "question" in columns or ("text" in columns and columns & {"image", "images"} and columns & {"label", "gt"})
    told = bool(asks) and not names_prediction(file.columns) and not is_table(file.columns)
    return any(llava.is_row(row.value) or told for row in file.first[:1])
