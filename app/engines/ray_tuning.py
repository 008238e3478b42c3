"""A tuning run on a Ray cluster: Ray Train's ``TorchTrainer`` around ``core.tuning.tune``, one process an actor.

Elastic: with fewer nodes, or more, the run goes on from its newest checkpoint and stays the same run. The processes
and the driver meet in the run's folder: process 0 writes what happens into a file there, and ends after a checkpoint
once there is another. Knows neither jobs nor the database.
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

from app.engines.local_engine import Models
from app.engines.ray_actors import ask, whole
from app.model_inputs import opening
from app.settings import model_path
from app.tuning.message_log import append_message, follow_messages
from core.errors import UserError
from core.types import Sample, Settings, Update
from storage.store import Project, Run

FAILURES = 8  # a node that is lost is one
ENDING_SECONDS = 600.0  # for a checkpoint of a large student
logger = logging.getLogger("switchpoint.worker")


@dataclass(frozen=True, kw_only=True)
class Course:
    """A run and what its processes need: the ``keeper`` of so many ``samples``, the run's ``folder``, and the
    ``adapter`` to start from; ``shard`` deals the student over them. ``token`` tells this driver's files
    from those of one that died."""

    keeper: Any
    samples: int
    project: Project
    run: Run
    folder: Path
    adapter: Path | None
    shard: bool
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def news(self) -> Path:
        """Where the processes write what happens, a line of JSON each."""
        return self.folder / f"news-{self.token}.jsonl"

    @property
    def stop(self) -> Path:
        """It is there once they are to end."""
        return self.folder / f"stop-{self.token}"

    @property
    def ray(self) -> Path:
        """Ray Train's own folder."""
        return self.folder / f"ray-{self.token}"


class KeptSamples(Sequence[Sample]):
    """A selection's samples, asked for from the keeper beside the database; a cluster's ``SelectedSamples``."""

    def __init__(self, keeper: Any, size: int, settings: Settings) -> None:
        self._keeper, self._size, self._settings = keeper, size, settings

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, key: int) -> Sample: ...
    @overload
    def __getitem__(self, key: slice) -> list[Sample]: ...

    def __getitem__(self, key: int | slice) -> Sample | list[Sample]:
        """The sample at a place, or those of a slice with one question."""
        found: Sample | list[Sample] = ask(self._keeper.selected, key, self._settings)
        return found


def tune_there(
    course: Course,
    *,
    most: int,
    share: dict[str, int],
    stop: Callable[[], bool],
    told: Callable[[str], None],
) -> Iterator[Update]:
    """The updates of the run as they are made, by at most ``most`` processes that take ``share`` each.

    A process that is lost costs the updates since the newest checkpoint, which then come again. Raises UserError with
    what a process said, or that too many were lost.
    """
    course.folder.mkdir(parents=True, exist_ok=True)
    for old in (each for pattern in ("news-*", "stop-*", "ray-*") for each in course.folder.glob(pattern)):
        _removed(old)
    ended, failed = "", list[Exception]()
    with _fitting(_trainer(course, most, share), course, failed) as fitting:
        for said in follow_messages(course.news, lambda: not fitting.is_alive()):
            if stop():
                course.stop.touch()
            if "update" in said:
                yield Update(**said["update"])
            elif "remark" in said:
                told(said["remark"])
            ended = said.get("ended", ended)
    if ended:
        raise UserError(ended)
    if failed:
        logger.error("tuning on the cluster failed", exc_info=failed[0])
        raise UserError(
            "Tuning on the cluster failed: its processes ended or could not begin, logs/worker.log says why. Resume "
            "the run, and it goes on from its newest checkpoint."
        )


def _trainer(course: Course, most: int, share: dict[str, int]) -> Any:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    workers: Any = (1, most)  # elastic; what Ray declares knows a single number only
    return TorchTrainer(
        _tuned,
        train_loop_config={"course": course},
        scaling_config=ScalingConfig(
            num_workers=workers,
            use_gpu="num_gpus" in share,
            resources_per_worker={"CPU": share["num_cpus"]} | ({"GPU": 1} if "num_gpus" in share else {}),
        ),
        run_config=RunConfig(
            name=f"run-{course.run.id}",
            storage_path=str(course.ray),  # all nodes have to see it, which Ray finds out
            failure_config=FailureConfig(max_failures=FAILURES),
        ),
    )


@contextmanager
def _fitting(trainer: Any, course: Course, failed: list[Exception]) -> Iterator[Thread]:
    """The trainer at work in a thread; left early, it is told to end and waited for."""

    def fit() -> None:
        try:
            trainer.fit()
        except Exception as error:  # of whatever kind: told where the thread is waited for
            failed.append(error)

    thread = Thread(target=fit, daemon=True)
    thread.start()
    try:
        yield thread
    except GeneratorExit:
        course.stop.touch()
        thread.join(ENDING_SECONDS)
        raise
    for each in (course.news, course.stop, course.ray):
        _removed(each)


def _removed(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _tuned(given: dict[str, Course]) -> None:
    """What each process does. One that has a sentence for the person leaves it and ends as if well, so that Ray begins
    nothing anew; the others notice, and find the sentence when they are begun again."""
    from ray.train import get_context
    from ray.train.torch import get_device

    from core.tuning.process_group import ElsewhereError
    from core.tuning.run import tune

    course, first = given["course"], get_context().get_world_rank() == 0
    settings = course.project.settings

    if course.news.exists() and '{"ended"' in course.news.read_text():
        return
    Models()  # sets what torch and transformers read when they are first imported
    try:
        for update in tune(
            model_path(course.project.student),
            KeptSamples(course.keeper, course.samples, settings),
            opening(lambda key: whole(ask(course.keeper.image, key))),
            course.run.settings,
            folder=course.folder,
            run=course.run.id,
            start_adapter=course.adapter,
            stop=course.stop.exists,
            loading=settings.student,
            shard=course.shard,
            device=str(get_device()),
            told=lambda remark: append_message(course.news, remark=remark),
        ):
            if first:
                append_message(course.news, update=asdict(update))
    except ElsewhereError:
        raise
    except UserError as error:
        append_message(course.news, ended=str(error))
