"""Apply reviewers' rulings to the hits of a skill: pinned ones first, removed ones never.

A ruling on one sample overrides one on its task. A sample removed under one skill is drawn for none; a task removed
under one skill may still serve another. Expects only the rulings in force.
"""

from collections.abc import Iterator, Sequence

from core.retrieval.index import SkillIndex
from core.types import Hit, Ruling


def _removed_samples(rulings: Sequence[Ruling]) -> frozenset[int]:
    """The samples that no skill draws."""
    return frozenset(each.sample for each in rulings if each.act == "remove" and each.sample is not None)


def pinned_samples(rulings: Sequence[Ruling], skill: str) -> tuple[int, ...]:
    """The samples pinned individually for the skill and removed nowhere, in the order of their rulings."""
    removed = _removed_samples(rulings)
    pinned = (each.sample for each in rulings if each.act == "pin" and each.skill == skill)
    return tuple(dict.fromkeys(sample for sample in pinned if sample is not None and sample not in removed))


def pinned_hits(index: SkillIndex, skill: str, rulings: Sequence[Ruling]) -> list[Hit]:
    """The samples pinned individually for the skill, as hits; those of other support sets are skipped."""
    return index.hits_of(skill, pinned_samples(rulings, skill))


def unpinned_hits(index: SkillIndex, skill: str, *, seed: int, rulings: Sequence[Ruling]) -> Iterator[Hit]:
    """The hits after ``pinned_hits``: samples of pinned tasks, then the search. May repeat samples and images."""
    return (hit for hit, drawn in _unpinned(index, skill, seed=seed, rulings=rulings) if drawn)


def skill_draws(index: SkillIndex, skill: str, *, seed: int, rulings: Sequence[Ruling] = ()) -> Iterator[Hit]:
    """What a skill alone would draw in its turns: best first, no sample and no image twice."""
    return (hit for hit, drawn in hits_with_removed(index, skill, seed=seed, rulings=rulings) if drawn)


def hits_with_removed(
    index: SkillIndex, skill: str, *, seed: int, rulings: Sequence[Ruling] = ()
) -> Iterator[tuple[Hit, bool]]:
    """The ``skill_draws`` (True), with removed samples (False) at their place so that a reviewer can restore them."""
    chosen: set[int] = set()
    shown: set[int | None] = set()
    pinned = ((hit, True) for hit in pinned_hits(index, skill, rulings))
    for hits in (pinned, _unpinned(index, skill, seed=seed, rulings=rulings)):
        for hit, drawn in hits:
            image = index.image_of(hit.sample)
            if hit.sample in chosen or (drawn and image is not None and image in shown):
                continue
            chosen.add(hit.sample)
            if drawn:
                shown.add(image)
            yield hit, drawn


def _unpinned(index: SkillIndex, skill: str, *, seed: int, rulings: Sequence[Ruling]) -> Iterator[tuple[Hit, bool]]:
    removed = _removed_samples(rulings)
    task_rulings = [each for each in rulings if each.skill == skill and each.task is not None]
    out = {index.task_codes.get(each.task or "") for each in task_rulings if each.act == "remove"} - {None}
    for ruling in task_rulings:
        if ruling.act == "pin":
            for hit in index.hits_of_task(skill, ruling.task or "", seed=seed):
                yield hit, hit.sample not in removed
    for hit in index.search(skill, seed=seed):
        yield hit, hit.sample not in removed and not (out and index.task_of(hit.sample) in out)
