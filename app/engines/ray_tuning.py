"""A tuning run on a Ray cluster: Ray Train's ``TorchTrainer`` around ``core.tuning.run.tune``, one process an actor.

Elastic: with fewer nodes, or more, the run continues from its newest checkpoint and stays the same run. The processes
and the driver communicate by files in the run's folder: process 0 writes messages, and ends after a checkpoint once the
stop file exists. Knows neither jobs nor the database.
"""

import logging
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, overload

from app.engines.local_engine import LocalEngine
from app.engines.ray_actors import call_actor, image_or_raise
from app.model_inputs import image_opener_from
from app.progress import ShouldStop
from app.settings import model_path
from app.tuning.message_log import append_message, follow_messages
from core.errors import UserError
from core.types import Sample, Settings, Update
from storage.store import Project, Run

MAX_FAILURES = 8  # a node that is lost is one
STOP_TIMEOUT_SECONDS = 600.0  # enough for a checkpoint of a large student
logger = logging.getLogger("switchpoint.worker")


@dataclass(frozen=True, kw_only=True)
class RayRun:
    """A run and what its processes need: the ``work_store`` of its ``sample_count`` samples, its ``folder``, and the
    ``adapter`` to start from; ``shard`` shards the student over them. ``token`` separates this driver's files from
    those of a driver that died."""

    work_store: Any
    sample_count: int
    project: Project
    run: Run
    folder: Path
    adapter: Path | None
    shard: bool
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def messages(self) -> Path:
        """The file of the processes' messages, a line of JSON each."""
        return self.folder / f"news-{self.token}.jsonl"

    @property
    def stop_file(self) -> Path:
        """The file that exists once the processes are to end."""
        return self.folder / f"stop-{self.token}"

    @property
    def ray(self) -> Path:
        """Ray Train's own folder."""
        return self.folder / f"ray-{self.token}"


class RemoteSamples(Sequence[Sample]):
    """A selection's samples, read from the ``WorkStore``; the counterpart of ``SelectedSamples`` on a cluster."""

    def __init__(self, work_store: Any, size: int, settings: Settings) -> None:
        self._work_store, self._size, self._settings = work_store, size, settings

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, key: int) -> Sample: ...
    @overload
    def __getitem__(self, key: slice) -> list[Sample]: ...

    def __getitem__(self, key: int | slice) -> Sample | list[Sample]:
        """The sample at a place, or those of a slice with one call."""
        found: Sample | list[Sample] = call_actor(self._work_store.selected, key, self._settings)
        return found


def tune_on_ray(
    ray_run: RayRun,
    *,
    max_processes: int,
    resources: dict[str, int],
    should_stop: ShouldStop,
    on_remark: Callable[[str], None],
) -> Iterator[Update]:
    """The updates of the run as they are made, by at most ``max_processes`` processes that take ``resources`` each.

    After a process is lost, the updates since the newest checkpoint come again. Raises UserError with the message of a
    process, or that too many were lost.
    """
    ray_run.folder.mkdir(parents=True, exist_ok=True)
    for leftover in (each for pattern in ("news-*", "stop-*", "ray-*") for each in ray_run.folder.glob(pattern)):
        _remove(leftover)
    message_to_user, failed = "", list[Exception]()
    with _fit_in_thread(_trainer(ray_run, max_processes, resources), ray_run, failed) as thread:
        for message in follow_messages(ray_run.messages, lambda: not thread.is_alive()):
            if should_stop():
                ray_run.stop_file.touch()
            if "update" in message:
                yield Update(**message["update"])
            elif "remark" in message:
                on_remark(message["remark"])
            message_to_user = message.get("ended", message_to_user)
    if message_to_user:
        raise UserError(message_to_user)
    if failed:
        logger.error("tuning on the cluster failed", exc_info=failed[0])
        raise UserError(
            "Tuning on the cluster failed: its processes ended or could not begin, logs/worker.log says why. Resume "
            "the run, and it goes on from its newest checkpoint."
        )


def _trainer(ray_run: RayRun, max_processes: int, resources: dict[str, int]) -> Any:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    workers: Any = (1, max_processes)  # elastic; Ray declares the type of a fixed number only
    return TorchTrainer(
        _train_loop,
        train_loop_config={"ray_run": ray_run},
        scaling_config=ScalingConfig(
            num_workers=workers,
            use_gpu="num_gpus" in resources,
            resources_per_worker={"CPU": resources["num_cpus"]} | ({"GPU": 1} if "num_gpus" in resources else {}),
        ),
        run_config=RunConfig(
            name=f"run-{ray_run.run.id}",
            storage_path=str(ray_run.ray),  # all nodes have to see it, which Ray checks
            failure_config=FailureConfig(max_failures=MAX_FAILURES),
        ),
    )


@contextmanager
def _fit_in_thread(trainer: Any, ray_run: RayRun, failed: list[Exception]) -> Iterator[Thread]:
    """A thread that runs the trainer. Where the block is left early, the processes are stopped and waited for."""

    def fit() -> None:
        try:
            trainer.fit()
        except Exception as error:  # raised where the thread is waited for
            failed.append(error)

    thread = Thread(target=fit, daemon=True)
    thread.start()
    try:
        yield thread
    except GeneratorExit:
        ray_run.stop_file.touch()
        thread.join(STOP_TIMEOUT_SECONDS)
        raise
    for each in (ray_run.messages, ray_run.stop_file, ray_run.ray):
        _remove(each)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _train_loop(config: dict[str, RayRun]) -> None:
    """Tunes in one process. A UserError is written as a message and the process ends normally, so that Ray restarts
    nothing; the other processes fail, and find the message when they are restarted."""
    from ray.train import get_context
    from ray.train.torch import get_device

    from core.tuning.process_group import OtherProcessError
    from core.tuning.run import tune

    ray_run, is_first = config["ray_run"], get_context().get_world_rank() == 0
    settings = ray_run.project.settings

    if ray_run.messages.exists() and '{"ended"' in ray_run.messages.read_text():
        return
    LocalEngine()  # sets what torch and transformers read when they are first imported
    try:
        for update in tune(
            model_path(ray_run.project.student),
            RemoteSamples(ray_run.work_store, ray_run.sample_count, settings),
            image_opener_from(lambda key: image_or_raise(call_actor(ray_run.work_store.image, key))),
            ray_run.run.settings,
            folder=ray_run.folder,
            run=ray_run.run.id,
            start_adapter=ray_run.adapter,
            should_stop=ray_run.stop_file.exists,
            loading=settings.student,
            shard=ray_run.shard,
            device=str(get_device()),
            on_remark=lambda remark: append_message(ray_run.messages, remark=remark),
        ):
            if is_first:
                append_message(ray_run.messages, update=asdict(update))
    except OtherProcessError:
        raise
    except UserError as error:
        append_message(ray_run.messages, ended=str(error))
