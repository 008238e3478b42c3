"""Read samples and predictions from users' files: any container, and any of the formats in ``formats``.

Every row that cannot be used is reported with its file, line and field. Nothing is saved here, and the caller decides
whether one refused row stops an import. ``line`` is the line of the file, from 1, at which a row starts (in parquet
files and data sets the row, from 1).
"""

from core.importers.fields.column_mapping import propose_mapping
from core.importers.fields.column_names import FIELDS
from core.importers.images.sources import ImageRef
from core.importers.open_samples import FORMATS, columns_of, open_samples, read_samples
from core.importers.read_predictions import PREDICTION_FORMATS, read_predictions
from core.importers.results import (
    Duplicate,
    ImportedPrediction,
    ImportedPredictions,
    ImportedSamples,
    PredictionExample,
    ReadSample,
    SampleFile,
)
from core.importers.unique_ids import renamed_note
