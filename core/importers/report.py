"""What an import brings: the shapes that every format's importer returns, and how a row is refused.

Knows no format. Nothing is saved here, and whether refused rows stop the import is the caller's decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core.importers.images import ImageRef
from core.types import Refusal, Sample


class RowError(Exception):
    """Raised while a row is read; becomes a ``Refusal`` with the row's file and line."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class ImportedSamples:
    """Samples read from a file. ``images`` maps each content hash that a sample names to its image.

    ``found`` counts all rows; ``duplicates`` those refused because their id came earlier (also in ``refused``).
    """

    format: str
    found: int
    samples: tuple[Sample, ...]
    images: Mapping[str, ImageRef]
    refused: tuple[Refusal, ...]
    duplicates: int


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
    """Predictions read from a file, and the samples that it brings and the project does not have yet."""

    format: str
    found: int
    samples: tuple[Sample, ...]
    predictions: tuple[ImportedPrediction, ...]
    refused: tuple[Refusal, ...]
    duplicates: int
