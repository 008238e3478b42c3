"""The kinds and states of a job."""

from typing import Literal

JobKind = Literal["predict", "diagnose", "label", "tune", "import", "try", "experiment", "identify", "measure"]
JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
