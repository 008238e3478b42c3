"""What an import brings: the shapes that every format's importer returns, and how a row is refused.

Knows no format. Nothing is saved here, and whether refused rows stop the import is the caller's decision.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from core.importers.images.sources import ImageRef
from core.types import Refusal, Sample


class RowError(Exception):
    """Raised while a row is read; becomes a ``Refusal`` with the row's file and line."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Duplicate(Refusal):
    """A row that is refused because its id came earlier in the file."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """A sample that was read, the line (or, in parquet, the row) it begins on, and its split in the file.

    ``split`` is "train", "validation", "test", or "" where the file gives none.
    """

    line: int
    sample: Sample
    split: str = ""


@dataclass(frozen=True, kw_only=True)
class SampleFile:
    """An open file of samples: ``items`` streams them, in constant memory, with the rows that are refused.

    ``format`` is a key of ``FORMATS``, ``container`` what it came in ("JSONL.gz in a zip"). ``columns`` and the
    ``mapping`` from fields to columns that is used are there for tables only, {} and () otherwise. ``notes`` are
    sentences for the report: an encoding that was guessed, rows named by their number. ``image`` gives the image of
    that hash; it knows those of the newest 16,384 samples that named one, so take them batch by batch.
    A refusal's field is "image" where the image is missing or unusable, and it is a ``Duplicate`` where the id came
    earlier. ``items`` raises UserError when the file breaks off.
    """

    name: str
    format: str
    container: str
    columns: tuple[str, ...]
    mapping: Mapping[str, str]
    notes: tuple[str, ...]
    items: Iterator[Read | Refusal]
    image: Callable[[str], ImageRef]


@dataclass(frozen=True, kw_only=True)
class ImportedSamples:
    """Samples read from a file. ``images`` maps each content hash that a sample names to its image.

    ``found`` counts all rows; ``duplicates`` those refused because their id came earlier (also in ``refused``).
    ``notes`` as in ``SampleFile``.
    """

    format: str
    found: int
    samples: tuple[Sample, ...]
    images: Mapping[str, ImageRef]
    refused: tuple[Refusal, ...]
    duplicates: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportedPrediction:
    """A model's rationale for the sample ``source_id``, read as ``Prediction`` holds it.

    ``gold_mistake_step`` counts from 1; None: the file gives none, or finds no mistake among the steps.
    """

    source_id: str
    text: str
    steps: tuple[str, ...]
    answer: str | None
    reading: str
    span: tuple[int, int] | None = None
    gold_mistake_step: int | None = None
    read_confidence: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ImportedPredictions:
    """Predictions read from a file, and the samples that it brings and the project does not have yet.

    ``refused`` holds the first 100,000 refused rows, ``refused_rows`` counts them all. ``columns``,
    ``mapping`` and ``notes`` as in ``SampleFile``; BIG-Bench Mistake's rows need no mapping.
    """

    format: str
    found: int
    samples: tuple[Sample, ...]
    predictions: tuple[ImportedPrediction, ...]
    refused: tuple[Refusal, ...]
    refused_rows: int
    duplicates: int
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
