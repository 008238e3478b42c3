"""The demo's data are what its README says: counts, splits, families, labels, gold steps, files that fit together."""

import gzip
import hashlib
import io
import json
import re
import zipfile
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from assets.demo import FOLDER, TRUTH
from assets.demo.draw import SCENES, write_support
from assets.demo.gold import Truth, gold_mistake, load_phrases, load_truth
from assets.demo.items import corrupt_rationale, draw_item, guess_withheld_facts, is_known, rationale
from assets.demo.scene import SPLITS, digits_of, handwriting, random_cell, render
from assets.demo.world import FAMILIES, OPERATIONS, SKILLS, TARGETS, WEAK, WEAK_FAMILIES, operations_in
from core.parsing.steps import split_steps
from core.retrieval.terms import tokenise

LIMIT = 25 * 2**20


def labelled(name: str) -> tuple[list[dict], zipfile.ZipFile]:
    archive = zipfile.ZipFile(FOLDER / f"{name}.zip")
    return json.loads(archive.read(f"{name}.json")), archive


@pytest.fixture(scope="module")
def support() -> list[dict]:
    with gzip.open(SCENES, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_no_handwritten_digit_is_in_two_splits() -> None:
    pictures = handwriting()[0]
    hashes = {
        split: {hashlib.sha256(pictures[i].tobytes()).digest() for value in digits_of(split) for i in value}
        for split in SPLITS
    }
    for one, other in combinations(SPLITS, 2):
        assert not hashes[one] & hashes[other], f"{one} and {other} share handwriting"
    assert sum(len(each) for each in hashes.values()) <= len(pictures)


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_draws_only_from_its_own_handwriting(split: str) -> None:
    rng = Random(1)
    drawn = {random_cell(rng, split, "digit").variant % 10_000 for _ in range(300)}
    assert drawn <= {index for value in digits_of(split) for index in value}


@pytest.mark.parametrize(("name", "size"), [("validation", 1000), ("test", 2000)])
def test_labelled_sets_are_whole(name: str, size: int) -> None:
    rows, archive = labelled(name)
    truth = load_truth(TRUTH / f"{name}.jsonl")
    assert len(rows) == size == len(truth) == len({row["id"] for row in rows})
    for row in rows:
        human, reply = (turn["value"] for turn in row["conversations"])
        options = re.findall(r"\([a-d]\) (\S+)", human.split("\nOptions: ")[1])
        assert human.startswith("<image>\nWhat is ")
        assert options.count(reply) == 1
        assert 2 <= len(set(options)) == len(options) <= 4
        assert row["task_name"] in TARGETS
        assert f" {reply}." in truth[row["id"]].steps[-1]
        assert row["image"] in archive.namelist()
    picture = Image.open(io.BytesIO(archive.read(rows[0]["image"])))
    assert picture.size == (64, 64)


def test_targets_and_weak_families_are_as_the_readme_says(support: list[dict]) -> None:
    assert len(support) == 20_000
    assert len(FAMILIES) >= 40
    assert {row["task_name"] for row in support} == set(FAMILIES)
    assert not set(TARGETS) & set(FAMILIES)
    weak = sum(row["task_name"] in WEAK_FAMILIES for row in support) / len(support)
    assert 0.13 < weak < 0.17
    for family in TARGETS.values():
        assert set(operations_in(family)) & set(WEAK)


def test_support_facts_cover_what_the_targets_need() -> None:
    needed, offered = set(), set()
    rng = Random(2)
    for names, facts in ((TARGETS, needed), (WEAK_FAMILIES, offered)):
        for name in names:
            for _ in range(400):
                steps = draw_item(name, rng, "support").steps
                facts |= {(s.skill, tuple(sorted(map(int, s.arguments)))) for s in steps if s.skill in WEAK}
    assert len(needed & offered) / len(needed) > 0.97


def test_pretraining_only_guesses_at_a_withheld_fact() -> None:
    rng, guesses = Random(3), defaultdict(list)
    for family in (*WEAK_FAMILIES, *TARGETS):
        for _ in range(200):
            item = draw_item(family, rng, "pretrain")
            steps = guess_withheld_facts(item, rng)
            assert [step.skill for step in steps] == [step.skill for step in item.steps]
            for step in steps:
                if step.skill in OPERATIONS and is_known(step):
                    assert step.value == OPERATIONS[step.skill].apply(*step.arguments)
                elif step.skill in OPERATIONS:
                    guesses[step.skill, step.arguments].append(step.value)
    right = [value == OPERATIONS[skill].apply(*given) for (skill, given), values in guesses.items() for value in values]
    expected = [1 / len(OPERATIONS[skill].values) for (skill, _), values in guesses.items() for _ in values]
    assert len(right) > 1500
    assert abs(sum(right) - sum(expected)) < 4 * sum(expected) ** 0.5  # no more often than by chance


def test_phrases_of_two_skills_share_no_word() -> None:
    words = {skill: {word for phrase in phrases for word in tokenise(phrase)} for skill, phrases in SKILLS.items()}
    for one, other in combinations(SKILLS, 2):
        assert not words[one] & words[other], f"{one} and {other} share {words[one] & words[other]}"
    assert set(load_phrases(TRUTH / "skills.json").values()) == set(SKILLS)


def test_labels_name_the_skills_of_the_rationale(support: list[dict]) -> None:
    known = load_phrases(TRUTH / "skills.json")
    for row in support[:500]:
        skills = [known[phrase] for phrase in row["skill_label"].split("; ")]
        assert len(skills) == len(set(skills))
        if row["task_name"] in FAMILIES and not isinstance(FAMILIES[row["task_name"]], str):
            assert set(operations_in(FAMILIES[row["task_name"]])) <= set(skills)


@pytest.mark.parametrize("family", [*FAMILIES, *TARGETS])
def test_a_rationale_splits_into_its_steps(family: str) -> None:
    item = draw_item(family, Random(4), "support")
    assert split_steps(rationale(item.steps)) == tuple(step.text for step in item.steps)


@pytest.mark.parametrize("family", TARGETS)
def test_gold_is_the_false_step(family: str) -> None:
    rng = Random(5)
    for _ in range(30):
        item = draw_item(family, rng, "test")
        truth = Truth(steps=tuple(s.text for s in item.steps), skills=tuple(s.skill for s in item.steps))
        false = corrupt_rationale(item, rng)
        assert false
        steps, wrong = false
        assert gold_mistake(truth, [step.text for step in steps]) == (wrong + 1, item.steps[wrong].skill)
        assert gold_mistake(truth, truth.steps) is None
        assert gold_mistake(truth, truth.steps[:2]) == (3, truth.skills[2])


def test_a_scene_is_drawn_the_same_each_time() -> None:
    item = draw_item(next(iter(TARGETS)), Random(6), "test")
    assert np.array_equal(render(item.cells, item.seed), render(item.cells, item.seed))
    assert not np.array_equal(render(item.cells, item.seed), render(item.cells, item.seed + 1))


@pytest.mark.slow
def test_support_is_written_as_llava_has_it(tmp_path: Path) -> None:
    lines = write_support(tmp_path, limit=200).read_text().splitlines()
    pictures = set()
    for line in lines:
        row = json.loads(line)
        assert "scene" not in row
        assert "\nOptions" not in row["conversations"][0]["value"]
        pictures.add((tmp_path / row["image"]).read_bytes())
    assert len(pictures) == 200


def test_the_demo_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < LIMIT
