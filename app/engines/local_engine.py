"""The models of this machine that a worker has loaded, what a job has them do, and where their adapters and images come
from.

The student and the teacher used last stay between jobs. Importing it loads no model library.
"""

import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from app.labels.labelling import Labels, samples_to_label
from app.model_inputs import adapter_path, image_opener
from app.progress import Stop
from app.settings import model_path
from app.tuning.local_run import tune_here
from app.tuning.multiprocess_run import process_count, tune_in_processes
from core.diagnosis import diagnose, label
from core.types import Diagnosis, Prediction, Sample, StudentSettings, Update
from storage import store
from storage.database import Database
from storage.store import Project, Round, Run

if TYPE_CHECKING:
    from core.diagnosis import OnSkipped
    from core.student.local import Student
    from core.teacher.local import LocalTeacher

T = TypeVar("T")


class Models:
    """The student and the teacher used last, kept between jobs so that the next one starts at once.

    ``predictions``, ``diagnoses`` and ``labels`` are a job's work in batches to save, each sample once, and ``updates``
    is a run's; an engine that does it elsewhere (``app.engines.ray_engine``) is a kind of Models that has these anew.
    ``processes`` is in how many processes a run is made ("auto": as many as there are GPUs); ``shard`` deals the
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
        """The student, with the adapter of its round on top."""
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
        at: Round,
        samples: Sequence[Sample],
        *,
        told: Callable[[str], None],
        unseen: Callable[[Sample, str], None],
    ) -> Iterator[list[Prediction]]:
        """What the round's student answers (``core.student.predict``)."""
        from core.student.local import predict

        settings = project.settings
        student = self.student(model_path(project.student), adapter_path(db, at.adapter), settings.student)
        yield from predict(student, samples, image_opener(db), settings, round=at.id, told=told, unseen=unseen)

    def diagnoses(
        self,
        db: Database,
        project: Project,
        items: Sequence[tuple[Sample, Prediction]],
        *,
        round: int,
        skipped: "OnSkipped",
    ) -> Iterator[list[Diagnosis]]:
        """What the teacher finds in wrong predictions (``core.diagnosis.diagnose``)."""
        teacher = self.teacher(model_path(project.teacher))
        yield from diagnose(teacher, items, project.settings, round_id=round, on_skipped=skipped)

    def labels(self, db: Database, project: Project, ids: "array[int]", *, skipped: "OnSkipped") -> Iterator[Labels]:
        """The teacher's labels of support samples (``core.diagnosis.label``)."""
        teacher = self.teacher(model_path(project.teacher))
        yield from label(teacher, samples_to_label(db, ids), project.settings, on_skipped=skipped)

    def updates(self, db: Database, run: Run, *, stop: Stop, told: Callable[[str], None]) -> Iterator[Update]:
        """The updates of a run (``core.tuning.tune``), from the first."""
        with db.read() as connection:
            loading = store.project_of(connection, run.project).settings.student
        many = process_count(self.processes, self.device, loading, shard=self.shard)
        if many == 1:
            yield from tune_here(db, run, device=self.device, stop=stop, on_remark=told)
        else:
            yield from tune_in_processes(db, run, many, device=self.device, shard=self.shard, stop=stop, on_remark=told)

    def clear(self) -> None:
        """Give the memory back, before tuning takes it."""
        self._loaded.clear()

    def _cached(self, kind: str, key: tuple[object, ...], load: Callable[[], T]) -> T:
        if self._loaded.get(kind, ((), None))[0] != key:
            self._loaded.pop(kind, None)
            self._loaded[kind] = (key, load())
        found: T = self._loaded[kind][1]
        return found
