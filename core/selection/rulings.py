"""What people's rulings do to the hits of a skill: what is pinned comes first, what is removed never comes.

A ruling on one sample says more than one on its whole task. A sample that is removed under one skill is drawn for none:
whoever throws a sample out does not want the student to learn it. A task that is removed under one skill may serve
another. Knows the index, no database, and not who ruled when: it is given the rulings that stand.
"""

from collections.abc import Iterator, Sequence

from core.retrieval.index import SkillIndex
from core.types import Hit, Ruling


def removed_samples(rulings: Sequence[Ruling]) -> frozenset[int]:
    """The samples that no skill draws."""
    return frozenset(each.sample for each in rulings if each.act == "remove" and each.sample is not None)


def pinned_samples(rulings: Sequence[Ruling], skill: str) -> tuple[int, ...]:
    """The samples that were pinned for the skill one by one, and removed nowhere, in the order of their rulings."""
    removed = removed_samples(rulings)
    pinned = (each.sample for each in rulings if each.act == "pin" and each.skill == skill)
    return tuple(dict.fromkeys(sample for sample in pinned if sample is not None and sample not in removed))


def pinned_hits(index: SkillIndex, skill: str, rulings: Sequence[Ruling]) -> list[Hit]:
    """The samples that were pinned for the skill one by one, as its hits; those of other support sets are left out."""
    return index.hits_of(skill, pinned_samples(rulings, skill))


def other_hits(index: SkillIndex, skill: str, *, seed: int, rulings: Sequence[Ruling]) -> Iterator[Hit]:
    """What comes after ``pinned_hits``: samples of pinned tasks, then the search. May repeat samples and images."""
    return (hit for hit, drawn in _others(index, skill, seed=seed, rulings=rulings) if drawn)


def queue(index: SkillIndex, skill: str, *, seed: int, rulings: Sequence[Ruling] = ()) -> Iterator[Hit]:
    """What a skill draws in its turns, as if it were alone: best first, nothing twice and no image twice."""
    return (hit for hit, drawn in listed(index, skill, seed=seed, rulings=rulings) if drawn)


def listed(index: SkillIndex, skill: str, *, seed: int, rulings: Sequence[Ruling] = ()) -> Iterator[tuple[Hit, bool]]:
    """The ``queue`` (True) with what was removed (False) where it would stand, so that a person can put it back."""
    chosen: set[int] = set()
    shown: set[int | None] = set()
    pinned = ((hit, True) for hit in pinned_hits(index, skill, rulings))
    for hits in (pinned, _others(index, skill, seed=seed, rulings=rulings)):
        for hit, drawn in hits:
            image = index.image_of(hit.sample)
            if hit.sample in chosen or (drawn and image is not None and image in shown):
                continue
            chosen.add(hit.sample)
            if drawn:
                shown.add(image)
            yield hit, drawn


def _others(index: SkillIndex, skill: str, *, seed: int, rulings: Sequence[Ruling]) -> Iterator[tuple[Hit, bool]]:
    removed = removed_samples(rulings)
    ruled = [each for each in rulings if each.skill == skill and each.task is not None]
    out = {index.task_codes.get(each.task or "") for each in ruled if each.act == "remove"} - {None}
    for each in ruled:
        if each.act == "pin":
            for hit in index.hits_of_task(skill, each.task or "", seed=seed):
                yield hit, hit.sample not in removed
    for hit in index.search(skill, seed=seed):
        yield hit, hit.sample not in removed and not (out and index.task_of(hit.sample) in out)
