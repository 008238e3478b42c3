"""One update of a student's adapter: the gradient of the loss on the replies, clipped, and AdamW's step.

Memory that is too small for a batch halves it and leaves the update as it was. Knows neither runs nor checkpoints.
"""

import logging
import math
import random
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.devices import (
    TUNING_THREADS,
    choose_threads,
    forget_peak,
    free_memory,
    is_out_of_memory,
    peak_memory,
)
from core.errors import UserError
from core.feeding import Ready, feed
from core.lessons import Lessons, make_lessons
from core.lora import continued_adapter, is_of_projector, new_adapter
from core.schedule import Batch, learning_rate, pieces, plan_updates, share
from core.student import OpenImage, Student, load_student
from core.together import ProcessGroup, process_group
from core.types import Sample, StudentSettings, TuningSettings, Update

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Training:
    """What stays the same during a run: the student with its trainable adapter, and what it learns."""

    student: Student
    optimizer: torch.optim.Optimizer
    lessons: Lessons
    open_image: OpenImage
    settings: TuningSettings
    group: ProcessGroup

    @property
    def parameters(self) -> list[torch.Tensor]:
        """What is trained."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one process learned of an update: the summed loss of so many reply tokens; ``memory`` in bytes, its peak."""

    loss: float
    tokens: int
    batch_size: int
    memory: int


def begin(
    model: str,
    samples: Sequence[Sample],
    open_image: OpenImage,
    settings: TuningSettings,
    *,
    start_adapter: Path | None,
    loading: StudentSettings,
    device: str,
) -> tuple[Training, list[list[Batch]]]:
    """The student loaded and made ready, and the plan of its updates: the batches of each.

    ``start_adapter`` is trained further unless ``settings.start`` is "base". Raises UserError as ``load_student``,
    ``make_lessons`` and ``prepare`` do. ``device`` is this process's own where there are several.
    """
    student = load_student(model, loading, device=device)
    choose_threads(student.model, most=TUNING_THREADS)
    forget_peak(student.device)
    lessons = make_lessons(student, samples, settings)
    training = prepare(lessons, open_image, settings, start_adapter if settings.start == "adapter" else None)
    return training, plan_updates(lessons.lengths, lessons.pictured, settings)


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


def learn(training: Training, plan: Sequence[Sequence[Batch]], made: Sequence[Update], *, run: int) -> Iterator[Update]:
    """The updates of the plan after those already ``made``; in a process group each process learns its share of each.

    A batch that does not fit into memory is halved and the share begun again; later ones stay that small. So twice as
    many batches make an update of the same samples. Raises UserError when not even one sample fits, and when the loss
    is no longer a number.
    """
    group, total = training.group, len(plan)
    with closing(_shares(training, plan, made)) as shares:
        for number, update in enumerate(plan[len(made) :], len(made) + 1):
            started = time.perf_counter()
            found = group.each(lambda: next(shares))
            group.sum_gradients(training.parameters)
            loss, tokens = sum(each.loss for each in found), sum(each.tokens for each in found)
            loss, rate = step(training, loss, tokens, number=number, total=total)
            yield Update(
                run=run,
                number=number,
                total=total,
                epoch=training.settings.epochs * number / total,
                loss=loss,
                learning_rate=rate,
                samples_per_second=sum(map(len, update)) / (time.perf_counter() - started),
                memory=max(peak_memory(training.student.device), *(each.memory for each in found)),
                batch_size=min(each.batch_size for each in found),
            )


def _shares(training: Training, plan: Sequence[Sequence[Batch]], made: Sequence[Update]) -> Generator[Share]:
    """What this process learns of each update after those ``made``; its gradients are left in the parameters."""
    group, settings, at = training.group, training.settings, len(made)
    size = min(settings.batch_size, (made and made[-1].batch_size) or settings.batch_size)
    mine = [share(update, training.lessons.lengths, group.rank, group.size) for update in plan]
    while at < len(plan):
        batches = [part for update in mine[at:] for batch in update for part in pieces(batch, size)]
        with closing(feed(training.lessons, training.open_image, batches)) as ready:
            for update in mine[at:]:
                # The draws of an update are its own: none has to be kept to go on from here, with whatever processes.
                torch.manual_seed(random.Random(f"{settings.seed}/{at + 1}/{group.rank}").getrandbits(63))
                found = gradients(training, ready, sum(len(pieces(batch, size)) for batch in update))
                if found is None:
                    break
                at += 1
                loss, tokens = found
                yield Share(loss=loss, tokens=tokens, batch_size=size, memory=peak_memory(training.student.device))
        if at < len(plan):
            size = halved(size)


def halved(size: int) -> int:
    """Half of a batch size whose batches did not fit into memory; UserError where it was 1."""
    free_memory()
    if size == 1:
        raise UserError(
            "The memory is too small to tune with even one sample at a time; set fewer pixels or a shorter longest "
            "length, a smaller rank or number format, or choose a smaller student."
        )
    log.warning("The memory was too small for batches of %d; going on with %d, twice as many.", size, size // 2)
    return size // 2


def gradients(training: Training, ready: Iterator[Ready], batches: int) -> tuple[float, int] | None:
    """Adds the gradients of the next ``batches``; returns their summed loss and tokens, None where memory was too small
    for one of them (then no gradient is left)."""
    loss, tokens = 0.0, 0
    try:
        for _ in range(batches):
            batch = next(ready)
            batch_loss = loss_of(training.student, batch)
            batch_loss.backward()  # type: ignore[no-untyped-call]
            loss, tokens = loss + batch_loss.item(), tokens + int(batch.learned.sum())
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        training.optimizer.zero_grad()
        return None
    return loss, tokens


def step(training: Training, loss: float, tokens: int, *, number: int, total: int) -> tuple[float, float]:
    """AdamW's step ``number`` of ``total`` along the gradients; returns the mean loss of a token and the rate.

    The loss is the mean over all reply tokens of an update, however they are split into batches.
    """
    settings = training.settings
    if not tokens:
        raise UserError("No token of the replies is left to learn from; import support samples with responses.")
    for parameter in training.parameters:
        if parameter.grad is not None:
            parameter.grad.div_(tokens)
    norm = torch.nn.utils.clip_grad_norm_(training.parameters, settings.max_grad_norm)
    if not (math.isfinite(loss) and math.isfinite(norm.item())):
        raise UserError(_no_number(number, total, settings))
    rate = learning_rate(number, total, settings)
    for group in training.optimizer.param_groups:
        group["lr"] = group["initial_lr"] * rate / settings.learning_rate
    training.optimizer.step()
    training.optimizer.zero_grad()
    return loss / tokens, rate


def _no_number(number: int, total: int, settings: TuningSettings) -> str:
    said = f"The loss is no longer a number at update {number} of {total}; "
    if number == 1:
        return f"{said}nothing was learned yet, so it is the student itself: choose the number format fp32 for it."
    return f"{said}tune again with a learning rate below {settings.learning_rate:g}."


def loss_of(student: Student, batch: Ready) -> torch.Tensor:
    """The summed cross-entropy of a batch's reply tokens. The output layer sees no other position."""
    # The token at a position is predicted from the position before it.
    predicting = torch.nn.functional.pad(batch.learned[:, 1:], (0, 1))
    # On a processor without bfloat16 units, autocasting a small student is 2.4 times slower than float32.
    with torch.autocast(student.device.type, dtype=torch.bfloat16, enabled=student.device.type == "cuda"):
        logits = student.model(**batch.inputs, logits_to_keep=predicting, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.float(), batch.inputs["input_ids"][batch.learned], reduction="sum")
