"""One optimizer update of a student's adapter: gradients of the loss on the replies, clipping, and AdamW's step.

When memory is too small for a batch, it is halved; the update's result stays the same.
"""

import logging
import math
import random
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import torch

from core.errors import UserError
from core.models.devices import free_memory, is_out_of_memory, peak_memory
from core.student.local import Student
from core.tuning.loader import TrainingBatch, load_batches
from core.tuning.prepare import Training
from core.tuning.process_group import translate_errors
from core.tuning.schedule import Batch, count_passes, learning_rate, process_share, split_batch
from core.types import TuningSettings, Update

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class UpdateShare:
    """One process's share of an update: summed loss and number of reply tokens; ``memory`` is its peak in bytes."""

    loss: float
    tokens: int
    batch_size: int
    memory: int


def run_updates(
    training: Training, plan: Sequence[Sequence[Batch]], made: Sequence[Update], *, run: int
) -> Iterator[Update]:
    """The plan's updates after those already ``made``; in a process group each process learns its share of each.

    A batch that does not fit into memory is halved and the share restarted; later ones stay that small. Raises
    UserError when not even one sample fits, and when the loss is not finite.
    """
    group, total = training.group, len(plan)
    with closing(_shares(training, plan, made)) as shares:
        for number, update in enumerate(plan[len(made) :], len(made) + 1):
            started = time.perf_counter()
            found = _gather_shares(training, shares)
            group.sum_gradients(training.parameters)
            loss, tokens = sum(each.loss for each in found), sum(each.tokens for each in found)
            loss, rate = optimizer_step(training, loss, tokens, number=number, total=total)
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


def _gather_shares(training: Training, shares: Iterator[UpdateShare]) -> list[UpdateShare]:
    """Every process's share of the next update. With a sharded student a failing process cannot notify those that
    wait for weights; it exits, which they notice."""
    if not training.sharded:
        return training.group.all_gather(lambda: next(shares))
    with translate_errors(training.group.size):
        own = next(shares)
    return training.group.all_gather(lambda: own)


def _shares(training: Training, plan: Sequence[Sequence[Batch]], made: Sequence[Update]) -> Generator[UpdateShare]:
    """This process's share of each update after those ``made``; the gradients are left in the parameters."""
    group, settings, at = training.group, training.settings, len(made)
    size = min(settings.batch_size, (made and made[-1].batch_size) or settings.batch_size)
    mine = [process_share(update, training.examples.lengths, group.rank, group.size) for update in plan]
    while at < len(plan):
        parts = [[part for batch in update for part in split_batch(batch, size)] for update in mine]
        idle = [_idle(training, update, len(own), size) for update, own in zip(plan, parts, strict=True)]
        batches = [batch for number in range(at, len(plan)) for batch in parts[number] + idle[number]]
        with closing(load_batches(training.examples, training.open_image, batches)) as ready:
            for own_batches, idle_batches in zip(parts[at:], idle[at:], strict=True):
                # Seeded by update and rank: resuming needs no generator state, with any number of processes.
                torch.manual_seed(random.Random(f"{settings.seed}/{at + 1}/{group.rank}").getrandbits(63))
                found = accumulate_gradients(training, ready, len(own_batches), idle=len(idle_batches))
                if found is None:
                    break
                at += 1
                loss, tokens = found
                yield UpdateShare(
                    loss=loss, tokens=tokens, batch_size=size, memory=peak_memory(training.student.device)
                )
        if at < len(plan):
            size = halve_batch_size(size, sharded=training.sharded)


def _idle(training: Training, update: Sequence[Batch], mine: int, size: int) -> list[Batch]:
    """Batches to pass through without learning, so that the other processes get the weights they need from this one."""
    if not training.sharded:
        return []
    lengths = training.examples.lengths
    shortest = min((position for batch in update for position in batch), key=lambda position: lengths[position])
    return [[shortest]] * (count_passes(update, lengths, size, training.group.size) - mine)


def halve_batch_size(size: int, *, sharded: bool = False) -> int:
    """Half of a batch size that did not fit into memory. Raises UserError when it was 1, or when the student is
    sharded and other processes would wait for this one."""
    if sharded:
        raise UserError(f"The memory is too small for batches of {size}: set a smaller batch size for the run.")
    free_memory()
    if size == 1:
        raise UserError(
            "The memory is too small to tune with even one sample at a time; set fewer pixels or a shorter longest "
            "length, a smaller rank or number format, or choose a smaller student."
        )
    logger.warning("The memory was too small for batches of %d; going on with %d, twice as many.", size, size // 2)
    return size // 2


def accumulate_gradients(
    training: Training, ready: Iterator[TrainingBatch], batches: int, *, idle: int = 0
) -> tuple[float, int] | None:
    """Add the gradients of the next ``batches``; their summed loss and tokens, or None when memory was too small
    (then all gradients are cleared). ``idle`` more batches are passed through without learning."""
    loss, tokens = 0.0, 0
    try:
        for _ in range(batches):
            batch = next(ready)
            batch_loss = loss_of(training.student, batch)
            batch_loss.backward()  # type: ignore[no-untyped-call]
            loss, tokens = loss + batch_loss.item(), tokens + int(batch.learned.sum())
        for _ in range(idle):
            batch = next(ready)
            nothing = loss_of(training.student, replace(batch, learned=torch.zeros_like(batch.learned)))
            nothing.backward()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        training.optimizer.zero_grad()
        return None
    return loss, tokens


def optimizer_step(training: Training, loss: float, tokens: int, *, number: int, total: int) -> tuple[float, float]:
    """AdamW's step ``number`` of ``total``; the mean loss of a token, and the learning rate.

    The loss is the mean over all reply tokens of an update, however they are split into batches. Raises UserError when
    there are no tokens or the loss is not finite.
    """
    settings = training.settings
    if not tokens:
        raise UserError("No token of the replies is left to learn from; import support samples with responses.")
    for parameter in training.parameters:
        if parameter.grad is not None:
            parameter.grad.div_(tokens)
    norm = torch.nn.utils.clip_grad_norm_(training.parameters, settings.max_grad_norm)
    if not (math.isfinite(loss) and math.isfinite(norm.item())):
        raise UserError(_not_finite_message(number, total, settings))
    rate = learning_rate(number, total, settings)
    for group in training.optimizer.param_groups:
        group["lr"] = group["initial_lr"] * rate / settings.learning_rate
    training.optimizer.step()
    training.optimizer.zero_grad()
    return loss / tokens, rate


def _not_finite_message(number: int, total: int, settings: TuningSettings) -> str:
    message = f"The loss is no longer a number at update {number} of {total}; "
    if number == 1:
        return f"{message}nothing was learned yet, so it is the student itself: choose the number format fp32 for it."
    return f"{message}tune again with a learning rate below {settings.learning_rate:g}."


def loss_of(student: Student, batch: TrainingBatch) -> torch.Tensor:
    """The summed cross-entropy of a batch's reply tokens. The output layer computes only their positions."""
    # A token is predicted from the position before it.
    predicting = torch.nn.functional.pad(batch.learned[:, 1:], (0, 1))
    # On a CPU without bfloat16 units, autocast makes a small student 2.4 times slower than float32.
    with torch.autocast(student.device.type, dtype=torch.bfloat16, enabled=student.device.type == "cuda"):
        logits = student.model(**batch.inputs, logits_to_keep=predicting, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.float(), batch.inputs["input_ids"][batch.learned], reduction="sum")
