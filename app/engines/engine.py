"""The interface of an engine: what jobs ask models to do, wherever the models run.

Imports no model library and no Ray.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.labels.labelling import Labels
from app.progress import ShouldStop
from core.types import Diagnosis, OnSkipped, Prediction, RoundId, Sample, StudentSettings, Update
from storage.database import Database
from storage.store import Project, Round, Run

if TYPE_CHECKING:
    from core.student.local import Student
    from core.teacher.local import LocalTeacher


class Engine(Protocol):
    """Runs the student and the teacher for jobs, and tuning runs.

    ``predictions``, ``diagnoses`` and ``labels`` yield batches to save, each sample once; ``student`` and ``teacher``
    are models in this process, for work on a few samples.
    """

    @property
    def device(self) -> str:
        """Where models run, as in ``core.models.devices.choose_device``."""

    def student(self, name: str, adapter: Path | None, settings: StudentSettings) -> "Student":
        """The student in this process, with an adapter on top."""

    def teacher(self, name: str) -> "LocalTeacher":
        """The teacher in this process."""

    def predictions(
        self,
        db: Database,
        project: Project,
        round_: Round,
        samples: Sequence[Sample],
        *,
        on_remark: Callable[[str], None],
        on_skipped: OnSkipped,
    ) -> Iterator[list[Prediction]]:
        """What the round's student answers (``core.student.local.predict``).

        ``on_remark`` gets sentences for the user, ``on_skipped`` each sample whose image cannot be opened.
        """

    def diagnoses(
        self,
        db: Database,
        project: Project,
        items: Sequence[tuple[Sample, Prediction]],
        *,
        round_id: RoundId,
        on_skipped: OnSkipped,
    ) -> Iterator[list[Diagnosis]]:
        """The teacher's diagnoses of wrong predictions (``core.diagnosis.diagnose``)."""

    def labels(
        self, db: Database, project: Project, sample_ids: "array[int]", *, on_skipped: OnSkipped
    ) -> Iterator[Labels]:
        """The teacher's labels of support samples (``core.diagnosis.label``)."""

    def updates(
        self, db: Database, run: Run, *, should_stop: ShouldStop, on_remark: Callable[[str], None]
    ) -> Iterator[Update]:
        """The updates of a tuning run (``core.tuning.run.tune``), from the first."""

    def clear(self) -> None:
        """Free the memory of the models in this process."""
