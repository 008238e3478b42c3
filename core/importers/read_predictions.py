"""Read predictions of other programs, for known samples or for samples included in the file."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from core.errors import UserError
from core.importers.containers.json_rows import Row
from core.importers.containers.open_rows import RowFile, open_rows
from core.importers.fields.typed import as_fields
from core.importers.formats import bigbench_mistake, llava, predictions
from core.importers.open_samples import duplicate_refusal, parse_rows
from core.importers.results import ImportedPrediction, ImportedPredictions, RowError
from core.types import Refusal, Sample

MAX_REFUSED = 100_000  # refused rows that are kept; all of them are counted
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
    the fields of ``predictions.PREDICTION_FIELDS`` where they have other names, ``encoding`` that of a text file.
    Raises UserError when the file cannot be read.
    """
    if format and format not in PREDICTION_FORMATS:
        raise UserError(f"There is no format “{format}” of predictions: choose among {', '.join(PREDICTION_FORMATS)}.")
    with open_rows(path, prefer="predictions", encoding=encoding) as file:
        brings = format == "bigbench-mistake" or (not format and _is_mistakes(file))
        if not format and not mapping and _is_samples(file):
            raise UserError(
                f"{file.name} holds samples, not predictions: import it as a validation, test or support set."
            )
        used = {} if brings else predictions.resolve_prediction_mapping(file.name, file.columns, mapping or {})
        found = _mistakes(file) if brings else _predicted(file, known, used)
        read: dict[str, Predicted] = {}
        refused: list[Refusal] = []
        rows = duplicates = 0
        for row, item in found:
            rows += 1
            if not isinstance(item, RowError) and item[1].source_id not in read:
                read[item[1].source_id] = item
                continue
            duplicates += not isinstance(item, RowError)
            if len(refused) < MAX_REFUSED:
                refused.append(_refusal(row, item, file.name))
    return ImportedPredictions(
        format=f"{bigbench_mistake.TASK if brings else 'predictions'} {file.container}",
        found=rows,
        samples=tuple(sample for key, (sample, _) in read.items() if sample is not None and key not in known),
        predictions=tuple(prediction for _, prediction in read.values()),
        refused=tuple(refused),
        refused_rows=rows - len(read),
        duplicates=duplicates,
        notes=file.notes,
        columns=() if brings else file.columns,
        mapping=used,
    )


def _refusal(row: Row, item: RowError | Predicted, name: str) -> Refusal:
    if not isinstance(item, RowError):
        return duplicate_refusal(row.file or name, row.line, item[1].source_id)
    return Refusal(file=row.file or name, line=row.line, field=item.field, reason=item.reason)


def _mistakes(file: RowFile) -> Iterator[tuple[Row, Predicted | RowError]]:
    category = Path(file.name).name.split(".")[0]
    return parse_rows(file.rows, lambda row: bigbench_mistake.parse_row(row.value, category))


def _predicted(
    file: RowFile, known: Mapping[str, Sample], mapping: Mapping[str, str]
) -> Iterator[tuple[Row, Predicted | RowError]]:
    as_text = file.kind in ("csv", "tsv")

    def read(row: Row) -> Predicted:
        fields = predictions.named_fields(as_fields(row.value), mapping, as_text=as_text)
        return None, predictions.parse_prediction(fields, known)

    return parse_rows(file.rows, read)


def _is_mistakes(file: RowFile) -> bool:
    return any(bigbench_mistake.is_row(row.value) for row in file.first[:1])


def _is_samples(file: RowFile) -> bool:
    """Whether the rows hold conversations, or questions without a field that is called a prediction."""
    asks = "question" in file.columns and not predictions.names_prediction(file.columns)
    return any(llava.is_row(row.value) or asks for row in file.first[:1])
