"""Estimate the memory and time of a tuning run by making and timing a few of its real updates, then discarding them."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from core.models.devices import memory_capacity, peak_memory
from core.student.local import OpenImage
from core.tuning.examples import Examples
from core.tuning.loader import load_batches
from core.tuning.prepare import Training, start_training
from core.tuning.schedule import Batch, split_batch
from core.tuning.update import accumulate_gradients, halve_batch_size, optimizer_step
from core.types import Sample, StudentSettings, TuningEstimate, TuningSettings

MAX_TIMED_UPDATES = 5


def estimate_tuning(
    model: str,
    samples: Sequence[Sample],
    open_image: OpenImage,
    settings: TuningSettings,
    *,
    start_adapter: Path | None = None,
    should_stop: Callable[[], bool],
    loading: StudentSettings = StudentSettings(),  # noqa: B008 - it is frozen
    device: str = "auto",
) -> Iterator[TuningEstimate]:
    """What ``core.tuning.run.tune`` will take with the same arguments; one estimate after each update made.

    The first update is the one with the longest conversations: it needs the most memory, and is not timed because the
    device warms up. Up to five more, spread from shortest to longest, give the mean time. The first estimate has 0
    seconds. ``should_stop`` is called after every update. Raises UserError as ``tune`` does.
    """
    training, plan = start_training(
        model, samples, open_image, settings, start_adapter=start_adapter, loading=loading, device=device
    )
    by_cost = sorted(range(len(plan)), key=lambda number: _padded_tokens(training.examples, plan[number]))
    size, seconds = settings.batch_size, list[float]()
    chosen = [by_cost[-1], *_spread_updates(by_cost)]
    for place, number in enumerate(chosen):
        size, took = _timed_update(training, plan[number], size, number=number + 1, total=len(plan))
        if place:
            seconds.append(took)
        yield _estimate(training, plan, seconds, size)
        if should_stop():
            return


def _spread_updates(by_cost: Sequence[int]) -> list[int]:
    """Up to five updates, each from the middle of an equal part of them."""
    count = min(MAX_TIMED_UPDATES, len(by_cost))
    return [by_cost[(2 * part + 1) * len(by_cost) // (2 * count)] for part in range(count)]


def _padded_tokens(examples: Examples, update: Sequence[Batch]) -> int:
    """The tokens of an update including padding."""
    return sum(len(batch) * max(examples.lengths[position] for position in batch) for batch in update)


def _timed_update(
    training: Training, update: Sequence[Batch], size: int, *, number: int, total: int
) -> tuple[int, float]:
    """Make one update; the batch size that fitted, and the seconds it took with that."""
    while True:
        parts = [part for batch in update for part in split_batch(batch, size)]
        started = time.perf_counter()
        with closing(load_batches(training.examples, training.open_image, parts)) as ready:
            found = accumulate_gradients(training, ready, len(parts))
        if found is not None:
            optimizer_step(training, *found, number=number, total=total)
            return size, time.perf_counter() - started
        size = halve_batch_size(size)


def _estimate(training: Training, plan: Sequence[Sequence[Batch]], seconds: list[float], size: int) -> TuningEstimate:
    examples, device = training.examples, training.student.device
    mean = sum(seconds) / len(seconds) if seconds else 0.0
    learned = sum(len(batch) for update in plan for batch in update)
    real = sum(examples.lengths[position] for update in plan for batch in update for position in batch)
    padded = sum(_padded_tokens(examples, update) for update in plan)
    return TuningEstimate(
        updates=len(plan),
        seconds=mean * len(plan),
        samples_per_second=learned / (mean * len(plan)) if mean else 0.0,
        memory=peak_memory(device),
        capacity=memory_capacity(device),
        batch_size=size,
        measured=len(seconds),
        device=str(device),
        samples=len(examples),
        left_out=examples.left_out,
        trainable=sum(each.numel() for each in training.parameters),
        parameters=sum(each.numel() for each in training.student.model.parameters()),
        padding=1 - real / padded,
    )
