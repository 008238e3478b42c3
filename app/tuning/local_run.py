"""A run made in this process: from its row to the samples, the student and the adapter that ``core.tuning`` takes.

Reads the data directory and saves no row. Loads models inside functions only.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import overload

from app.model_inputs import adapter_path, image_opener
from app.progress import Stop
from app.settings import model_path
from core.evaluation.arms import as_lesson
from core.types import Sample, Settings, Update
from storage import store
from storage.database import Database
from storage.store import Project, Run


class SelectedSamples(Sequence[Sample]):
    """A selection's samples in the order chosen, read when they are asked for, so that memory holds their ids alone.

    A labelled question without a response comes as one to learn from.
    """

    def __init__(self, db: Database, ids: Sequence[int], settings: Settings) -> None:
        self._db, self._ids, self._settings = db, ids, settings

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, key: int) -> Sample: ...
    @overload
    def __getitem__(self, key: slice) -> list[Sample]: ...

    def __getitem__(self, key: int | slice) -> Sample | list[Sample]:
        """The sample at a place, or those of a slice in one query."""
        wanted = self._ids[key] if isinstance(key, slice) else [self._ids[key]]
        with self._db.read() as connection:
            found = store.samples_by_id(connection, wanted)
        found = {key: each if each.response else as_lesson(each, self._settings) for key, each in found.items()}
        return [found[each] for each in wanted] if isinstance(key, slice) else found[wanted[0]]


def begins_with(db: Database, run: Run) -> tuple[Project, Path | None, "array[int]"]:
    """What a run is made from: its project, the adapter that its student has already, and the ids of its samples."""
    with db.read() as connection:
        project = store.project_of(connection, run.project)
        at = store.round_of(connection, run.from_round)
        return project, adapter_path(db, at.adapter), store.selected_ids(connection, run.selection)


def tune_here(
    db: Database, run: Run, *, device: str, stop: Stop, told: Callable[[str], None], shard: bool = False
) -> Iterator[Update]:
    """The updates of the run, as ``core.tuning.tune`` makes them; its adapter is left in the run's folder.

    In a process group of torch this process makes its share of them; ``shard`` then deals the student over it.
    """
    from core.tuning.run import tune

    project, adapter, ids = begins_with(db, run)
    yield from tune(
        model_path(project.student),
        SelectedSamples(db, ids, project.settings),
        image_opener(db),
        run.settings,
        folder=db.adapters / f"run-{run.id}",
        run=run.id,
        start_adapter=adapter,
        stop=stop,
        loading=project.settings.student,
        device=device,
        shard=shard,
        told=told,
    )
