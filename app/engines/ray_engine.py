"""The engine that runs models on a Ray cluster (``switchpoint worker --engine ray``).

Predictions, diagnoses and labels are Ray Data's ``map_batches`` over actors that hold the model, one for each GPU (or
one for a number of CPUs); tuning is Ray Train's ``TorchTrainer`` around the same function as on one machine. The code
in ``core`` knows nothing of it. Only the driver, which is this worker, writes to SQLite: a ``WorkStore`` beside the
database serves the items, and the results come back to be saved. Ray repeats what is lost with an actor or a node; the
next driver finds missing what was lost with this one. Nodes read models by their names; adapters and checkpoints are
in the data directory's ``adapters`` folder, which all nodes must see. Ray is imported when a job needs it.
"""

import logging
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.engines.local_engine import LocalEngine
from app.engines.ray_actors import (
    ModelActor,
    PieceResult,
    WorkStore,
    diagnose_piece,
    label_piece,
    load_student,
    load_teacher,
    predict_piece,
)
from app.engines.ray_tuning import RayRun, tune_on_ray
from app.labels.labelling import Labels
from app.model_inputs import adapter_path
from app.progress import ShouldStop
from app.settings import model_path
from app.tuning.local_run import run_inputs
from core.errors import UserError
from core.types import Diagnosis, OnSkipped, Prediction, RoundId, Sample, StudentSettings, Update
from storage.database import Database
from storage.store import Project, Round, Run

if TYPE_CHECKING:
    from core.student.local import Student
    from core.teacher.local import LocalTeacher

DIAGNOSES_PER_PIECE, LABELS_PER_PIECE = 32, 256  # a piece of predictions is a batch of the project's size
MAX_CONCURRENT_READS = 8
logger = logging.getLogger("switchpoint.worker")
RAY_MISSING = "Ray is not installed here: `pip install 'switchpoint[cluster]'`, on every machine of the cluster."


