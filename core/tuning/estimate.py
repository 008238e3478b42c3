"""What a tuning run will take in memory and time: a few of its real updates are made, timed and thrown away.

Knows neither runs nor checkpoints; writes nothing.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from core.models.devices import memory_capacity, peak_memory
from core.student.local import OpenImage
from core.tuning.examples import Lessons
from core.tuning.loader import feed
from core.tuning.prepare import Training, begin
from core.tuning.schedule import Batch, pieces
from core.tuning.update import gradients, halved, step
from core.types import Sample, StudentSettings, TuningEstimate, TuningSettings

TIMED = 5


def measure(
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
    """What ``core.tuning.tune`` with the same arguments will take; one estimate after each update that was made.

    The first update is the one with the longest conversations, which takes the most memory and is not timed (a device
    warms up in it); then up to five from the shortest to the longest, whose mean time stands for all. The first
    estimate has no time yet (0 seconds). ``should_stop`` is called after every update. Raises UserError as ``tune``.
    """
    training, plan = begin(
        model, samples, open_image, settings, start_adapter=start_adapter, loading=loading, device=device
    )
    by_cost = sorted(range(len(plan)), key=lambda number: _tokens(training.lessons, plan[number]))
    size, seconds = settings.batch_size, list[float]()
    chosen = [by_cost[-1], *_spread(by_cost)]
    for place, number in enumerate(chosen):
        size, took = _made(training, plan[number], size, number=number + 1, total=len(plan))
        if place:
            seconds.append(took)
        yield _estimate(training, plan, seconds, size)
        if should_stop():
            return


def _spread(by_cost: Sequence[int]) -> list[int]:
    """Up to five updates, each from the middle of a fifth of them."""
    many = min(TIMED, len(by_cost))
    return [by_cost[(2 * part + 1) * len(by_cost) // (2 * many)] for part in range(many)]


def _tokens(lessons: Lessons, update: Sequence[Batch]) -> int:
    """The tokens of an update with its padding."""
    return sum(len(batch) * max(lessons.lengths[position] for position in batch) for batch in update)


def _made(training: Training, update: Sequence[Batch], size: int, *, number: int, total: int) -> tuple[int, float]:
    """Makes one update; returns the batch size that fitted, and the seconds it took with that."""
    while True:
        parts = [part for batch in update for part in pieces(batch, size)]
        started = time.perf_counter()
        with closing(feed(training.lessons, training.open_image, parts)) as ready:
            found = gradients(training, ready, len(parts))
        if found is not None:
            step(training, *found, number=number, total=total)
            return size, time.perf_counter() - started
        size = halved(size)


def _estimate(training: Training, plan: Sequence[Sequence[Batch]], seconds: list[float], size: int) -> TuningEstimate:
    lessons, device = training.lessons, training.student.device
    mean = sum(seconds) / len(seconds) if seconds else 0.0
    learned = sum(len(batch) for update in plan for batch in update)
    real = sum(lessons.lengths[position] for update in plan for batch in update for position in batch)
    padded = sum(_tokens(lessons, update) for update in plan)
    return TuningEstimate(
        updates=len(plan),
        seconds=mean * len(plan),
        samples_per_second=learned / (mean * len(plan)) if mean else 0.0,
        memory=peak_memory(device),
        capacity=memory_capacity(device),
        batch_size=size,
        measured=len(seconds),
        device=str(device),
        samples=len(lessons),
        left_out=lessons.left_out,
        trainable=sum(each.numel() for each in training.parameters),
        parameters=sum(each.numel() for each in training.student.model.parameters()),
        padding=1 - real / padded,
    )
