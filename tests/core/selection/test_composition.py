"""The composition of a selection: what each skill was due, which are weak, and which compete."""

import pytest

from core.retrieval.index import SkillIndex
from core.retrieval.terms import lacking_terms, pieces
from core.selection.composition import describe_selection, is_short, is_weak
from core.selection.draw import select_hits
from core.types import Composition, Ruling, SkillDemand

LABELS = ["reading a bar chart"] * 8 + ["reading digits"] * 30 + ["adding numbers"] * 5 + ["naming birds"] * 100
TASKS = ["charts"] * 8 + ["digits"] * 30 + ["sums"] * 5 + ["birds"] * 100
INDEX = SkillIndex.build(LABELS, range(143), TASKS, [None] * 143)


def account(*skills: tuple[str, int], budget: int, rulings: tuple[Ruling, ...] = ()) -> Composition:
    demands = [SkillDemand(skill=skill, errors=errors) for skill, errors in skills]
    hits = select_hits(INDEX, demands, budget=budget, leaked=(), seed=0, rulings=rulings)
    asked = {"budget": budget, "leaked": (), "seed": 0, "rulings": rulings, "tasks": dict(enumerate(TASKS))}
    return describe_selection(INDEX, demands, hits, **asked)  # type: ignore[arg-type]


def test_skills_and_tasks_are_counted() -> None:
    made = account(("adding numbers", 3), ("reading digits", 1), budget=8)
    assert [(each.skill, each.errors, each.due, each.got) for each in made.skills] == [
        ("adding numbers", 3, 6, 5),
        ("reading digits", 1, 2, 3),
    ]
    assert made.tasks == (("sums", 5), ("digits", 3))
    assert [is_short(each) for each in made.skills] == [True, False]
    assert not any(map(is_weak, made.skills))
    assert made.skills[0].strength == pytest.approx(1)


def test_a_skill_whose_best_hit_shares_little_with_it_is_weak() -> None:
    (share,) = account(("reading thermometer scales", 1), budget=3).skills
    assert is_weak(share)
    assert (share.got, share.lacking) == (3, ("thermometer", "scales"))
    assert share.best > 0
    (nothing,) = (each for each in account(("juggling", 1), ("adding", 1), budget=2).skills if each.skill == "juggling")
    assert (nothing.matching, nothing.got, is_weak(nothing), is_short(nothing)) == (0, 0, False, True)


def test_skills_that_want_the_same_samples_overlap() -> None:
    made = account(("reading digits", 1), ("digits", 1), ("adding numbers", 1), budget=30)
    assert [(each.one, each.other, each.samples) for each in made.overlaps] == [("digits", "reading digits", 10)]


def test_pinned_samples_are_counted_as_such_and_as_turns() -> None:
    rulings = tuple(Ruling(skill="reading digits", act="pin", sample=sample) for sample in (50, 51, 52))
    made = account(("reading digits", 1), ("adding numbers", 1), budget=4, rulings=rulings)
    assert {each.skill: (each.due, each.got, each.pinned) for each in made.skills} == {
        "reading digits": (3, 3, 3),
        "adding numbers": (1, 1, 0),
    }


def test_what_matched_is_shown_word_by_word() -> None:
    label = "Hand-written  DIGITS (recognition)"
    shown = list(pieces(label, ("digits", "hand")))
    assert "".join(piece for piece, _ in shown) == label
    assert [piece for piece, matched in shown if matched] == ["Hand", "DIGITS"]
    assert lacking_terms("reading digits, digits", ("digits",)) == ("reading",)
