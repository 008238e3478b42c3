from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import core.prompts
from core.errors import UserError
from core.prompts import student_prompt
from core.prompts.texts import check_prompt, prompts_hash, prompts_in_use
from core.types import Sample, Settings

FILES = sorted(Path(core.prompts.__file__).parent.glob("*.txt"))
NAMES = [prompt.name for prompt in prompts_in_use(Settings())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_has_a_version_and_a_text_that_could_be_saved(path: Path) -> None:
    first, _, text = path.read_text().partition("\n")
    assert first.removeprefix("version: ").isdecimal()
    name = "student" if path.stem.startswith("student.") else path.stem
    assert check_prompt(name, text) == text.strip()


def test_the_texts_in_use_have_names_versions_and_hashes() -> None:
    shown = {
        prompt.name: prompt for prompt in prompts_in_use(Settings(prompts={"skill": "{question} {step}"}), "llava")
    }
    assert shown["skill"].version == "own"
    assert shown["skill"].text == "{question} {step}"
    assert shown["student"].version == "1"
    assert shown["student"].text in (FILES[0].parent / "student.llava.txt").read_text()
    assert len({prompt.hash for prompt in shown.values()}) == len(shown)


def test_every_file_is_in_use_for_some_student() -> None:
    families = [path.stem.removeprefix("student.") for path in FILES if path.stem.startswith("student.")]
    assert set(families) == {"default", "llava", "llava_onevision", "qwen2_vl", "qwen2_5_vl"}
    used = {prompt.text for family in families for prompt in prompts_in_use(Settings(), family)}
    assert {path.read_text().partition("\n")[2].strip() for path in FILES} == used


@pytest.mark.parametrize(
    ("name", "text", "refusal"),
    [
        ("student", "Look at {options}.", "'student' has no {question}"),
        ("student", "{question} {answer}", "unknown {answer}: it may have {question}, {hint}, {options}"),
        ("student", "{question} {}", "unknown {}"),
        ("student", "{question} {question.__class__}", "unknown {question.__class__}"),
        ("student", "{question!r}", "has no {question}"),
        ("student", "{question} {options:>9}", "unknown {options:}"),
        ("student", "{question} {", "a brace without its partner"),
        ("student", "  \n ", "is empty: write a text"),
        ("teacher.header", "{question}", "has no {prior}"),
        ("teacher.cue", "So {x}", "it may have no placeholder"),
        ("skill", "{question}", "has no {step}"),
        ("studnet", "{question}", "There is no prompt 'studnet': choose one of student, teacher.header"),
    ],
)
def test_a_text_that_cannot_serve_is_refused_in_one_sentence(name: str, text: str, refusal: str) -> None:
    with pytest.raises(UserError) as refused:
        check_prompt(name, text)
    assert refusal in str(refused.value)
    assert "\n" not in str(refused.value)


def test_braces_written_twice_are_text_and_examples_may_hold_any() -> None:
    text = check_prompt("student", ' Reply as {{"answer": …}}: {question}\n')
    sample = Sample(source_id="a", question="Why {so}?", answer="x")
    assert student_prompt(sample, Settings(prompts={"student": text})) == 'Reply as {"answer": …}: Why {so}?'
    assert check_prompt("skill.examples", "A {brace} here") == "A {brace} here"


@given(
    st.lists(st.sampled_from(["{", "}", "{question}", "{options}", "{hint}", " ", "\n", ":", "!r", "x"])).map("".join)
)
def test_a_text_is_refused_or_asks_any_question_letter_by_letter(text: str) -> None:
    try:
        kept = check_prompt("student", text)
    except UserError:
        return
    sample = Sample(source_id="a", question="Is {hint} } 5!r?", answer="x")
    assert sample.question in student_prompt(sample, Settings(prompts={"student": kept}))


@pytest.mark.parametrize(
    "changed",
    [
        {"prior": 0.7},
        {"skill_shots": 3},
        {"candidates_as": "text"},
        *({"prompts": {name: "{question} {step} {prior} {truth} {percent}"}} for name in NAMES
          if name.startswith(("teacher", "skill"))),
    ],
)  # fmt: skip
def test_whatever_the_teacher_sees_in_a_diagnosis_changes_the_hash(changed: dict[str, object]) -> None:
    assert prompts_hash(replace(Settings(), **changed)) != prompts_hash(Settings())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed", [{"delta": 0.2}, {"batch_size": 3}, {"prompts": {"student": "{question}"}}, {"prompts": {"label": "x"}}]
)
def test_whatever_it_does_not_see_leaves_the_hash(changed: dict[str, object]) -> None:
    assert prompts_hash(replace(Settings(), **changed)) == prompts_hash(Settings())  # type: ignore[arg-type]


def test_examples_that_are_not_shown_do_not_count() -> None:
    bare = Settings(skill_shots=0)
    assert prompts_hash(replace(bare, prompts={"skill.examples": "Other"})) == prompts_hash(bare)
