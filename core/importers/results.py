"""The results of an import, the same for every format, and how a row is refused."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from core.importers.images.sources import ImageRef
from core.types import Refusal, Sample


class RowError(Exception):
    """Raised while a row is parsed; becomes a ``Refusal`` with its file and line."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Duplicate(Refusal):
    """A row refused because its id occurred earlier in the file."""


@dataclass(frozen=True, kw_only=True)
class ReadSample:
    """A sample, the line (in parquet, the row) it starts on, and its split in the file.

    ``split`` is "train", "validation", "test", or "" when the file does not say. ``given_id`` is the id in the file
    where the sample got another one, else "".
    """

    line: int
    sample: Sample
    split: str = ""
    given_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SampleFile:
    """An open file of samples: ``items`` streams samples and refused rows, in constant memory.

    ``format`` is a key of ``FORMATS``, ``container`` what it came in ("JSONL.gz in a zip"). ``columns`` and the
    ``mapping`` from fields to columns exist for tables only. ``notes`` are sentences for the report, such as a guessed
    encoding. ``image`` returns an image by hash and knows only those of the newest 16,384 samples with one, so process
    samples in batches. A refusal's field is "image" where the image is missing or unusable; it is a ``Duplicate`` where
    the id occurred earlier. ``items`` raises UserError when the file is broken.
    """

    name: str
    format: str
    container: str
    columns: tuple[str, ...]
    mapping: Mapping[str, str]
    notes: tuple[str, ...]
    items: Iterator[ReadSample | Refusal]
    image: Callable[[str], ImageRef]


@dataclass(frozen=True, kw_only=True)
class ImportedSamples:
    """Samples read from a file. ``images`` maps content hashes to images.

    ``found`` counts all rows; ``duplicates`` those refused because of their id (also in ``refused``). ``notes`` as in
    ``SampleFile``.
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
    """A model's rationale for the sample ``source_id``, with the fields of ``Prediction``.

    ``gold_mistake_step`` counts from 1; None when the file gives none, or no step is wrong.
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
class PredictionExample:
    """How one prediction was read, for a person to check: its text, its answer (None: unclear) and the truth."""

    source_id: str
    truth: str
    answer: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class ImportedPredictions:
    """Predictions read from a file, and the samples it includes that the project does not have yet.

    ``refused`` holds the first 100,000 refused rows, ``refused_rows`` counts all; ``repeats`` counts rows that repeat
    the reply of an earlier one. ``columns``, ``mapping`` and ``notes`` as in ``SampleFile``; BIG-Bench Mistake needs no
    mapping. ``examples`` shows the first three predictions.
    """

    format: str
    found: int
    samples: tuple[Sample, ...]
    predictions: tuple[ImportedPrediction, ...]
    refused: tuple[Refusal, ...]
    refused_rows: int
    duplicates: int
    repeats: int = 0
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[PredictionExample, ...] = ()
