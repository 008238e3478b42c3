"""The work of jobs on the machines of a Ray cluster, an engine that exists (``switchpoint worker --engine ray``).

Predictions, diagnoses and labels run as Ray Data's ``map_batches`` over actors that hold the model, one a GPU (or one
for each so many processors); tuning as Ray Train's ``TorchTrainer`` around the same function as on one machine. The
verbs of core know nothing of it. Only the driver, this worker, writes SQLite: a ``Keeper`` beside the database hands
out what is worked on, and what is found comes back to be saved. What is lost with an actor or a node Ray does again;
what is lost with the driver the next one finds missing. Nodes read models from where their names say; adapters and
checkpoints lie in the data directory's ``adapters``, which all nodes must see. Loads Ray when a job needs it.
"""

import logging
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from app.engines.local_engine import Models
from app.engines.ray_actors import Done, Hand, Keeper, a_student, a_teacher, diagnosed, labelled, predicted
from app.engines.ray_tuning import Course, tune_there
from app.labels.labelling import Labels
from app.model_inputs import adapter_path
from app.progress import Stop
from app.settings import AppSettings, model_path
from app.tuning.local_run import run_inputs
from core.errors import UserError
from core.types import Diagnosis, Prediction, Sample, Update
from storage.database import Database
from storage.store import Project, Round, Run

if TYPE_CHECKING:
    from core.diagnosis import OnSkipped

DIAGNOSED, LABELLED = 32, 256  # items in a piece of work; the student's batch is the project's
READERS = 8
logger = logging.getLogger("switchpoint.worker")
MISSING = "Ray is not installed here: `pip install 'switchpoint[cluster]'`, on every machine of the cluster."


class Cluster(Models):
    """The machines of the cluster at ``address`` ("auto": the one that this machine is part of), ``most`` actors at a
    time (0: one a GPU; without any GPU one for each ``cpus`` processors).

    A model that the driver needs itself, to try it out for instance, is loaded here as ever.
    """

    def __init__(
        self, device: str = "auto", *, address: str = "auto", most: int = 0, cpus: int = 4, shard: bool = False
    ) -> None:
        super().__init__(device, shard=shard)
        self._address, self._most, self._cpus = address, most, cpus

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
        """As ``Models.predictions``, a batch a piece."""
        from core.student.batching import plan_batches

        pieces = plan_batches(model_path(project.student), samples, project.settings)
        load = partial(a_student, self.device, project, adapter_path(db, at.adapter))
        do = partial(predicted, settings=project.settings, round=at.id)
        for done in self._spread(db, pieces, load, do):
            for said in done.told:
                told(said)
            for sample, why in done.skipped:
                unseen(sample, why.reason)
            yield done.results

    def diagnoses(
        self,
        db: Database,
        project: Project,
        items: Sequence[tuple[Sample, Prediction]],
        *,
        round: int,
        skipped: "OnSkipped",
    ) -> Iterator[list[Diagnosis]]:
        """As ``Models.diagnoses``."""
        do = partial(diagnosed, settings=project.settings, round=round)
        yield from self._judged(db, project, _cut(items, DIAGNOSED), do, skipped)

    def labels(self, db: Database, project: Project, ids: "array[int]", *, skipped: "OnSkipped") -> Iterator[Labels]:
        """As ``Models.labels``."""
        yield from self._judged(db, project, _cut(ids, LABELLED), partial(labelled, settings=project.settings), skipped)

    def updates(self, db: Database, run: Run, *, stop: Stop, told: Callable[[str], None]) -> Iterator[Update]:
        """As ``Models.updates`` (``app.engines.ray_tuning``)."""
        project, adapter, ids = run_inputs(db, run)
        course = Course(
            keeper=self._keeper(db, ids),
            samples=len(ids),
            project=project,
            run=run,
            folder=db.adapters.resolve() / f"run-{run.id}",
            adapter=adapter,
            shard=self.shard,
        )
        yield from tune_there(course, most=self.size(), share=self._share(), stop=stop, told=told)

    def size(self) -> int:
        """How many actors the cluster has room for just now."""
        found = self._connected().cluster_resources()
        room = int(found.get("GPU", 0)) or max(1, int(found.get("CPU", 0)) // self._cpus)
        return min(room, self._most) if self._most else room

    def _share(self) -> dict[str, int]:
        """What an actor takes of a node."""
        has_gpus = self._connected().cluster_resources().get("GPU", 0) >= 1
        return {"num_gpus": 1, "num_cpus": 1} if has_gpus else {"num_cpus": self._cpus}

    def _judged(
        self, db: Database, project: Project, pieces: Sequence[Any], do: Callable[..., Done], skipped: "OnSkipped"
    ) -> Iterator[list[Any]]:
        """What the teacher says of the pieces."""
        for done in self._spread(db, pieces, partial(a_teacher, self.device, project), do):
            for sample, why in done.skipped:
                skipped(sample, why)
            yield done.results

    def _spread(
        self, db: Database, pieces: Sequence[Any], load: Callable[[], Any], do: Callable[..., Done]
    ) -> Iterator[Done]:
        """What becomes of the pieces, as it comes. Closed early, it ends the actors."""
        ray, many = self._connected(), len(pieces)
        numbers = ray.data.from_items([{"piece": each} for each in range(many)], override_num_blocks=many)
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=min(many, self.size()))
        given = (self._keeper(db, pieces), load, do)
        found = numbers.map_batches(Hand, fn_constructor_args=given, batch_size=1, compute=pool, **self._share())
        rows = iter(found.iter_rows())
        with closing(rows):
            try:
                for row in rows:
                    if row["done"].ended:
                        raise UserError(row["done"].ended)
                    yield row["done"]
            except ray.exceptions.RayError as error:
                logger.exception("the cluster failed")
                raise UserError(
                    f"The Ray cluster could not do this ({type(error).__name__}); logs/worker.log says why. What came "
                    "back is saved: start again, and it goes on from there."
                ) from error

    def _keeper(self, db: Database, items: Sequence[Any]) -> Any:
        ray = self._connected()
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        made = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, max_concurrency=READERS)(Keeper)
        self._kept = ray.put(items)  # for as long as the keeper may be begun again
        return made.options(scheduling_strategy=here).remote(db.data.resolve(), self._kept)

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
            raise UserError(MISSING) from error
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
            for talkative in ("ray.data", "ray.train"):
                logging.getLogger(talkative).setLevel(logging.WARNING)
        return ray


def engine_of(settings: AppSettings) -> Models:
    """Where a worker with these settings has its jobs' work done."""
    if settings.engine == "ray":
        found = settings.ray_address, settings.ray_actors, settings.ray_cpus
        return Cluster(settings.device, address=found[0], most=found[1], cpus=found[2], shard=settings.shard)
    return Models(settings.device, processes=settings.processes, shard=settings.shard)


def _cut(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
