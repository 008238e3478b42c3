"""Samples that share a task and its instruction are labelled once, and labelling some changes no other group."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.label_groups import group_samples, instruction

FLAN = Path(__file__).resolve().parents[3] / "shared" / "data" / "vision-flan-sample" / "annotation.json"
Rows = list[tuple[int, str, str, bool]]
ROWS = st.lists(
    st.tuples(st.sampled_from(["", "vqa", "flags"]), st.sampled_from([f"Line {word}." for word in "abcdefgh"])),
    max_size=60,
).map(lambda found: [(number, task, f"{line}\nMore {number}?", False) for number, (task, line) in enumerate(found)])


def members(rows: Rows, seed: int = 0) -> set[frozenset[int]]:
    return {frozenset(group.members) for group in group_samples(rows, seed=seed)}


def test_a_task_with_instructions_has_a_group_for_each() -> None:
    rows: Rows = [(number, "vqa", f"Look at the photo.\nWhat is {number}?", False) for number in range(5)]
    rows += [(number, "vqa", f"Answer in {number} words.\nWhy?", False) for number in range(5, 9)]
    rows += [(number, "flags", f"Look at the photo.\nWhose flag is {number}?", False) for number in range(9, 12)]
    assert members(rows) == {frozenset(range(5)), frozenset(range(5, 9)), frozenset(range(9, 12))}


def test_questions_of_their_own_are_one_group_of_their_task_and_alone_without_one() -> None:
    rows: Rows = [(number, "vqa", f"What is {word}?", False) for number, word in enumerate(("red", "green", "blue"))]
    rows += [(number, "", f"Why is it {word}?", False) for number, word in enumerate(("up", "down"), 3)]
    assert members(rows) == {frozenset({0, 1, 2}), frozenset({3}), frozenset({4})}


def test_a_line_that_few_of_many_samples_share_is_no_instruction() -> None:
    rows: Rows = [
        (number, "vqa", "Look.\nWhat?" if number < 900 else f"W{'x' * number}?", False) for number in range(1000)
    ]
    rows = [*rows[:998], (998, "vqa", "What is this?", False), (999, "vqa", "What is this?", False)]
    assert members(rows) == {frozenset(range(900)), frozenset(range(900, 1000))}


@given(ROWS, st.integers(0, 3))
def test_every_sample_is_in_one_group_and_the_asked_one_is_in_its_own(rows: Rows, seed: int) -> None:
    groups = group_samples(rows, seed=seed)
    assert sorted(sample for group in groups for sample in group.members) == [row[0] for row in rows]
    assert all(group.representative in group.members for group in groups)
    tasks = {row[0]: row[1] for row in rows}
    assert all(len({tasks[sample] for sample in group.members}) == 1 for group in groups)


@given(ROWS, st.data())
def test_what_is_left_after_some_groups_are_labelled_are_the_other_groups(rows: Rows, data: st.DataObject) -> None:
    groups = group_samples(rows, seed=1)
    done = data.draw(st.sets(st.integers(0, max(0, len(groups) - 1))))
    labelled = {sample for place in done if groups for sample in groups[place].members}
    again = group_samples([(*row[:3], row[0] in labelled) for row in rows], seed=1)
    left = [group for place, group in enumerate(groups) if place not in done]
    assert {(group.representative, *group.members) for group in again} == {
        (group.representative, *group.members) for group in left
    }


def test_the_seed_chooses_who_is_asked() -> None:
    rows: Rows = [(number, "vqa", "Look.\nWhat?", False) for number in range(20)]
    assert len({group_samples(rows, seed=seed)[0].representative for seed in range(30)}) > 5


@pytest.mark.skipif(not FLAN.exists(), reason="shared/data is not here")
def test_the_instructions_of_vision_flan_are_found() -> None:
    questions = [
        row["conversations"][0]["value"].replace("<image>", "").strip() for row in json.loads(FLAN.read_text())
    ]
    found = {instruction(question) for question in questions}
    assert "given a picture about sports, answer the following question." in found
    assert "" not in found
