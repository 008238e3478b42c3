"""A student made ready to be trained: loaded, with its adapter, optimizer and lessons, and the plan of its updates.

Knows neither updates nor runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.errors import UserError
from core.models.devices import TUNING_THREADS, choose_threads, forget_peak
from core.student.local import OpenImage, Student, load_student
from core.student.lora import continued_adapter, is_of_projector, new_adapter
from core.tuning.examples import Lessons, make_lessons
from core.tuning.process_group import ProcessGroup, process_group
from core.tuning.schedule import Batch, plan_updates
from core.types import Sample, StudentSettings, TuningSettings


@dataclass(frozen=True, kw_only=True)
class Training:
    """What stays the same during a run: the student with its trainable adapter, and what it learns.

    ``sharded`` says that each process of the group holds a part of the student (``core.tuning.sharding``).
    """

    student: Student
    optimizer: torch.optim.Optimizer
    lessons: Lessons
    open_image: OpenImage
    settings: TuningSettings
    group: ProcessGroup
    sharded: bool = False

    @property
    def parameters(self) -> list[torch.Tensor]:
        """What is trained."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]


def begin(
    model: str,
    samples: Sequence[Sample],
    open_image: OpenImage,
    settings: TuningSettings,
    *,
    start_adapter: Path | None,
    loading: StudentSettings,
    device: str,
    shard: bool = False,
) -> tuple[Training, list[list[Batch]]]:
    """The student loaded and made ready, and the plan of its updates: the batches of each.

    ``start_adapter`` is trained further unless ``settings.start`` is "base". Raises UserError as ``load_student``,
    ``make_lessons`` and ``prepare`` do. ``device`` is this process's own where there are several; with
    ``shard`` the student is then left in the machine's memory, to be dealt over them.
    """
    shard = shard and process_group(device).size > 1
    student = load_student(model, loading, device=device, placed=not shard)
    choose_threads(student.model, most=TUNING_THREADS)
    forget_peak(student.device)
    lessons = make_lessons(student, samples, settings)
    training = prepare(lessons, open_image, settings, start_adapter if settings.start == "adapter" else None)
    return replace(training, sharded=shard), plan_updates(lessons.lengths, lessons.pictured, settings)


def prepare(lessons: Lessons, open_image: OpenImage, settings: TuningSettings, start_adapter: Path | None) -> Training:
    """The student of the lessons made ready to be trained: with a new adapter, or from ``start_adapter`` on.

    Seeds torch's global generators. Raises UserError when nothing could be trained.
    """
    torch.manual_seed(settings.seed)
    student = lessons.student
    student.model.requires_grad_(False)
    if start_adapter is None:
        tuned = new_adapter(student.model, settings)
    else:
        tuned = continued_adapter(student.model, start_adapter, settings)
    if student.device.type == "cuda":
        student.model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    trained = [(name, parameter) for name, parameter in tuned.named_parameters() if parameter.requires_grad]
    if not trained:
        raise UserError("The adapter to start from has nothing that can be trained; start from the base model instead.")
    groups = [
        {
            "params": [each for name, each in trained if is_of_projector(name) == projector],
            "lr": rate,
            "initial_lr": rate,
        }
        for projector, rate in ((False, settings.learning_rate), (True, settings.projector_rate))
    ]
    return Training(
        student=replace(student, model=tuned.train()),
        optimizer=torch.optim.AdamW([group for group in groups if group["params"]], weight_decay=0.0),
        lessons=lessons,
        open_image=open_image,
        settings=settings,
        group=process_group(str(student.device)),
    )
