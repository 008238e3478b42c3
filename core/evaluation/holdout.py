"""Hold out a share of every category, the same samples on every import.

The draw depends on the seed and the samples' ids, never on their order.
"""

import hashlib
from collections.abc import Iterable


def hold_out(samples: Iterable[tuple[str, str]], *, share: float, seed: int) -> set[str]:
    """The ids of the samples to hold out, of ``samples`` given as (id, category).

    Takes round(``share`` × all), and of each category its share to within one: what rounding leaves goes to the
    categories with the largest remainders (Hare–Niemeyer). Raises ValueError for a share outside [0, 1).
    """
    if not 0 <= share < 1:
        raise ValueError("a share to hold out lies in [0, 1)")
    of: dict[str, list[str]] = {}
    for sample, category in samples:
        of.setdefault(category, []).append(sample)
    wanted = {category: share * len(ids) for category, ids in of.items()}
    counts = {category: int(want) for category, want in wanted.items()}
    left = round(sum(wanted.values())) - sum(counts.values())
    by_remainder = sorted(wanted, key=lambda category: (counts[category] - wanted[category], category))
    for category in by_remainder[:left]:
        counts[category] += 1
    chosen = (
        sorted(ids, key=lambda sample: _seeded_key(sample, seed))[: counts[category]] for category, ids in of.items()
    )
    return {sample for ids in chosen for sample in ids}


def _seeded_key(sample: str, seed: int) -> tuple[bytes, str]:
    return hashlib.sha256(f"{seed}\0{sample}".encode()).digest(), sample
