"""A tuning run in this process: reads the run's samples, student and adapter, and calls ``core.tuning``.

Saves no row. Loads models inside functions only.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import overload

from app.model_inputs import adapter_path, image_opener
from app.progress import ShouldStop
from app.settings import model_path
from core.evaluation.arms import as_training_sample
from core.types import Sample, Settings, Update
from storage import store
from storage.database import Database
from storage.store import Project, Run


class SelectedSamples(Sequence[Sample]):
    """A selection's samples in their order, read from the database on access: only their ids are held in memory.

    A sample without a response is given one made from its answer (``core.evaluation.arms.as_training_sample``).
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
        """The sample at an index, or those of a slice in one query."""
        wanted = self._ids[key] if isinstance(key, slice) else [self._ids[key]]
        with self._db.read() as connection:
            found = store.samples_by_id(connection, wanted)
        found = {
            key: each if each.response else as_training_sample(each, self._settings) for key, each in found.items()
        }
        return [found[each] for each in wanted] if isinstance(key, slice) else found[wanted[0]]


def run_inputs(db: Database, run: Run) -> tuple[Project, Path | None, "array[int]"]:
    """A run's project, the adapter that it starts from, and the ids of its samples."""
    with db.read() as connection:
        project = store.project_of(connection, run.project)
        adapter = store.round_of(connection, run.from_round).adapter
        return project, adapter_path(db, adapter), store.selected_sample_ids(connection, run.selection)


def tune_here(
    db: Database,
    run: Run,
    *,
    device: str,
    should_stop: ShouldStop,
    on_remark: Callable[[str], None],
    shard: bool = False,
) -> Iterator[Update]:
    """The updates of the run, as ``core.tuning.run.tune`` makes them; the adapter is written into the run's folder.

    In a torch process group this process does its share of them; ``shard`` then shards the student over the group.
    """
    from core.tuning.run import tune

    project, adapter, ids = run_inputs(db, run)
    yield from tune(
        model_path(project.student),
        SelectedSamples(db, ids, project.settings),
        image_opener(db),
        run.settings,
        folder=db.adapters / f"run-{run.id}",
        run=run.id,
        start_adapter=adapter,
        should_stop=should_stop,
        loading=project.settings.student,
        device=device,
        shard=shard,
        on_remark=on_remark,
    )
