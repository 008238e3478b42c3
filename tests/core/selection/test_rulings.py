"""Pinned samples come first and removed ones never, at any budget."""

from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.index import SkillIndex
from core.selection.draw import due_counts, select_hits
from core.selection.rulings import skill_draws
from core.types import Ruling, SkillDemand

SKILLS = ("adding", "reading", "sorting")
SAMPLES = 6000
TASKS = [f"task {number % 7}" for number in range(SAMPLES)]


def an_index() -> SkillIndex:
    """6,000 samples of seven tasks, a third for each skill, every ninth with two; every image occurs twice."""
    labels = [SKILLS[i % 3] + (" sorting" if i % 9 == 0 else "") for i in range(SAMPLES)] + ["naming colours"] * 9000
    images = [f"image {i // 2}" if i % 5 == 0 else None for i in range(SAMPLES)] + [None] * 9000
    return SkillIndex.build(labels, range(SAMPLES + 9000), TASKS + ["colours"] * 9000, images)


INDEX = an_index()
SAMPLE = st.integers(0, SAMPLES - 1)
RULINGS = st.lists(
    st.builds(
        lambda skill, act, on: Ruling(skill=skill, act=act, **on),
        st.sampled_from(SKILLS),
        st.sampled_from(("pin", "remove")),
        st.one_of(
            SAMPLE.map(lambda sample: {"sample": sample}), st.sampled_from(TASKS[:7]).map(lambda task: {"task": task})
        ),
    ),
    max_size=12,
    unique_by=lambda each: (each.skill, each.sample, each.task),
)
DEMANDS = st.lists(
    st.builds(SkillDemand, skill=st.sampled_from(SKILLS), errors=st.integers(1, 9)), min_size=1, max_size=4
)


def chosen(demands: list[SkillDemand], rulings: list[Ruling], budget: int, seed: int = 0) -> list[int]:
    hits = select_hits(INDEX, demands, budget=budget, leaked=(), seed=seed, rulings=rulings)
    return [hit.sample for hit in hits]


@given(DEMANDS, RULINGS, st.integers(0, 3))
def test_a_selection_of_1000_is_contained_in_one_of_3000(
    demands: list[SkillDemand], rulings: list[Ruling], seed: int
) -> None:
    small, large = (chosen(demands, rulings, budget, seed) for budget in (1000, 3000))
    assert large[: len(small)] == small
    assert len(set(large)) == len(large)
    assert small == chosen(demands, rulings, 1000, seed), "the same twice"


@given(DEMANDS, RULINGS, st.integers(1, 2000))
def test_a_removed_sample_is_never_in(demands: list[SkillDemand], rulings: list[Ruling], budget: int) -> None:
    removed = {each.sample for each in rulings if each.act == "remove" and each.sample is not None}
    out = {(each.skill, each.task) for each in rulings if each.act == "remove" and each.task is not None}
    pinned = {(each.skill, each.sample) for each in rulings if each.act == "pin"}
    hits = select_hits(INDEX, demands, budget=budget, leaked=(), seed=0, rulings=rulings)
    assert not removed & {hit.sample for hit in hits}
    of_removed_tasks = {(hit.skill, hit.sample) for hit in hits if (hit.skill, TASKS[hit.sample]) in out}
    assert of_removed_tasks <= pinned, "a pinned sample stays though its task is removed"


@given(DEMANDS, RULINGS, st.integers(1, 2000))
def test_pinned_samples_are_in_as_long_as_the_budget_allows(
    demands: list[SkillDemand], rulings: list[Ruling], budget: int
) -> None:
    wanted = {each.skill for each in demands}
    removed = {each.sample for each in rulings if each.act == "remove"}
    pins = {each.sample for each in rulings if each.act == "pin" and each.skill in wanted and each.sample is not None}
    pins -= removed  # type: ignore[arg-type]
    found = chosen(demands, rulings, budget)
    assert set(found[: len(pins)]) <= pins or len({INDEX.image_of(pin) for pin in pins} - {None}) < len(pins)
    images = {INDEX.image_of(sample) for sample in found} - {None}
    for pin in pins if budget >= len(pins) else ():
        assert pin in found or INDEX.image_of(pin) in images, "only another pin with the same picture keeps it out"


@given(st.sampled_from(TASKS[:7]), st.integers(1, 300))
def test_the_samples_of_a_pinned_task_come_first_in_their_skills_turns(task: str, budget: int) -> None:
    demands = [SkillDemand(skill="reading", errors=2), SkillDemand(skill="adding", errors=1)]
    rulings = [Ruling(skill="reading", act="pin", task=task)]
    hits = select_hits(INDEX, demands, budget=budget, leaked=(), seed=0, rulings=rulings)
    reading = [hit for hit in hits if hit.skill == "reading"]
    assert {TASKS[hit.sample] for hit in reading} <= {task}
    assert [hit.score for hit in reading] == sorted((hit.score for hit in reading), reverse=True)
    assert len(reading) == due_counts(demands, budget)["reading"], "they take their skill's share and no more"


def test_a_skill_with_pins_waits_until_the_others_have_had_as_many() -> None:
    demands = [SkillDemand(skill=skill, errors=1) for skill in SKILLS]
    pins = [Ruling(skill="reading", act="pin", sample=sample) for sample in (1, 4)]
    hits = select_hits(INDEX, demands, budget=7, leaked=(), seed=0, rulings=pins)
    assert [hit.skill for hit in hits] == ["reading", "reading", "adding", "sorting", "adding", "sorting", "adding"]
    assert due_counts(demands, 7, {"reading": 2}) == {"reading": 2, "adding": 3, "sorting": 2}


def test_the_queue_of_a_skill_is_what_it_would_draw_alone() -> None:
    rulings = [
        Ruling(skill="reading", act="remove", sample=next(INDEX.search("reading", seed=0)).sample),
        Ruling(skill="reading", act="remove", task="task 3"),
        Ruling(skill="reading", act="pin", sample=3),
        Ruling(skill="reading", act="pin", task="task 5"),
        Ruling(skill="adding", act="pin", sample=7),
    ]
    alone = [hit for hit, _ in zip(skill_draws(INDEX, "reading", seed=0, rulings=rulings), range(2500), strict=False)]
    reading = [SkillDemand(skill="reading", errors=1)]
    assert alone == select_hits(INDEX, reading, budget=2500, leaked=(), seed=0, rulings=rulings)[: len(alone)]
    assert (alone[0].sample, alone[0].score, alone[0].terms) == (3, 0.0, ())
    assert list(skill_draws(INDEX, "reading", seed=0)) == list(INDEX.search("reading", seed=0))


def test_a_removal_counts_for_every_skill_and_a_pin_of_another_support_set_for_none() -> None:
    demands = [SkillDemand(skill="sorting", errors=1)]
    first = chosen(demands, [], 10)
    assert first[0] not in chosen(demands, [Ruling(skill="reworded since", act="remove", sample=first[0])], 6000)
    assert chosen(demands, [Ruling(skill="sorting", act="pin", sample=10**9)], 10) == first
