"""Open a file of samples: detect its format from the rows, in any container.

Streams: duplicates are detected by a hash of each id, the only memory that grows with the number of rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from core.errors import UnavailableError, UserError
from core.importers import splits
from core.importers.containers.files import open_zip
from core.importers.containers.json_rows import Row
from core.importers.containers.open_rows import RowFile, open_rows
from core.importers.fields import column_mapping
from core.importers.fields.candidates import letters_note
from core.importers.fields.column_names import match_by_name
from core.importers.formats import bigbench_mistake, llava, mmbench, scienceqa, table
from core.importers.images.checked import Images
from core.importers.images.sources import ImageFolder, ImageRef, ImageSource, ImageZip
from core.importers.prediction_files.columns import PREDICTION_FIELDS, is_table
from core.importers.references.named_images import other_columns
from core.importers.results import Duplicate, ImportedSamples, ReadSample, RowError, SampleFile
from core.importers.row_ids import row_ids, row_name
from core.importers.unique_ids import FoundSample, renamed_note, unique_samples
from core.own_files import refuse_own
from core.types import Refusal, Role, Sample

FORMATS = {
    "llava": "LLaVA or ShareGPT conversations",
    "mmbench": "MMBench",
    "scienceqa": "ScienceQA",
    "csv": "CSV table",
    "tsv": "TSV table",
    "jsonl": "JSON rows",
    "xlsx": "Excel workbook",
    "parquet": "parquet table",
    "dataset": "Hugging Face data set",
    "hub": "data set of the Hugging Face Hub",
}
# Formats detected from the rows, with their names in reports; tables are named by their container.
_SHAPES = {"llava": "LLaVA", "mmbench": "MMBench", "scienceqa": "ScienceQA"}
_NO_ID = "No column is the id: samples are named by the file and their row's number."
T = TypeVar("T")


@contextmanager
def open_samples(
    path: Path | str,
    *,
    role: Role,
    format: str = "",
    mapping: Mapping[str, str] | None = None,
    images: Path | None = None,
    lazy_images: bool = False,
    encoding: str = "",
) -> Iterator[SampleFile]:
    """The samples at a path (a file, folder or zip) or, as "hf:owner/name[:split]", on the Hugging Face Hub.

    The format is detected; ``format`` (a key of ``FORMATS``) overrides. For tables ``mapping`` overrides the proposed
    columns ("" leaves a field out). Image names are relative to ``images`` (a folder or zip), by default to the file; a
    folder "images" there is searched as well. With ``lazy_images`` an image in a folder is only looked up and stays
    there (``ImageRef.path``). ``encoding`` names that of a text file, in place of the detected one. Raises UserError
    when the file cannot be read.
    """
    if format and format not in FORMATS:
        raise UserError(f"There is no format “{format}”: choose among {', '.join(FORMATS)}, or leave it to be found.")
    kind = "" if format in _SHAPES else format
    with open_rows(path, prefer=role, kind=kind, encoding=encoding) as file:
        checked = Images(_source(images) if images else file.images, lazy=lazy_images)
        yield _opened(file, format or _shape(file, given=bool(mapping)), role, mapping or {}, checked)


def read_samples(
    path: Path | str,
    *,
    role: Role,
    format: str = "",
    mapping: Mapping[str, str] | None = None,
    images: Path | None = None,
    encoding: str = "",
) -> ImportedSamples:
    """All samples of a file at once, for sets that fit into memory; see ``open_samples``, which raises the same."""
    samples: list[Sample] = []
    refused: list[Refusal] = []
    renamed: list[ReadSample] = []
    used: dict[str, ImageRef] = {}
    with open_samples(path, role=role, format=format, mapping=mapping, images=images, encoding=encoding) as file:
        for item in file.items:
            if isinstance(item, Refusal):
                refused.append(item)
                continue
            samples.append(item.sample)
            renamed += [item] if item.given_id else []
            if item.sample.image:
                used[item.sample.image] = file.image(item.sample.image)
        notes = (*file.notes, renamed_note(len(renamed), renamed[0])) if renamed else file.notes
        return ImportedSamples(
            format=f"{_SHAPES.get(file.format, '')} {file.container}".strip(),
            found=len(samples) + len(refused),
            samples=tuple(samples),
            images=used,
            refused=tuple(refused),
            duplicates=sum(isinstance(each, Duplicate) for each in refused),
            notes=notes,
        )


def columns_of(
    path: Path | str, *, prefer: str, format: str = "", encoding: str = ""
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The columns of a table and the mapping proposed for them, which may be incomplete.

    ``prefer`` is a role, or "predictions". No columns for anything but a table. Raises UserError when it cannot be
    read.
    """
    kind = format if format in FORMATS and format not in _SHAPES else ""
    with open_rows(path, prefer=prefer, kind=kind, encoding=encoding) as file:
        first = [row.value for row in file.first if isinstance(row.value, dict)]
        if any(llava.is_row(row) for row in first[:1]):
            return (), {}
        if prefer == "predictions":
            return file.columns, match_by_name(file.columns, PREDICTION_FIELDS)
        return file.columns, column_mapping.propose_mapping(file.columns, first)


def _looks_like_predictions(file: RowFile) -> bool:
    """Whether the rows are predictions rather than samples."""
    values = [row.value for row in file.first if not row.error]
    return bool(values) and (
        bigbench_mistake.is_row(values[0]) or (not llava.is_row(values[0]) and is_table(file.columns))
    )