class RayEngine:
    """An ``Engine`` on the cluster at ``address`` ("auto": the one that this machine is part of).

    ``max_actors`` run at a time (0: one for each GPU; without a GPU one for each ``cpus_per_actor`` CPUs); ``shard``
    shards the student of a tuning run over them. ``student`` and ``teacher`` are loaded in the driver.
    """

    def __init__(
        self,
        device: str = "auto",
        *,
        address: str = "auto",
        max_actors: int = 0,
        cpus_per_actor: int = 4,
        shard: bool = False,
    ) -> None:
        self._local = LocalEngine(device)
        self._address, self._max_actors, self._cpus_per_actor, self._shard = address, max_actors, cpus_per_actor, shard

    @property
    def device(self) -> str:
        """As ``Engine.device``, on each machine."""
        return self._local.device

    def student(self, name: str, adapter: Path | None, settings: StudentSettings) -> "Student":
        """As ``Engine.student``."""
        return self._local.student(name, adapter, settings)

    def teacher(self, name: str) -> "LocalTeacher":
        """As ``Engine.teacher``."""
        return self._local.teacher(name)

    def clear(self) -> None:
        """As ``Engine.clear``."""
        self._local.clear()

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
        """As ``Engine.predictions``; a piece is a batch."""
        from core.student.batching import plan_batches

        pieces = plan_batches(model_path(project.student), samples, project.settings)
        load = partial(load_student, self.device, project, adapter_path(db, round_.adapter))
        process = partial(predict_piece, settings=project.settings, round_id=round_.id)
        for result in self._map_pieces(db, pieces, load, process):
            for remark in result.remarks:
                on_remark(remark)
            for sample, why in result.skipped:
                on_skipped(sample, why)
            yield result.results

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
        process = partial(diagnose_piece, settings=project.settings, round_id=round_id)
        yield from self._map_with_teacher(db, project, _pieces_of(items, DIAGNOSES_PER_PIECE), process, on_skipped)

    def labels(
        self, db: Database, project: Project, sample_ids: "array[int]", *, on_skipped: OnSkipped
    ) -> Iterator[Labels]:
        """As ``Engine.labels``."""
        process = partial(label_piece, settings=project.settings)
        yield from self._map_with_teacher(db, project, _pieces_of(sample_ids, LABELS_PER_PIECE), process, on_skipped)

    def updates(
        self, db: Database, run: Run, *, should_stop: ShouldStop, on_remark: Callable[[str], None]
    ) -> Iterator[Update]:
        """As ``Engine.updates`` (``app.engines.ray_tuning``)."""
        project, adapter, ids = run_inputs(db, run)
        ray_run = RayRun(
            work_store=self._work_store(db, ids),
            sample_count=len(ids),
            project=project,
            run=run,
            folder=db.adapters.resolve() / f"run-{run.id}",
            adapter=adapter,
            shard=self._shard,
        )
        yield from tune_on_ray(
            ray_run,
            max_processes=self.actor_count(),
            resources=self._actor_resources(),
            should_stop=should_stop,
            on_remark=on_remark,
        )

    def actor_count(self) -> int:
        """How many actors the cluster has room for now."""
        found = self._connected().cluster_resources()
        room = int(found.get("GPU", 0)) or max(1, int(found.get("CPU", 0)) // self._cpus_per_actor)
        return min(room, self._max_actors) if self._max_actors else room

    def _actor_resources(self) -> dict[str, int]:
        """What an actor takes of a node, as options of Ray."""
        has_gpus = self._connected().cluster_resources().get("GPU", 0) >= 1
        return {"num_gpus": 1, "num_cpus": 1} if has_gpus else {"num_cpus": self._cpus_per_actor}

    def _map_with_teacher(
        self,
        db: Database,
        project: Project,
        pieces: Sequence[Any],
        process: Callable[..., PieceResult],
        on_skipped: OnSkipped,
    ) -> Iterator[list[Any]]:
        """The results of each piece, processed by actors that hold the teacher."""
        for result in self._map_pieces(db, pieces, partial(load_teacher, self.device, project), process):
            for sample, why in result.skipped:
                on_skipped(sample, why)
            yield result.results

    def _map_pieces(
        self, db: Database, pieces: Sequence[Any], load: Callable[[], Any], process: Callable[..., PieceResult]
    ) -> Iterator[PieceResult]:
        """The result of each piece, as they come. Closing the iterator ends the actors."""
        ray, count = self._connected(), len(pieces)
        numbers = ray.data.from_items([{"piece": each} for each in range(count)], override_num_blocks=count)
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=min(count, self.actor_count()))
        arguments = (self._work_store(db, pieces), load, process)
        found = numbers.map_batches(
            ModelActor, fn_constructor_args=arguments, batch_size=1, compute=pool, **self._actor_resources()
        )
        rows = iter(found.iter_rows())
        with closing(rows):
            try:
                for row in rows:
                    result: PieceResult = row["result"]
                    if result.error:
                        raise UserError(result.error)
                    yield result
            except ray.exceptions.RayError as error:
                logger.exception("the cluster failed")
                raise UserError(
                    f"The Ray cluster could not do this ({type(error).__name__}); logs/worker.log says why. What came "
                    "back is saved: start again, and it goes on from there."
                ) from error

    def _work_store(self, db: Database, items: Sequence[Any]) -> Any:
        ray = self._connected()
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        actor = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, max_concurrency=MAX_CONCURRENT_READS)(
            WorkStore
        )
        self._items_ref = ray.put(items)  # kept alive for as long as Ray may restart the actor
        return actor.options(scheduling_strategy=here).remote(db.data.resolve(), self._items_ref)

    def _connected(self) -> Any:
        if "://" in self._address:
            raise UserError(
                "The worker itself has to run on a machine of the cluster, since only it may read the database: name "
                "the cluster HOST:6379, or auto."
            )
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
            import ray.data
            import ray.exceptions
            import ray.util.scheduling_strategies
        except ImportError as error:
            raise UserError(RAY_MISSING) from error
        if not ray.is_initialized():
            try:
                # What actors print stays in their node's logs: it does not pass what takes secrets out of ours.
                ray.init(address=self._address, log_to_driver=False, logging_level=logging.WARNING)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise UserError(
                    f"No Ray cluster was found at {self._address!r}: start one with `ray start --head` here, or with "
                    "`ray start --address HEAD:6379` make this machine part of one."
                ) from error
            ray.data.DataContext.get_current().enable_progress_bars = False
            for name in ("ray.data", "ray.train"):
                logging.getLogger(name).setLevel(logging.WARNING)
        return ray


def _pieces_of(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
