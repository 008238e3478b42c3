"""The engine that runs models in this process, and tuning runs here or in processes of this machine.

Importing it loads no model library.
"""

import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from app.labels.labelling import Labels, samples_to_label
from app.model_inputs import adapter_path, image_opener
from app.progress import ShouldStop
from app.settings import model_path
from app.tuning.local_run import tune_here
from app.tuning.multiprocess_run import process_count, tune_in_processes
from core.diagnosis import diagnose, label
from core.types import Diagnosis, OnSkipped, Prediction, RoundId, Sample, StudentSettings, Update
from storage import store
from storage.database import Database
from storage.store import Project, Round, Run

if TYPE_CHECKING:
    from core.student.local import Student
    from core.teacher.local import LocalTeacher

T = TypeVar("T")


class LocalEngine:
    """An ``Engine`` on this machine. Keeps the student and the teacher used last, so that the next job starts at once.

    ``processes`` is the number of processes of a tuning run ("auto": as many as there are GPUs); ``shard`` shards the
    student over them.
    """

    def __init__(self, device: str = "auto", *, processes: int | Literal["auto"] = 1, shard: bool = False) -> None:
        # Both are read when torch or transformers is first imported. A bar for each model has no place in a log; and a
        # thread that spins for long while it waits for another makes a busy machine 20 times slower (decision 0022).
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")
        self.device, self.processes, self.shard = device, processes, shard
        self._loaded: dict[str, tuple[tuple[object, ...], Any]] = {}

    def student(self, name: str, adapter: Path | None, settings: StudentSettings) -> "Student":
        """The student, with an adapter on top."""
        from core.models.devices import choose_threads
        from core.student.local import load_student

        key = (name, adapter, settings)
        found = self._cached("student", key, lambda: load_student(name, settings, adapter=adapter, device=self.device))
        choose_threads(found.model)
        return found

    def teacher(self, name: str) -> "LocalTeacher":
        """The text-only teacher."""
        from core.models.devices import choose_threads
        from core.teacher.local import load_teacher

        found = self._cached("teacher", (name,), lambda: load_teacher(name, device=self.device))
        choose_threads(found.model)
        return found

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
        """As ``Engine.predictions``."""
        from core.student.local import predict

        settings = project.settings
        student = self.student(model_path(project.student), adapter_path(db, round_.adapter), settings.student)
        yield from predict(
            student, samples, image_opener(db), settings, round_id=round_.id, on_remark=on_remark, on_skipped=on_skipped
        )

    def diagnoses(
        self,
        db: Database,
        project: Project,
        items: Sequence[tuple[Sample, Prediction]],
        *,
        round_id: RoundId,
        on_skipped: OnSkipped,
    ) -> Iterator[list[Diagnosis]]:
        """As ``Engine.diagnoses``."""
        teacher = self.teacher(model_path(project.teacher))
        yield from diagnose(teacher, items, project.settings, round_id=round_id, on_skipped=on_skipped)

    def labels(
        self, db: Database, project: Project, sample_ids: "array[int]", *, on_skipped: OnSkipped
    ) -> Iterator[Labels]:
        """As ``Engine.labels``."""
        teacher = self.teacher(model_path(project.teacher))
        yield from label(teacher, samples_to_label(db, sample_ids), project.settings, on_skipped=on_skipped)

    def updates(
        self, db: Database, run: Run, *, should_stop: ShouldStop, on_remark: Callable[[str], None]
    ) -> Iterator[Update]:
        """As ``Engine.updates``."""
        with db.read() as connection:
            loading = store.project_of(connection, run.project).settings.student
        many = process_count(self.processes, self.device, loading, shard=self.shard)
        if many == 1:
            yield from tune_here(db, run, device=self.device, should_stop=should_stop, on_remark=on_remark)
        else:
            yield from tune_in_processes(
                db, run, many, device=self.device, shard=self.shard, should_stop=should_stop, on_remark=on_remark
            )

    def clear(self) -> None:
        """Free the memory of both models."""
        self._loaded.clear()

    def _cached(self, kind: str, key: tuple[object, ...], load: Callable[[], T]) -> T:
        if self._loaded.get(kind, ((), None))[0] != key:
            self._loaded.pop(kind, None)
            self._loaded[kind] = (key, load())
        found: T = self._loaded[kind][1]
        return found