def _shape(file: RowFile, *, given: bool = False) -> str:
    """The format of the rows; with a mapping ``given`` by the user they are samples."""
    first = next((row for row in file.first if not row.error), None)
    if not given and _looks_like_predictions(file):
        raise UserError(f"{file.name} holds predictions, not samples: import it as predictions.")
    if first is not None and llava.is_row(first.value):
        return "llava"
    if first is not None and scienceqa.is_row(first.value, first.key):
        return "scienceqa"
    if not file.columns:
        return "llava"  # no row has fields; each is refused with its own reason
    return "mmbench" if mmbench.is_table(file.columns) else file.kind


def _opened(file: RowFile, shape: str, role: Role, given: Mapping[str, str], images: Images) -> SampleFile:
    notes = list(file.notes)
    mapping: Mapping[str, str] = {}
    if shape == "llava":
        named = row_ids(file)
        notes += [] if named.column else [_NO_ID]
        found = parse_rows(file.rows, lambda row: (llava.parse_sample(named.row(row), role, images.hash_of), row.split))
    elif shape == "scienceqa":
        splits = scienceqa.read_splits(file.beside(scienceqa.SPLITS_FILE), scienceqa.SPLITS_FILE)
        found = parse_rows(file.rows, lambda row: scienceqa.parse_sample(row.value, row.key, splits, role, images))
    else:
        rows = [_value(row) for row in file.first if isinstance(row.value, dict)]
        names = tuple(dict.fromkeys((*(("id",) if any(row.key for row in file.first) else ()), *file.columns)))
        proposed = mmbench.mapping_of(file.columns) if shape == "mmbench" else {}
        if role == "support" and not {"answer", "answers"} & given.keys():
            proposed |= column_mapping.reply_as_answer(names, rows)
        splits_questions = shape != "mmbench" and role != "support"
        mapping = column_mapping.resolve_mapping(
            file.name, names, proposed | dict(given), rows, splits_questions=splits_questions
        )
        if "id" not in mapping and shape == "mmbench":
            raise UserError(f"{file.name} has no column “index”, which MMBench's images are shared by: read it as TSV.")
        if "id" not in mapping:
            notes.append(_NO_ID)
        if said := letters_note(mapping, rows):
            notes.append(said)
        if mapping.get("answer_as") in ("index", "number"):
            first = 0 if mapping["answer_as"] == "index" else 1
            notes.append(f"Answers are read as the options' places, counted from {first}: look whether that is right.")
        # A person who names the column of images has said that no other one counts.
        others = None if "image" in given else other_columns(names, mapping.get("image", ""), rows, mapping.values())
        read = _mmbench if shape == "mmbench" else _table
        found = read(file, mapping, role, images, others)
    return SampleFile(
        name=file.name,
        format=shape,
        container=file.container,
        columns=file.columns if mapping else (),
        mapping=mapping,
        notes=tuple(notes),
        items=unique_samples(found, file.name, role),
        image=images.image,
    )


def parse_rows(rows: Iterator[Row], parse: Callable[[Row], T]) -> Iterator[tuple[Row, T | RowError]]:
    """Each row with what ``parse`` returns for it, or with the RowError that refuses it."""
    for row in rows:
        try:
            if row.error:
                raise RowError("row", row.error)
            yield row, parse(row)
        except RowError as error:
            yield row, error


def _table(
    file: RowFile, mapping: Mapping[str, str], role: Role, images: Images, others: Sequence[str] | None
) -> Iterator[FoundSample]:
    numbers, known = count(1), {"id", *file.columns}

    def read(row: Row) -> tuple[Sample, str]:
        name = row_name(file, row, next(numbers))
        value = _value(row)
        # A row of JSON may have columns that none of the first rows has.
        late = () if others is None else other_columns((each for each in value if each not in known), "")
        more = (*(others or ()), *late)
        return table.parse_sample(value, mapping, role, images, name, others=more), _split(row, value, mapping)

    return parse_rows(file.rows, read)


def _mmbench(
    file: RowFile, mapping: Mapping[str, str], role: Role, images: Images, others: Sequence[str] | None
) -> Iterator[FoundSample]:
    for row, sample in mmbench.parse_samples(file.rows, mapping, role, images, others or ()):
        yield row, (sample, _split(row, row.value, mapping)) if isinstance(sample, Sample) else sample


def _value(row: Row) -> dict[str, Any]:
    if not isinstance(row.value, dict):
        raise RowError("row", "A row must be a JSON object with a field for each column.")
    return {"id": row.key} | row.value if row.key else row.value


def _split(row: Row, value: Mapping[str, Any], mapping: Mapping[str, str]) -> str:
    return splits.canonical_split(str(value.get(mapping["split"]) or "")) if "split" in mapping else row.split


def _source(path: Path) -> ImageSource:
    if path.is_dir():
        refuse_own(path)
        return ImageFolder(path)
    if not path.is_file():
        raise UnavailableError(
            f"There is no folder or zip {path} to take the images from: check the path and try again."
        )
    archive = open_zip(path)
    if archive is None:
        raise UserError(f"{path.name} is neither a folder nor a zip: images come from one of these.")
    return ImageZip(archive)
