"""Pinning and removing hits of a skill, the effect on the next selection, and undoing it."""

import pytest

from app.selections.draw import make_selection
from app.selections.rulings import add_ruling, standing_rulings, undo_ruling
from core.errors import UserError
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.app.selections.test_draw import drawn

SKILL = "addition of numbers"


def chosen(db: Database, project: str, budget: int = 5) -> list[int]:
    made = make_selection(db, project, budget=budget, allow_fewer=True)
    assert made.rulings == tuple(standing_rulings(db, project))
    return [hit.sample for hit in made.hits]


def test_pins_come_first_and_removals_never(db: Database, ready: str) -> None:
    before = chosen(db, ready)
    removed = add_ruling(db, ready, SKILL, "remove", sample=before[0], reviewer="ann")
    pinned = add_ruling(db, ready, SKILL, "pin", sample=before[4], reviewer="ben")
    assert add_ruling(db, ready, SKILL, "pin", sample=before[4], reviewer="ann") == pinned, "said twice is said once"
    after = chosen(db, ready)
    assert after[:4] == [before[4], *before[1:4]]
    assert before[0] not in after
    assert [each.reviewer for each in standing_rulings(db, ready)] == ["ann", "ben"]
    undo_ruling(db, ready, removed.id, reviewer="ann")
    add_ruling(db, ready, SKILL, "clear", sample=before[4], reviewer="ann")
    assert chosen(db, ready) == before


def test_an_undo_gives_back_what_was_said_before(db: Database, ready: str) -> None:
    sample = chosen(db, ready)[0]
    first = add_ruling(db, ready, SKILL, "pin", sample=sample, reviewer="ann")
    second = add_ruling(db, ready, SKILL, "remove", sample=sample, reviewer="ann")
    with pytest.raises(UserError, match="does not stand any more"):
        undo_ruling(db, ready, first.id, reviewer="ann")
    again = undo_ruling(db, ready, second.id, reviewer="ben")
    assert (again.act, again.reviewer) == ("pin", "ben")
    assert undo_ruling(db, ready, again.id, reviewer="ben").act == "remove", "an undo is undone"


def test_a_whole_task_is_pinned_and_removed(db: Database, ready: str) -> None:
    task = drawn_tasks(db, ready)[0]
    add_ruling(db, ready, SKILL, "remove", task=task, reviewer="ann")
    assert task not in drawn_tasks(db, ready)
    add_ruling(db, ready, SKILL, "pin", task=task, reviewer="ann")
    assert set(drawn_tasks(db, ready)) == {task}


def drawn_tasks(db: Database, project: str) -> list[str]:
    """The source tasks of the samples drawn for the skill."""
    made = make_selection(db, project, budget=6, allow_fewer=True)
    return [each.task for each, hit in zip(drawn(db, made), made.hits, strict=True) if hit.skill == SKILL]


@pytest.mark.parametrize(
    ("skill", "act", "on", "way_on"),
    [
        ("juggling", "pin", {"sample": 25}, "is accepted: name one of those"),
        (SKILL, "praise", {"sample": 25}, "choose one of pin, remove, clear"),
        (SKILL, "pin", {"sample": 9999}, "no support sample 9999"),
        (SKILL, "pin", {"sample": 1}, "no support sample 1 with a skill label"),
        (SKILL, "remove", {"task": "nowhere"}, "comes from a task|of a task 'nowhere'"),
        (SKILL, "clear", {"sample": 25}, "nothing to take back"),
        (SKILL, "pin", {}, "name one of the two"),
    ],
)
def test_what_cannot_be_ruled_is_refused_in_a_sentence(
    db: Database, ready: str, *, skill: str, act: str, on: dict[str, int], way_on: str
) -> None:
    with pytest.raises(UserError, match=way_on):
        add_ruling(db, ready, skill, act, reviewer="ann", **on)  # type: ignore[arg-type]
    assert standing_rulings(db, ready) == []


def test_the_command_line_pins_removes_clears_and_lists(db: Database, ready: str, command_line: CommandLine) -> None:
    one, two, *_ = chosen(db, ready)
    both = ("--skill", SKILL, "--sample", one, "--sample", two)
    said = command_line.json("rule", ready, "remove", *both, "--reviewer", "ann")
    assert [(each["act"], each["sample"]) for each in said["rulings"]] == [("remove", one), ("remove", two)]
    command_line.json("rule", ready, "clear", "--skill", SKILL, "--sample", two)
    listed = command_line.json("rule", ready)
    assert SKILL in listed["skills"]
    assert [each["sample"] for each in listed["rulings"]] == [one]
    assert "for which skill" in command_line.refused("rule", ready, "pin")
