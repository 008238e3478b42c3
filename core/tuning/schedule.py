"""Plan a tuning run before it starts: the samples of each update, and its learning rate.

Deterministic for a seed, so that a resumed run computes the same plan.
"""

import math
import random
from collections.abc import Iterator, Sequence

from core.types import TuningSettings

Batch = list[int]
BATCHES_PER_WINDOW = 8  # sorted by length together: saves most padding and keeps an epoch well mixed


def plan_updates(lengths: Sequence[int], has_image: Sequence[int], settings: TuningSettings) -> list[list[Batch]]:
    """For every update its batches of positions (at most ``accumulation`` batches of at most ``batch_size``).

    Each whole epoch contains every position once, in its own order; a fractional epoch is cut off at its end. Batches
    have similar lengths, and contain either only samples with an image or only samples without.
    """
    batches: list[Batch] = []
    for epoch in range(math.ceil(settings.epochs)):
        order = list(_epoch_batches(lengths, has_image, settings.batch_size, random.Random(f"{settings.seed}/{epoch}")))
        share = min(1.0, settings.epochs - epoch)
        batches += order[: max(1, round(share * len(order)))]
    size = settings.accumulation
    return [batches[start : start + size] for start in range(0, len(batches), size)]


def _epoch_batches(
    lengths: Sequence[int], has_image: Sequence[int], size: int, chance: random.Random
) -> Iterator[Batch]:
    positions = list(range(len(lengths)))
    chance.shuffle(positions)
    batches: list[Batch] = []
    for start in range(0, len(positions), size * BATCHES_PER_WINDOW):
        window = positions[start : start + size * BATCHES_PER_WINDOW]
        for kind in (True, False):
            group = sorted((p for p in window if bool(has_image[p]) == kind), key=lambda p: lengths[p])
            batches += [group[first : first + size] for first in range(0, len(group), size)]
    chance.shuffle(batches)
    yield from batches


def split_batch(batch: Batch, size: int) -> list[Batch]:
    """The batch in parts of at most ``size``, as even as possible."""
    parts = -(-len(batch) // size)
    return [batch[len(batch) * part // parts : len(batch) * (part + 1) // parts] for part in range(parts)]


def process_share(update: Sequence[Batch], lengths: Sequence[int], rank: int, of: int) -> list[Batch]:
    """The part of an update that process ``rank`` (from 0) of ``of`` learns; empty when there are fewer samples than
    processes.

    Together the processes learn each sample once. The largest batches are halved until they can be dealt evenly; then
    the process with the fewest tokens takes the next largest. A single process has the update unchanged.
    """
    if of == 1:
        return list(update)
    parts = [list(batch) for batch in update]
    while len(parts) % of and len(largest := max(parts, key=len)) > 1:
        at = parts.index(largest)
        parts[at : at + 1] = split_batch(largest, -(-len(largest) // 2))
    tokens = [len(part) * max(lengths[position] for position in part) for part in parts]
    loads, mine = [0] * of, []
    for number in sorted(range(len(parts)), key=lambda number: -tokens[number]):
        taker = loads.index(min(loads))
        loads[taker] += tokens[number]
        if taker == rank:
            mine.append(number)
    return [parts[number] for number in sorted(mine)]


def count_passes(update: Sequence[Batch], lengths: Sequence[int], size: int, of: int) -> int:
    """The number of batches of at most ``size`` that the process with the most of them learns in an update."""
    return max(
        sum(len(split_batch(batch, size)) for batch in process_share(update, lengths, rank, of)) for rank in range(of)
    )


def learning_rate(number: int, total: int, settings: TuningSettings) -> float:
    """The rate of update ``number`` (from 1) of ``total``: linear warm-up, then a half cosine to zero."""
    warm = math.ceil(settings.warmup * total)
    if number <= warm:
        return settings.learning_rate * number / warm
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (number - 1 - warm) / max(1, total - warm)))
