"""Read samples and predictions from files that people have; each format has a module of its own.

Reports every row that cannot be used with its file, line and field, and imports nothing itself: saving, and whether one
refused row stops the rest, is the caller's decision. ``line`` is the line of the file, from 1, that a row begins on (in
parquet and data sets the row, from 1).
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from core.errors import UserError
from core.importers.containers.json_rows import Row
from core.importers.containers.open_rows import RowFile, open_rows
from core.importers.fields.column_mapping import FIELDS, by_name, propose
from core.importers.fields.typed import as_fields
from core.importers.formats import bigbench_mistake, llava, predictions
from core.importers.images.sources import ImageRef
from core.importers.open_samples import FORMATS, duplicate, open_samples
from core.importers.results import (
    Duplicate,
    ImportedPrediction,
    ImportedPredictions,
    ImportedSamples,
    Read,
    RowError,
    SampleFile,
)
from core.types import Refusal, Role, Sample

__all__ = [
    "Duplicate",
    "FIELDS",
    "FORMATS",
    "ImageRef",
    "ImportedPrediction",
    "ImportedPredictions",
    "ImportedSamples",
    "PREDICTION_FORMATS",
    "Read",
    "SampleFile",
    "columns_of",
    "open_samples",
    "propose",
    "read_predictions",
    "read_samples",
]

# The container says what kind of table it is.
_WORDS = {"llava": "LLaVA", "mmbench": "MMBench", "scienceqa": "ScienceQA"}
# Of predictions so many refused rows are kept, all are counted: a file may hold nothing else.
MOST_REFUSED = 100_000
PREDICTION_FORMATS = {
    "predictions": "predictions with a rationale or steps",
    "bigbench-mistake": bigbench_mistake.TASK,
}


def read_samples(
    path: Path | str,
    *,
    role: Role,
    format: str = "",
    mapping: Mapping[str, str] | None = None,
    images: Path | None = None,
) -> ImportedSamples:
    """All samples of a file at once, for sets that fit in memory: see ``open_samples``, which raises the same."""
    samples: list[Sample] = []
    refused: list[Refusal] = []
    used: dict[str, ImageRef] = {}
    with open_samples(path, role=role, format=format, mapping=mapping, images=images) as file:
        for item in file.items:
            if isinstance(item, Refusal):
                refused.append(item)
                continue
            samples.append(item.sample)
            if item.sample.image:
                used[item.sample.image] = file.image(item.sample.image)
        return ImportedSamples(
            format=f"{_WORDS.get(file.format, '')} {file.container}".strip(),
            found=len(samples) + len(refused),
            samples=tuple(samples),
            images=used,
            refused=tuple(refused),
            duplicates=sum(isinstance(each, Duplicate) for each in refused),
            notes=file.notes,
        )


def columns_of(path: Path | str, *, prefer: str, format: str = "") -> tuple[tuple[str, ...], dict[str, str]]:
    """The columns of a table and the mapping that is proposed for them, also where it leaves something open.

    ``prefer`` is a role, or "predictions". No columns for what is no table. Raises UserError when it cannot be read.
    """
    kind = "" if format in _WORDS or format in PREDICTION_FORMATS else format
    with open_rows(path, prefer=prefer, kind=kind) as file:
        first = [row.value for row in file.first if isinstance(row.value, dict)]
        if any(llava.is_row(row) for row in first[:1]):
            return (), {}
        if prefer == "predictions":
            return file.columns, by_name(file.columns, predictions.NAMES)
        return file.columns, propose(file.columns, first)


def read_predictions(
    path: Path,
    known: Mapping[str, Sample],
    *,
    format: str = "",
    mapping: Mapping[str, str] | None = None,
) -> ImportedPredictions:
    """Predictions for the known samples (by source id), or BIG-Bench Mistake's, which bring their samples along.

    The format is found in the content; ``format`` (a key of ``PREDICTION_FORMATS``) overrides. ``mapping`` names the
    file's columns for the fields of ``predictions.NAMES`` where they are called otherwise. Raises UserError when the
    file as a whole cannot be read.
    """
    if format and format not in PREDICTION_FORMATS:
        raise UserError(f"There is no format “{format}” of predictions: choose among {', '.join(PREDICTION_FORMATS)}.")
    with open_rows(path, prefer="predictions") as file:
        brings = format == "bigbench-mistake" or (not format and _is_mistakes(file))
        if not format and not mapping and _is_samples(file):
            raise UserError(
                f"{file.name} holds samples, not predictions: import it as a validation, test or support set."
            )
        used = {} if brings else predictions.settle_mapping(file.name, file.columns, mapping or {})
        found = _mistakes(file) if brings else _predicted(file, known, used)
        read: dict[str, tuple[Sample | None, ImportedPrediction]] = {}
        refused: list[Refusal] = []
        rows = duplicates = 0
        for row, item in found:
            rows += 1
            if not isinstance(item, RowError) and item[1].source_id not in read:
                read[item[1].source_id] = item
                continue
            duplicates += not isinstance(item, RowError)
            if len(refused) < MOST_REFUSED:
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


def _refusal(row: Row, item: "RowError | Predicted", name: str) -> Refusal:
    if not isinstance(item, RowError):
        return duplicate(row.file or name, row.line, item[1].source_id)
    return Refusal(file=row.file or name, line=row.line, field=item.field, reason=item.reason)


Predicted = tuple[Sample | None, ImportedPrediction]


def _mistakes(file: RowFile) -> Iterator[tuple[Row, Predicted | RowError]]:
    category = Path(file.name).name.split(".")[0]
    return _each(file, lambda row: bigbench_mistake.sample_and_prediction(row.value, category))


def _predicted(
    file: RowFile, known: Mapping[str, Sample], mapping: Mapping[str, str]
) -> Iterator[tuple[Row, Predicted | RowError]]:
    as_text = file.kind in ("csv", "tsv")

    def read(row: Row) -> Predicted:
        fields = predictions.named_fields(as_fields(row.value), mapping, as_text=as_text)
        return None, predictions.prediction_of(fields, known)

    return _each(file, read)


def _each(file: RowFile, read: Callable[[Row], Predicted]) -> Iterator[tuple[Row, Predicted | RowError]]:
    for row in file.rows:
        try:
            if row.error:
                raise RowError("row", row.error)
            yield row, read(row)
        except RowError as error:
            yield row, error


def _is_mistakes(file: RowFile) -> bool:
    return any(bigbench_mistake.is_row(row.value) for row in file.first[:1])


def _is_samples(file: RowFile) -> bool:
    """Whether the rows hold conversations, or questions without anything that is called a prediction."""
    asks = "question" in file.columns and not predictions.names_prediction(file.columns)
    return any(llava.is_row(row.value) or asks for row in file.first[:1])
