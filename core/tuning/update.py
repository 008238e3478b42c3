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

import torch

from core.errors import UserError
from core.models.devices import free_memory, is_out_of_memory, peak_memory
from core.student.local import Student
from core.tuning.loader import Ready, feed
from core.tuning.prepare import Training
from core.tuning.process_group import reached
from core.tuning.schedule import Batch, learning_rate, passes, pieces, share
from core.types import TuningSettings, Update

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one process learned of an update: the summed loss of so many reply tokens; ``memory`` in bytes, its peak."""

    loss: float
    tokens: int
    batch_size: int
    memory: int


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
            found = _found(training, shares)
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


def _found(training: Training, shares: Iterator[Share]) -> list[Share]:
    """What each process learned of the next update. Where the student is dealt over them nothing can be told to those
    who wait for weights: the process that fails ends, which they notice."""
    if not training.sharded:
        return training.group.each(lambda: next(shares))
    with reached(training.group.size):
        own = next(shares)
    return training.group.each(lambda: own)


def _shares(training: Training, plan: Sequence[Sequence[Batch]], made: Sequence[Update]) -> Generator[Share]:
    """What this process learns of each update after those ``made``; its gradients are left in the parameters."""
    group, settings, at = training.group, training.settings, len(made)
    size = min(settings.batch_size, (made and made[-1].batch_size) or settings.batch_size)
    mine = [share(update, training.lessons.lengths, group.rank, group.size) for update in plan]
    while at < len(plan):
        parts = [[part for batch in update for part in pieces(batch, size)] for update in mine]
        idle = [_idle(training, update, len(some), size) for update, some in zip(plan, parts, strict=True)]
        batches = [batch for number in range(at, len(plan)) for batch in parts[number] + idle[number]]
        with closing(feed(training.lessons, training.open_image, batches)) as ready:
            for some, others in zip(parts[at:], idle[at:], strict=True):
                # The draws of an update are its own: none has to be kept to go on from here, with whatever processes.
                torch.manual_seed(random.Random(f"{settings.seed}/{at + 1}/{group.rank}").getrandbits(63))
                found = gradients(training, ready, len(some), idle=len(others))
                if found is None:
                    break
                at += 1
                loss, tokens = found
                yield Share(loss=loss, tokens=tokens, batch_size=size, memory=peak_memory(training.student.device))
        if at < len(plan):
            size = halved(size, sharded=training.sharded)


def _idle(training: Training, update: Sequence[Batch], mine: int, size: int) -> list[Batch]:
    """What this process goes through and does not learn, so that the others get the weights that they need from it."""
    if not training.sharded:
        return []
    lengths = training.lessons.lengths
    shortest = min((position for batch in update for position in batch), key=lambda position: lengths[position])
    return [[shortest]] * (passes(update, lengths, size, training.group.size) - mine)


def halved(size: int, *, sharded: bool = False) -> int:
    """Half of a batch size whose batches did not fit into memory; UserError where it was 1, or where the student is
    dealt over several processes, which would wait for this one."""
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


def gradients(training: Training, ready: Iterator[Ready], batches: int, *, idle: int = 0) -> tuple[float, int] | None:
    """Adds the gradients of the next ``batches``; returns their summed loss and tokens, None where memory was too small
    for one of them (then no gradient is left). ``idle`` more are gone through, of which nothing is learned."""
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
