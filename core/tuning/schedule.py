"""The order of a tuning run, fixed before it starts: which samples each update learns from, and at which rate.

Pure and seeded: a run that is resumed computes the same plan and goes on inside it. Knows neither samples nor models,
only their lengths.
"""

import math
import random
from collections.abc import Iterator, Sequence

from core.types import TuningSettings

Batch = list[int]
WINDOW = 8  # batches sorted by length together: enough to save most padding, few enough to keep an epoch well mixed


def plan_updates(lengths: Sequence[int], has_image: Sequence[int], settings: TuningSettings) -> list[list[Batch]]:
    """For every update its batches of positions (at most ``batch_size`` each, at most ``accumulation`` of them).

    Each whole epoch holds every position once, in an order of its own; a part of an epoch is cut off its end. Batches
    hold similar lengths, and either only samples with an image or only samples without.
    """
    batches: list[Batch] = []
    for epoch in range(math.ceil(settings.epochs)):
        order = list(_epoch(lengths, has_image, settings.batch_size, random.Random(f"{settings.seed}/{epoch}")))
        share = min(1.0, settings.epochs - epoch)
        batches += order[: max(1, round(share * len(order)))]
    size = settings.accumulation
    return [batches[start : start + size] for start in range(0, len(batches), size)]


def _epoch(lengths: Sequence[int], has_image: Sequence[int], size: int, chance: random.Random) -> Iterator[Batch]:
    positions = list(range(len(lengths)))
    chance.shuffle(positions)
    batches: list[Batch] = []
    for start in range(0, len(positions), size * WINDOW):
        window = positions[start : start + size * WINDOW]
        for kind in (True, False):
            group = sorted((p for p in window if bool(has_image[p]) == kind), key=lambda p: lengths[p])
            batches += [group[first : first + size] for first in range(0, len(group), size)]
    chance.shuffle(batches)
    yield from batches


def pieces(batch: Batch, size: int) -> list[Batch]:
    """The batch in parts of at most ``size``, as even as they can be."""
    many = -(-len(batch) // size)
    return [batch[len(batch) * part // many : len(batch) * (part + 1) // many] for part in range(many)]


def share(update: Sequence[Batch], lengths: Sequence[int], rank: int, of: int) -> list[Batch]:
    """The part of an update that process ``rank`` (from 0) of ``of`` learns: batches, or pieces of them; none where
    there are fewer samples than processes.

    Together the processes learn each sample of the update once. The largest batches are halved until each process can
    have as many; then the one with the fewest tokens takes the next largest. One process has the update as it is.
    """
    if of == 1:
        return list(update)
    parts = [list(batch) for batch in update]
    while len(parts) % of and len(largest := max(parts, key=len)) > 1:
        at = parts.index(largest)
        parts[at : at + 1] = pieces(largest, -(-len(largest) // 2))
    tokens = [len(part) * max(lengths[position] for position in part) for part in parts]
    loads, mine = [0] * of, []
    for number in sorted(range(len(parts)), key=lambda number: -tokens[number]):
        taker = loads.index(min(loads))
        loads[taker] += tokens[number]
        if taker == rank:
            mine.append(number)
    return [parts[number] for number in sorted(mine)]


def passes(update: Sequence[Batch], lengths: Sequence[int], size: int, of: int) -> int:
    """How many batches of at most ``size`` the process with the most of them has to learn of an update."""
    return max(sum(len(pieces(batch, size)) for batch in share(update, lengths, rank, of)) for rank in range(of))


def learning_rate(number: int, total: int, settings: TuningSettings) -> float:
    """The rate of update ``number`` (from 1) of ``total``: a linear warm-up, then half a cosine down to zero."""
    warm = math.ceil(settings.warmup * total)
    if number <= warm:
        return settings.learning_rate * number / warm
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (number - 1 - warm) / max(1, total - warm)))
