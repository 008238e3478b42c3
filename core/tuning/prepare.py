"""Prepare a student for training: load it with adapter, optimizer and examples, and plan the updates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.errors import UserError
from core.models.devices import TUNING_THREADS, choose_threads, reset_peak_memory
from core.student.local import OpenImage, Student, load_student
from core.student.lora import continue_adapter, is_projector_parameter, new_adapter
from core.tuning.examples import Examples, make_examples
from core.tuning.process_group import ProcessGroup, process_group
from core.tuning.schedule import Batch, plan_updates
from core.types import Sample, StudentSettings, TuningSettings


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is constant during a run: the student with its trainable adapter, and the examples.

    ``sharded`` says that each process of the group holds a part of the student (``core.tuning.sharding``).
    """

    student: Student
    optimizer: torch.optim.Optimizer
    examples: Examples
    open_image: OpenImage
    settings: TuningSettings
    group: ProcessGroup
    sharded: bool = False

    @property
    def parameters(self) -> list[torch.Tensor]:
        """The trained parameters."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]


def start_training(
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
    """The prepared student, and the batches of each update.

    ``start_adapter`` is trained further unless ``settings.start`` is "base". ``device`` is that of this process. With
    ``shard`` and several processes, the student stays in main memory until it is sharded. Raises UserError as
    ``load_student``, ``make_examples`` and ``make_trainable`` do.
    """
    shard = shard and process_group(device).size > 1
    student = load_student(model, loading, device=device, to_device=not shard)
    choose_threads(student.model, max_threads=TUNING_THREADS)
    reset_peak_memory(student.device)
    examples = make_examples(student, samples, settings)
    training = make_trainable(examples, open_image, settings, start_adapter if settings.start == "adapter" else None)
    return replace(training, sharded=shard), plan_updates(examples.lengths, examples.pictured, settings)


def make_trainable(
    examples: Examples, open_image: OpenImage, settings: TuningSettings, start_adapter: Path | None
) -> Training:
    """The student of the examples with a new adapter, or with ``start_adapter``, ready for training.

    Seeds torch's global generators. Raises UserError when there is nothing to train.
    """
    torch.manual_seed(settings.seed)
    student = examples.student
    student.model.requires_grad_(False)
    if start_adapter is None:
        tuned = new_adapter(student.model, settings)
    else:
        tuned = continue_adapter(student.model, start_adapter, settings)
    if student.device.type == "cuda":
        student.model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    trained = [(name, parameter) for name, parameter in tuned.named_parameters() if parameter.requires_grad]
    if not trained:
        raise UserError("The adapter to start from has nothing that can be trained; start from the base model instead.")
    groups = [
        {
            "params": [each for name, each in trained if is_projector_parameter(name) == projector],
            "lr": rate,
            "initial_lr": rate,
        }
        for projector, rate in ((False, settings.learning_rate), (True, settings.projector_rate))
    ]
    return Training(
        student=replace(student, model=tuned.train()),
        optimizer=torch.optim.AdamW([group for group in groups if group["params"]], weight_decay=0.0),
        examples=examples,
        open_image=open_image,
        settings=settings,
        group=process_group(str(student.device)),
    )
