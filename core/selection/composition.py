"""Describe a selection: each skill's share, the source tasks, and where skills overlap. Chooses nothing."""

from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice

from core.retrieval.index import SkillIndex
from core.retrieval.terms import lacking_terms
from core.selection.draw import due_counts
from core.selection.rulings import pinned_samples, skill_draws
from core.types import Composition, Hit, Overlap, Ruling, SkillDemand, SkillShare

WEAK_MATCH = 0.5
MAX_OVERLAPS = 100


def describe_selection(
    index: SkillIndex,
    demands: Sequence[SkillDemand],
    hits: Sequence[Hit],
    *,
    budget: int,
    leaked: Container[int],
    seed: int,
    rulings: Sequence[Ruling] = (),
    tasks: Mapping[int, str],
    precisions: Mapping[str, float] | None = None,
) -> Composition:
    """The composition of ``hits``, which ``select_hits`` chose with the same arguments; ``tasks`` are by sample id."""
    shares = skill_shares(index, demands, hits, budget=budget, seed=seed, rulings=rulings, precisions=precisions)
    wanted = {each.skill: each.due for each in shares}
    overlaps = _overlaps(index, wanted, leaked=leaked, seed=seed, rulings=rulings)
    return Composition(skills=shares, tasks=count_by_task(hits, tasks), overlaps=overlaps)


def count_by_task(hits: Sequence[Hit], tasks: Mapping[int, str]) -> tuple[tuple[str, int], ...]:
    """(source task, number of samples), most first."""
    counted = Counter(tasks.get(hit.sample, "") for hit in hits)
    return tuple(sorted(counted.items(), key=lambda each: (-each[1], each[0])))


def skill_shares(
    index: SkillIndex,
    demands: Sequence[SkillDemand],
    hits: Sequence[Hit],
    *,
    budget: int,
    seed: int,
    rulings: Sequence[Ruling] = (),
    precisions: Mapping[str, float] | None = None,
) -> tuple[SkillShare, ...]:
    """Each demanded skill with what it was due and what it got, by number of errors, most first."""
    errors: Counter[str] = Counter()
    for demand in demands:
        errors[demand.skill] += demand.errors
    got = Counter(hit.skill for hit in hits)
    pins = {skill: frozenset(pinned_samples(rulings, skill)) for skill in errors}
    pinned = Counter(hit.skill for hit in hits if hit.sample in pins.get(hit.skill, ()))
    turns = due_counts(demands, budget, pinned)
    return tuple(
        _with_matches(
            SkillShare(
                skill=skill,
                errors=count,
                due=turns[skill],
                got=got[skill],
                pinned=pinned[skill],
                precision=(precisions or {}).get(skill),
            ),
            index,
            seed,
        )
        for skill, count in sorted(errors.items(), key=lambda each: (-each[1], each[0]))
    )


def expected_shares(
    index: SkillIndex,
    demands: Sequence[SkillDemand],
    skills: Collection[str],
    *,
    budget: int,
    seed: int,
    rulings: Sequence[Ruling] = (),
) -> tuple[SkillShare, ...]:
    """What ``skills`` among the demanded ones would be due and find, before drawing; ``got`` is an upper bound."""
    pinned = {each.skill: len(pinned_samples(rulings, each.skill)) for each in demands}
    turns = due_counts(demands, budget, pinned)
    errors = Counter({each.skill: 0 for each in demands})
    for each in demands:
        errors[each.skill] += each.errors
    found = (
        SkillShare(skill=skill, errors=errors[skill], due=turns[skill], got=0, pinned=pinned[skill]) for skill in skills
    )
    offers = (_with_matches(each, index, seed) for each in found)
    return tuple(replace(each, got=min(each.due, max(each.matching, each.pinned))) for each in offers)


def is_short(share: SkillShare) -> bool:
    """Whether a skill ran out of samples before its turns were over, so that others got the rest."""
    return share.got < share.due


def is_weak(share: SkillShare) -> bool:
    """Whether even the best hit covers less than half of the skill's words, weighted by rarity."""
    return share.matching > 0 and share.strength < WEAK_MATCH


def _with_matches(share: SkillShare, index: SkillIndex, seed: int) -> SkillShare:
    """The share with how much of the support set matches its skill, and how well."""
    skill = share.skill
    best = next(index.search(skill, seed=seed), None)
    if best is None:
        return share
    return replace(
        share,
        matching=index.count_matching(skill),
        best=best.score,
        strength=index.strength(skill, best.terms),
        lacking=lacking_terms(skill, best.terms),
    )


def _overlaps(
    index: SkillIndex, wanted: Mapping[str, int], *, leaked: Container[int], seed: int, rulings: Sequence[Ruling]
) -> tuple[Overlap, ...]:
    """Pairs of skills that compete for the same samples: those that each would draw alone in its turns."""
    skills_of: dict[int, list[str]] = {}
    for skill, turns in wanted.items():
        alone = (hit for hit in skill_draws(index, skill, seed=seed, rulings=rulings) if hit.sample not in leaked)
        for hit in islice(alone, turns):
            skills_of.setdefault(hit.sample, []).append(skill)
    pairs = Counter(pair for skills in skills_of.values() for pair in combinations(sorted(skills), 2))
    largest = sorted(pairs.items(), key=lambda each: (-each[1], each[0]))[:MAX_OVERLAPS]
    return tuple(Overlap(one=one, other=other, samples=count) for (one, other), count in largest)
